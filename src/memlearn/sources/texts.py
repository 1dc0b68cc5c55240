"""Ids, attributes and free text from columns of any dtype: trimmed, without NUL, blanks and null words as null."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from memlearn.records.coded import code_integers

NULL_WORDS = ("", "nan", "NaN", "NAN", "null", "NULL", "Null", "none", "None", "NONE", "n/a", "N/A", "<NA>", "NaT", "\\N")
"""Texts that count as a missing value in ids, attributes and times."""

TEXT_CHARACTERS = 4000
_LONGEST_NULL_WORD = 4
_NULL_STARTS = np.isin(np.arange(256), [ord(word[0]) for word in NULL_WORDS if word])
BLANKS = " \t\r\n\x0b\x0c\x85\xa0\u2007\u202f\u3000\ufeff\u200b\x00"
"""What is removed around a value and a column's name: blanks, NULs, byte order marks and other characters without width."""


def clean_ids(values: pl.Series) -> pl.Series:
    """Ids as text: `17` and `17.0` both give "17"; surrounding blanks and NULs go; null words become null; case is kept."""
    text = as_text(values)
    if values.dtype not in (pl.String, pl.Categorical) and not values.dtype.is_nested():
        return text
    has_blank, has_dot, maybe_null = _scan(text)
    if has_blank:
        text = text.str.replace_all("\x00", "", literal=True).str.strip_chars(BLANKS)
    if has_blank or maybe_null:
        text = _null_words(text)
    if has_dot and text.str.ends_with(".0").any():
        # What pandas makes of whole-number ids in a column with gaps.
        text = text.str.replace(r"^(-?\d+)\.0$", "$1")
    return text


def code_ids(values: pl.Series) -> pl.Series:
    """What `clean_ids` gives; of whole numbers that repeat as categories, each written once."""
    coded = code_integers(values) if values.dtype.is_integer() else None
    return clean_ids(values) if coded is None else coded


def clean_attributes(values: pl.Series) -> pl.Series:
    """Attribute values as trimmed text; lists are joined by ", ", other nested values are JSON; null words become null."""
    return clean_ids(values)


def clean_text(values: pl.Series) -> pl.Series:
    """Free text: trimmed, without NULs, cut to `TEXT_CHARACTERS`; blank becomes null."""
    text = as_text(values)
    has_blank, _, maybe_null = _scan(text)
    if has_blank:
        text = text.str.replace_all("\x00", "", literal=True).str.strip_chars(BLANKS)
    if (text.str.len_bytes().max() or 0) > TEXT_CHARACTERS:  # type: ignore[operator]
        text = text.str.slice(0, TEXT_CHARACTERS)
    return text.set(text == "", None) if has_blank or maybe_null else text


def clean_names(values: pl.Series) -> pl.Series:
    """Names shown to people: free text; null words become null."""
    return _null_words(clean_text(values))


def as_text(values: pl.Series) -> pl.Series:  # noqa: PLR0911  one return for each kind of column
    """A column of any dtype as text; whole floats without decimals, NaN as null."""
    dtype = values.dtype
    if dtype == pl.String:
        return values
    if dtype.is_float():
        return _float_text(values)
    if dtype.is_decimal():
        return values.cast(pl.String).str.replace(r"\.0+$", "")
    if isinstance(dtype, pl.List | pl.Array):
        return _list_text(values)
    if dtype.is_nested() or dtype == pl.Object:
        return pl.Series(values.name, [_json(value) for value in values.to_list()], dtype=pl.String)
    if dtype == pl.Binary:
        return pl.Series(
            values.name, [None if value is None else value.decode("utf-8", "replace") for value in values.to_list()], dtype=pl.String
        )
    if isinstance(dtype, pl.Datetime):
        return values.dt.to_string("iso:strict")
    if dtype == pl.Duration:
        return values.dt.to_string("iso")
    return values.cast(pl.String)


def is_true(values: pl.Series) -> pl.Series:
    """Whether a flag is set: true, 1, yes, y, t, x or deleted, in any case; anything else, null too, is not."""
    if values.dtype == pl.Boolean:
        return values.fill_null(False)
    return clean_ids(values).str.to_lowercase().is_in(["true", "1", "yes", "y", "t", "x", "deleted"]).fill_null(False)


def case_twins(user_ids: pl.Series) -> pl.DataFrame:
    """Users whose ids differ only in case; they stay different users, but the operator should know.

    Returns:
        One row per group with `folded` and the sorted list `user_ids`, sorted by `folded`.
    """
    distinct = pl.DataFrame({"user_id": user_ids.cast(pl.String).drop_nulls().unique()})
    folded = distinct.with_columns(pl.col("user_id").str.to_lowercase().alias("folded"))
    # Twins are rare: to see that there are none costs less than to group.
    return folded.filter(pl.col("folded").is_duplicated()).group_by("folded").agg(pl.col("user_id").sort().alias("user_ids")).sort("folded")


def _scan(text: pl.Series) -> tuple[bool, bool, bool]:
    """Whether any value begins or ends with a blank or holds a control or non-ASCII character; a dot; or may be a null word.

    One look at the bytes of the whole column costs far less than a string operation per value.
    """
    column = text.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.large_string())
    _, offsets, data = column.buffers()
    if len(column) == 0 or offsets is None:
        return False, False, False
    edges = np.frombuffer(memoryview(offsets), dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    characters = np.frombuffer(memoryview(data), dtype=np.uint8)[edges[0] : edges[-1]] if data else np.zeros(0, dtype=np.uint8)
    # Bytes below the blank wrap to the top, next to those of non-ASCII characters.
    strange = bool(((characters - np.uint8(0x20)) >= np.uint8(0x7F - 0x20)).any()) or _blank_edges(characters, edges - edges[0])
    starts = edges[:-1][np.diff(edges) <= _LONGEST_NULL_WORD] - edges[0]
    # An empty text points at the next one's first byte, or behind the last one.
    maybe_null = len(starts) > 0 and bool((np.diff(edges).min() == 0) or _NULL_STARTS[characters[starts]].any())
    return strange, bool((characters == np.uint8(ord("."))).any()), maybe_null


def _blank_edges(characters: NDArray[np.uint8], edges: NDArray[np.int64]) -> bool:
    """Whether any text begins or ends with a blank; blanks in the middle are common and stay."""
    filled = edges[:-1] < edges[1:]
    outer = np.concatenate([edges[:-1][filled], edges[1:][filled] - 1])
    return bool((characters[outer] == np.uint8(ord(" "))).any())


def _null_words(text: pl.Series) -> pl.Series:
    found = text.is_in(NULL_WORDS)
    return text.set(found, None) if found.any() else text


def _float_text(values: pl.Series) -> pl.Series:
    frame = values.alias("value").to_frame()
    whole = (pl.col("value") == pl.col("value").round()) & (pl.col("value").abs() < 2.0**53)
    text = (
        pl.when(pl.col("value").is_nan())
        .then(None)
        .when(whole)
        .then(pl.col("value").cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(pl.col("value").cast(pl.String))
    )
    return frame.select(text.alias(values.name)).to_series()


def _list_text(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.Array):
        values = values.arr.to_list()
    inner = values.dtype.inner  # type: ignore[attr-defined]
    if inner.is_nested():
        return pl.Series(values.name, [_json(value) for value in values.to_list()], dtype=pl.String)
    element = pl.element().dt.to_string("iso") if inner == pl.Duration else pl.element().cast(pl.String)
    return values.list.eval(element).list.join(", ", ignore_nulls=True)


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)
