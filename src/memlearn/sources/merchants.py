"""Merchant strings as merchants and categories: names by `merchant_names`, aliases and categories by config and word table."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from memlearn.sources.config import MerchantConfig
from memlearn.sources.merchant_names import fold, merchant_name, word_table

_LONGEST_PHRASE = 4
_SHORTEST_PLURAL = 4
_ALIASES = {
    "AMZN": "AMAZON",
    "AMZN MKTP": "AMAZON",
    "AMAZON MKTPLACE": "AMAZON",
    "AMAZON MKTP": "AMAZON",
    "AMAZON MARKETPLACE": "AMAZON",
    "WAL MART": "WALMART",
    "WM SUPERCENTER": "WALMART",
    "MC DONALDS": "MCDONALDS",
}


def normalise_merchants(texts: pl.Series, config: MerchantConfig) -> pl.DataFrame:
    """Turn raw merchant strings into merchants and categories; the same text gives the same answer wherever it stands.

    Args:
        texts: raw strings; null and blank give null.
        config: aliases, and categories that come before the built-in words.

    Returns:
        Columns `merchant` and `merchant_category` (null where no word tells), of the height of `texts`.
    """
    # Long numbers and codes never belong to a name; blanking them first leaves few distinct texts for the slow part.
    reduced = texts.cast(pl.String).str.replace_all(r"\d{4,}", "0000").alias("text")
    distinct = reduced.drop_nulls().unique(maintain_order=True)
    aliases = {**_ALIASES, **_folded(config.aliases)}
    categories = _folded(config.categories)
    known: dict[str, str | None] = {}
    names: list[str | None] = []
    for text in distinct.to_list():
        name = merchant_name(text)
        if name is not None:
            name = aliases.get(name, name)
            if name not in known:
                known[name] = _category(name, categories)
        names.append(name)
    schema = {"text": pl.String(), "merchant": pl.String(), "merchant_category": pl.String()}
    found = [None if name is None else known[name] for name in names]
    table = pl.DataFrame({"text": distinct, "merchant": names, "merchant_category": found}, schema=schema)
    return reduced.to_frame().join(table, on="text", how="left", maintain_order="left").drop("text")


def _folded(table: Mapping[str, str]) -> dict[str, str]:
    """A table of the config by normalised name; a key may be written as it is or as a raw string."""
    by_name = {name: value for key, value in table.items() if (name := merchant_name(key))}
    return by_name | {" ".join(fold(key).split()): value for key, value in table.items()}


def _category(name: str, categories: Mapping[str, str]) -> str | None:
    """By whole name, then by the longest phrase in it: the config's words before the built-in ones."""
    for table in (categories, word_table()):
        for phrase in _phrases(fold(name)):
            if phrase in table:
                return table[phrase]
    return None


def _phrases(name: str) -> list[str]:
    """The name, then its phrases of falling length, from left to right; a closing S is tried without."""
    words = name.split()
    phrases = [name]
    for size in range(min(_LONGEST_PHRASE, len(words)), 0, -1):
        for start in range(len(words) - size + 1):
            phrase = " ".join(words[start : start + size])
            phrases += [phrase, phrase[:-1]] if len(phrase) > _SHORTEST_PLURAL and phrase.endswith("S") else [phrase]
    return phrases
