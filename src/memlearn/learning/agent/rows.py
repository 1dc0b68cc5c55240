"""How the agent is shown rows: one compact line each, escaped, so that no text in the data can end the data."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from memlearn.chunks.events import TEXT_TOKENS
from memlearn.chunks.tokens import BYTES_PER_TOKEN
from memlearn.records import ATTRIBUTE_PREFIX, LEVEL_PREFIX
from memlearn.sources.currencies import MINOR_DIGITS

ESCAPING = 1
"""Version of how data is made harmless; part of the agent's version."""

_MOST_CHARACTERS = TEXT_TOKENS * BYTES_PER_TOKEN
_ONE = 1000
_WRITTEN = ("item_id", "merchant", "merchant_category", "currency", "text")
_UNSEEN = r"\p{C}\p{Zl}\p{Zp}\x{115F}\x{1160}\x{3164}\x{FFA0}\x{2800}"
# Whatever `escape` changes, a text that is too long apart.
_HARMFUL = rf"[<>{_UNSEEN}]|[^\S ]|  |^ | $|^$"


def escape(text: pl.Expr, most: int = _MOST_CHARACTERS) -> pl.Expr:
    """Text of the data as one harmless line.

    Control and format characters (line breaks, zero-width and direction marks, tags) become blanks; angle brackets, which
    mark where data begins and ends, become other ones; runs of blanks one; long texts are cut.

    Args:
        text: strings; null stays null.
        most: characters that are kept.
    """
    plain = text.str.replace_all(rf"[{_UNSEEN}]+", " ")
    marked = plain.str.replace_all("<", "‹", literal=True).str.replace_all(">", "›", literal=True)
    single = marked.str.replace_all(r"\s+", " ").str.strip_chars()
    cut = pl.when(single.str.len_chars() > most).then(single.str.head(most - 1) + "…").otherwise(single)
    return pl.when(cut != "").then(cut)


def escape_text(text: str, most: int = _MOST_CHARACTERS) -> str:
    """`escape` of one text; an empty one where nothing is left."""
    return pl.select(escape(pl.lit(text), most)).item() or ""


def escape_column(column: pl.Series) -> pl.Series:
    """`escape` of a column of many rows: most values come often, and most are harmless as they are.

    Args:
        column: of any type that can be written as text.
    """
    texts = column.cast(pl.String)
    distinct = texts.unique().drop_nulls()
    harmful = distinct.filter(distinct.str.contains(_HARMFUL) | (distinct.str.len_chars() > _MOST_CHARACTERS))
    if harmful.is_empty():
        return texts
    return texts.replace_strict(harmful, harmful.to_frame().select(escape(pl.first())).to_series(), default=texts, return_dtype=pl.String)


def render_rows(rows: pl.DataFrame, items: pl.DataFrame, levels: Sequence[str]) -> pl.Series:
    """Rows as the agent is shown them, without numbers.

    When, what (nothing for a purchase), item or merchant with its categories, amount, quantity, discount, attributes, text;
    what a row does not have is left out.

    Args:
        rows: canonical events, refunds with what they name.
        items: canonical items.
        levels: the catalogue's levels, coarse to fine.

    Returns:
        A series of strings, one for each row, never null.
    """
    names = items.select(
        "item_id", escape(pl.coalesce("name", "item_id")).alias("item_name"), *(escape(pl.col(LEVEL_PREFIX + level)) for level in levels)
    )
    written = [name for name in rows.columns if name in _WRITTEN or name.startswith(ATTRIBUTE_PREFIX)]
    harmless = [escape_column(rows[name]).alias(f"harmless {name}") for name in written]
    table = rows.join(names, on="item_id", how="left", maintain_order="left").with_columns(harmless)
    within = pl.concat_str([pl.col(LEVEL_PREFIX + level) for level in levels], separator=" / ", ignore_nulls=True) if levels else pl.lit("")
    category = pl.coalesce(pl.when(within != "").then(within), "harmless merchant_category")
    what = pl.coalesce("item_name", "harmless item_id", "harmless merchant")
    shop = pl.when(pl.col("item_id").is_not_null() & pl.col("merchant").is_not_null()).then("at " + pl.col("harmless merchant"))
    attributes = [
        pl.lit(name.removeprefix(ATTRIBUTE_PREFIX) + "=") + pl.col(f"harmless {name}") for name in written if name.startswith(ATTRIBUTE_PREFIX)
    ]
    parts = [
        pl.when(pl.col("kind") != "purchase").then(pl.col("kind")),
        what + pl.concat_str(pl.lit(" ["), category, pl.lit("]")).fill_null(""),
        pl.when(what.is_null()).then(category),
        shop,
        _money(pl.col("amount"), "amount"),
        pl.when(pl.col("quantity") != _ONE).then("x" + _thousandths(pl.col("quantity"))),
        pl.when(pl.col("discount") > 0).then(_money(pl.col("discount"), "discount") + " off"),
        *attributes,
        '"' + pl.col("harmless text") + '"',
    ]
    shown = pl.concat_str(parts, separator="; ", ignore_nulls=True)
    return table.select((_when() + pl.when(shown == "").then(pl.lit("")).otherwise(" " + shown)).alias("shown")).to_series()


def _when() -> pl.Expr:
    local = (pl.col("time_us") + pl.col("offset_s").cast(pl.Int64) * 1_000_000).cast(pl.Datetime("us"))
    return pl.when(pl.col("has_clock")).then(local.dt.strftime("%Y-%m-%d %H:%M")).otherwise(local.dt.strftime("%Y-%m-%d"))


def _money(amount: pl.Expr, name: str) -> pl.Expr:
    """Minor units in full, with the currency."""
    digits = pl.col("currency").cast(pl.String).replace_strict(MINOR_DIGITS, default=2, return_dtype=pl.Int64)
    unit = pl.lit(10, pl.Int64).pow(digits)
    sign = pl.when(amount < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole = (amount.abs() // unit).cast(pl.String)
    rest = (amount.abs() % unit + unit).cast(pl.String).str.slice(1)
    exact = sign + whole + pl.when(digits > 0).then(pl.lit(".") + rest).otherwise(pl.lit(""))
    return (exact + pl.concat_str(pl.lit(" "), pl.col("harmless currency")).fill_null("")).alias(name)


def _thousandths(quantity: pl.Expr) -> pl.Expr:
    rest = (quantity.abs() % _ONE + _ONE).cast(pl.String).str.slice(1).str.strip_chars_end("0")
    sign = pl.when(quantity < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return sign + (quantity.abs() // _ONE).cast(pl.String) + pl.when(rest == "").then(pl.lit("")).otherwise("." + rest)
