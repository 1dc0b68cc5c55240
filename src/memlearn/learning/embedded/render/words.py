"""Words for numbers, dates and names, as Polars expressions."""

from __future__ import annotations

import polars as pl

# Dimensions whose keys are names and keep their capitals.
_NAMES = ("item", "merchant", "partner", "brand")
# Shares of all users are kept with six digits.
_LEAST_SHARE = 1e-6


def display(dim: pl.Expr, label: pl.Expr, name: pl.Expr) -> pl.Expr:
    """How a key is written: an item's name, a category in small letters where the catalogue shouts, `manufacturer 1230` where it has no letters.

    Args:
        dim: the key's dimension.
        label: the key.
        name: the item's name, null where it has none.
    """
    text = pl.coalesce(name, label)
    shouted = (text == text.str.to_uppercase()) & (text.str.len_chars() > 3) & ~dim.is_in(_NAMES)
    shown = clean(pl.when(shouted).then(text.str.to_lowercase()).otherwise(text))
    return pl.when(shown.str.contains(r"\p{L}")).then(shown).otherwise(with_dim(dim, shown))


def with_dim(dim: pl.Expr, shown: pl.Expr) -> pl.Expr:
    """A key behind its dimension: `store Main Street`; as it stands where it begins with that itself."""
    level = dim.str.replace_all("_", " ") + " "
    return pl.when(shown.str.to_lowercase().str.starts_with(level.str.to_lowercase())).then(shown).otherwise(level + shown)


def clean(text: pl.Expr) -> pl.Expr:
    """Source text as one harmless line: control and invisible characters, brackets of markup and line ends removed; cut at 60."""
    plain = (
        text.str.normalize("NFKC").str.replace_all(r"[\p{C}\p{Zl}\p{Zp}<>\[\]{}`|\\]", " ").str.replace_all(r"\s+", " ").str.strip_chars()
    )
    return pl.when(plain.str.len_chars() > 60).then(plain.str.slice(0, 57) + "...").otherwise(plain)


def is_nested(value: pl.Expr) -> pl.Expr:
    """True where a value is an object or a list as JSON or Python writes it, which nobody reads as a sentence."""
    text = value.str.strip_chars()
    return text.str.contains(r"""(?s)^\{\s*(?:["'].*:.*)?\}$|^\[\s*(?:(?:["'{\[\d-]|[Tt]rue|[Ff]alse|null|None).*)?\]$""")


def day_words(day: pl.Expr, *, year: bool = True) -> pl.Expr:
    """A day number as `2 June 2026`."""
    return day.cast(pl.Int32).cast(pl.Date).dt.strftime("%-d %B %Y" if year else "%-d %B")


def month_words(day: pl.Expr) -> pl.Expr:
    """The month of a day number as `June 2026`."""
    return day.cast(pl.Int32).cast(pl.Date).dt.strftime("%B %Y")


def month_date(month: pl.Expr) -> pl.Expr:
    """The first day of a calendar month (year * 12 + month - 1)."""
    return pl.date((month // 12).cast(pl.Int32), (month % 12 + 1).cast(pl.Int32), 1)


def iso_day(day: pl.Expr) -> pl.Expr:
    """A day number as `2026-06-02`."""
    return day.cast(pl.Int32).cast(pl.Date).dt.to_string("iso")


def iso_month(month: pl.Expr) -> pl.Expr:
    """A calendar month as `2026-06`."""
    return month_date(month).dt.strftime("%Y-%m")


def percent(share: pl.Expr) -> pl.Expr:
    """A share in per cent, as precise as tells it from others of its size: `26 %`, `1.4 %`, `0.3 %`, `0.04 %`, `99.7 %`.

    What is neither nothing nor everything never reads as `0 %` or `100 %`, but as `under 0.01 %` or `over 99.9 %`.

    Args:
        share: from 0 to 1.
    """
    value = share * 100
    digits = (
        pl.when((value >= 10) & (value < 99))
        .then(value.round(0).cast(pl.String))
        .when(value >= 0.1)
        .then(value.round(1).cast(pl.String))
        .otherwise(value.round(2).cast(pl.String))
    ).str.strip_suffix(".0")
    return (
        pl.when((share > 0) & (value < 0.005))
        .then(pl.lit("under 0.01 %"))
        .when((share < 1) & (value >= 99.95))
        .then(pl.lit("over 99.9 %"))
        .otherwise(digits + " %")
    )


def percent_of_all(share: pl.Expr) -> pl.Expr:
    """A share among all users as `percent`; one so small that its six digits are zeros is still more than nothing."""
    return percent(share.clip(_LEAST_SHARE))


def number(value: pl.Expr) -> pl.Expr:
    """An integer in digits."""
    return value.cast(pl.Int64).cast(pl.String)


def times(count: pl.Expr, noun: str) -> pl.Expr:
    """`1 purchase`, `7 purchases`."""
    return number(count) + pl.when(count == 1).then(pl.lit(f" {noun}")).otherwise(pl.lit(f" {noun}s"))


def money(amount: pl.Expr, currency: pl.Expr, decimals: pl.Expr) -> pl.Expr:
    """Minor units as `12.50 EUR`; whole numbers from 100 major units on.

    Args:
        amount: minor units, not negative.
        currency: code.
        decimals: how many decimal places the currency has.
    """
    unit = pl.lit(10, pl.Int64).pow(decimals.cast(pl.Int64))
    whole = (amount + unit // 2) // unit
    rest = (amount % unit).cast(pl.String).str.pad_start(2, "0")
    exact = (amount // unit).cast(pl.String) + "." + rest
    return pl.when((amount >= 100 * unit) | (decimals != 2)).then(whole.cast(pl.String)).otherwise(exact) + " " + currency
