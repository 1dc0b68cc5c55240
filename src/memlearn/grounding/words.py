"""Does a text agree with its fact: its names, its figures in their order, and the words that give it its direction.

A text is folded to small letters. Its figures are numbers, shares in per cent, days, months, and `none`; they must be those of the fact,
in the order in which its kind is worded. Names may hold figures too, so they stand in that order at their place.
"""

from __future__ import annotations

import polars as pl

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
_MONTH = f"(?:{'|'.join(MONTHS)})"
FIGURE = rf"\b\d{{1,2}} {_MONTH} \d{{4}}\b|\b\d{{1,2}} {_MONTH}\b|\b{_MONTH} \d{{4}}\b|\b{_MONTH}\b|under 0\.01 %|over 99\.9 %|\d+(?:\.\d+)? %|\d+(?:\.\d+)?|\bnone\b|\bfew others\b"
NEGATION = r"\b(?:not|never|no longer|no more|hardly|rarely|seldom|without ever|doesn't|don't|isn't|wasn't)\b"
_LONGEST_NAME = 60
# Bounds in per cent: which decimals are shown, and what is said in words.
_TWO_DECIMALS, _ONE_DECIMAL, _NEARLY_ALL = 0.1, 10, 99
_LEAST_SHOWN, _MOST_SHOWN = 0.005, 99.95
_LEAST_KEPT = 1e-6
_CENTS = 2


def clean(text: pl.Expr) -> pl.Expr:
    """A name of a source as it is shown: one line, without control characters and brackets of markup, at most 60 characters."""
    plain = (
        text.str.normalize("NFKC").str.replace_all(r"[\p{C}\p{Zl}\p{Zp}<>\[\]{}`|\\]", " ").str.replace_all(r"\s+", " ").str.strip_chars()
    )
    return pl.when(plain.str.len_chars() > _LONGEST_NAME).then(plain.str.slice(0, _LONGEST_NAME - 3) + "...").otherwise(plain)


def folded(text: pl.Expr) -> pl.Expr:
    """Letters and digits only, small, words apart by one blank, a blank at both ends."""
    return pl.concat_str(pl.lit(" "), text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars(), pl.lit(" "))


def says(text: pl.Expr, name: pl.Expr) -> pl.Expr:
    """True where the name stands in the text as whole words; a name without letters and digits cannot be looked for."""
    wanted = folded(name)
    return folded(text).str.contains(wanted, literal=True) | (wanted.str.strip_chars() == "")


def denies(text: pl.Expr, names: list[pl.Expr]) -> pl.Expr:
    """True where the text holds a word that turns it into its opposite, and no name of it does."""
    in_names = in_order(*names).str.to_lowercase().str.extract_all(NEGATION).list.len() if names else pl.lit(0)
    return text.str.to_lowercase().str.extract_all(NEGATION).list.len() > in_names


def figures(text: pl.Expr) -> pl.Expr:
    """The figures of a text, in order, as one string."""
    return text.str.to_lowercase().str.extract_all(FIGURE).list.join(" | ")


def in_order(*parts: pl.Expr) -> pl.Expr:
    """The words and figures that a fact calls for, to be read by `figures`."""
    return pl.concat_str([part.cast(pl.String).fill_null("?") for part in parts], separator=" ; ")


def whole(name: str) -> pl.Expr:
    """An integer argument."""
    return pl.col(f"c_{name}").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False).cast(pl.String)


def day(name: str, *, year: bool = True) -> pl.Expr:
    """`2 june 2026` of an ISO date."""
    return pl.col(f"c_{name}").str.to_date("%Y-%m-%d", strict=False).dt.strftime("%-d %B %Y" if year else "%-d %B").str.to_lowercase()


def month(name: str) -> pl.Expr:
    """`june 2026` of an ISO date or month."""
    return (pl.col(f"c_{name}").str.slice(0, 7) + "-01").str.to_date("%Y-%m-%d", strict=False).dt.strftime("%B %Y").str.to_lowercase()


def month_name(name: str) -> pl.Expr:
    """`june` of 6."""
    return whole(name).replace_strict(
        {str(number): word for number, word in enumerate(MONTHS, start=1)}, default=None, return_dtype=pl.String
    )


def percent(share: pl.Expr, nudge: float) -> pl.Expr:
    """`12 %`; with one decimal below 10 and above 99, with two below 0.1; what is neither nothing nor everything reads as neither.

    Args:
        share: from 0 to 1.
        nudge: decides which way a share half-way between two figures goes.
    """
    value = share * 100 + nudge
    decimals = pl.when(value < _TWO_DECIMALS).then(2).when((value < _ONE_DECIMAL) | (value >= _NEARLY_ALL)).then(1).otherwise(0)
    shown = pl.coalesce([pl.when(decimals == places).then(value.round(places).cast(pl.String)) for places in range(3)])
    figure = pl.concat_str(shown.str.strip_suffix(".0"), pl.lit(" %"))
    nothing, everything = (share > 0) & (value < _LEAST_SHOWN), (share < 1) & (value >= _MOST_SHOWN)
    return pl.when(nothing).then(pl.lit("under 0.01 %")).when(everything).then(pl.lit("over 99.9 %")).otherwise(figure)


def percent_of_all(share: pl.Expr, nudge: float) -> pl.Expr:
    """A share among all users, which is kept with six digits and never nothing."""
    return percent(share.clip(_LEAST_KEPT), nudge)


def one_decimal(name: str, nudge: float) -> pl.Expr:
    """`2.3` of a factor."""
    return (pl.col(f"c_{name}").cast(pl.Float64, strict=False) + nudge).round(1).cast(pl.String)


def money(name: str, decimals: pl.Expr) -> pl.Expr:
    """An amount in minor units as it is shown: `26.33` below a hundred units of a currency with two decimals, else whole units."""
    amount = pl.col(f"c_{name}").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    unit = pl.lit(10, pl.Int64).pow(decimals)
    exact = (amount // unit).cast(pl.String) + "." + (amount % unit).cast(pl.String).str.pad_start(2, "0")
    return pl.when((amount >= 100 * unit) | (decimals != _CENTS)).then(((amount + unit // 2) // unit).cast(pl.String)).otherwise(exact)
