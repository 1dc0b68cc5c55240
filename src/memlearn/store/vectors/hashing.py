"""The built-in embedding: hashed words, stems, word pairs and character n-grams, projected to random signs.

Nothing is downloaded and nothing is learned. All sums are of integers, so that a text has the same vector, bit for bit,
on every machine, whatever texts are embedded with it.

Method: feature hashing with signed random projections (Weinberger et al., 2009; Achlioptas, 2003) over subword
n-grams (Bojanowski et al., 2017), with sublinear term frequency. In place of document frequencies, which would make
vectors depend on the corpus, weights come from word lists and word length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

VERSION = 1
DEFAULT_DIMENSIONS = 256

_WHOLE, _STEM, _GRAM, _PAIR = 6, 10, 12, 5
_FREQUENT_WEIGHT = 4
# ln(tf) in sixteenths, so that term frequencies stay integers: 1, 1+ln 2, 1+ln 3, ...
_FREQUENCY_GRID = 16
_SUFFIXES = (
    "ization", "ational", "fulness", "ations", "ation", "ments", "ment", "ness", "ings", "ing", "edly", "ions", "ion", "ies", "ied",
    "able", "ible", "est", "ers", "ed", "er", "es", "ly", "en", "s", "e",
)  # fmt: skip
_SHORTEST_STEM = 4
_SHORTEST_SPLIT = 3


def embed_texts(texts: Sequence[str], dimensions: int = DEFAULT_DIMENSIONS) -> npt.NDArray[np.float32]:
    """Vectors of texts, of length one.

    Args:
        texts: any number of texts in any language that separates words; empty ones get a fixed vector.
        dimensions: length of a vector, a multiple of 8.

    Returns:
        An array of shape (texts, dimensions).
    """
    words = _count_words(texts)
    sums = np.zeros((len(texts), dimensions), dtype=np.int64)
    for column, weigh in (("word", _word_vectors), ("pair", _pair_vectors)):
        counted = words[column]
        if counted.height:
            vocabulary = counted[column].unique().sort()
            vectors = weigh(vocabulary.to_list(), dimensions)
            codes = vocabulary.search_sorted(counted[column]).to_numpy()
            _add_weighted(sums, counted["row"].to_numpy(), codes, counted["weight"].to_numpy(), vectors)
    empty = ~sums.any(axis=1)
    sums[empty] = _signs([""], dimensions)
    lengths = np.sqrt((sums.astype(np.float64) ** 2).sum(axis=1))
    return np.asarray(sums / lengths[:, None], dtype=np.float32)


def _count_words(texts: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Distinct words and neighbouring pairs of each text with their sublinear frequency, as (row, text, weight)."""
    folded = pl.col("text").str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    lists = (
        pl.DataFrame({"text": pl.Series(list(texts), dtype=pl.String)})
        .with_row_index("row")
        .with_columns(folded.str.replace_all(r"['’]s\b", "").str.extract_all(r"[\p{L}\p{N}]+").alias("word"))
    )
    words = lists.select("row", "word").explode("word").filter(pl.col("word").is_not_null())
    kept = words.filter(~pl.col("word").is_in(_frequent_words()))
    pairs = kept.with_columns(pl.concat_str("word", pl.col("word").shift(-1).over("row"), separator=" ").alias("pair"))
    return {
        "word": _weigh_counts(words.select("row", "word"), "word"),
        "pair": _weigh_counts(pairs.select("row", "pair").filter(pl.col("pair").is_not_null()), "pair"),
    }


def _weigh_counts(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    weight = (_FREQUENCY_GRID * (1 + pl.col("len").log())).round(0).cast(pl.Int64)
    return frame.group_by("row", column).len().with_columns(weight.alias("weight")).sort("row", column)


def _add_weighted(
    sums: npt.NDArray[np.int64],
    rows: npt.NDArray[np.uint32],
    codes: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.integer[Any]],
    vectors: npt.NDArray[np.integer[Any]],
) -> None:
    # In slices, so that what is gathered stays within some tens of megabytes; rows are sorted.
    step = max(1, 8_000_000 // sums.shape[1])
    for at in range(0, len(rows), step):
        part = slice(at, at + step)
        starts = np.flatnonzero(np.r_[True, np.diff(rows[part].astype(np.int64)) != 0])
        lengths = np.diff(np.r_[starts, len(rows[part])])
        # The first vector of each row, then the second of those that have one, and so on: several times faster than
        # NumPy's `reduceat`, whose every row is a loop of its own.
        order = np.argsort(-lengths, kind="stable")
        starts, lengths = starts[order], lengths[order]
        found = np.zeros((len(starts), sums.shape[1]), dtype=np.int64)
        for place in range(int(lengths[0])):
            have = int(np.searchsorted(-lengths, -place))
            places = at + starts[:have] + place
            found[:have] += vectors[codes[places]] * weights[places, None]
        sums[rows[part][starts]] += found


def _word_vectors(words: Sequence[str], dimensions: int) -> npt.NDArray[np.int64]:
    """The vector of each word: the word, its stem, and its character n-grams together as much as the stem."""
    frequent = frozenset(_frequent_words())
    grams = [_grams(word) for word in words]
    whole = _signs([f"w:{word}" for word in words], dimensions).astype(np.int64) * (_WHOLE * 16)
    whole += _signs([f"s:{stem(word)}" for word in words], dimensions).astype(np.int64) * (_STEM * 16)
    share = np.array([round(_GRAM * 16 / len(list_) ** 0.5) if list_ else 0 for list_ in grams], dtype=np.int64)
    whole += _gram_sums(grams, dimensions) * share[:, None]
    # Long words carry more meaning than short ones; numbers count like a word of middle length.
    length = np.array([5 if word.isdigit() else min(len(word), 9) for word in words], dtype=np.int64)
    divisor = np.array([8 * _FREQUENT_WEIGHT if word in frequent else 8 for word in words], dtype=np.int64)
    return np.asarray(whole * (length + 3)[:, None] // divisor[:, None], dtype=np.int64)


def _gram_sums(grams: Sequence[Sequence[str]], dimensions: int) -> npt.NDArray[np.int64]:
    """For each list of n-grams the sum of their directions."""
    distinct = sorted({gram for list_ in grams for gram in list_})
    sums = np.zeros((len(grams), dimensions), dtype=np.int64)
    if not distinct:
        return sums
    place = {gram: at for at, gram in enumerate(distinct)}
    signs = _signs([f"g:{gram}" for gram in distinct], dimensions)
    codes = np.array([place[gram] for list_ in grams for gram in list_], dtype=np.uint32)
    rows = np.repeat(np.arange(len(grams), dtype=np.uint32), [len(list_) for list_ in grams])
    _add_weighted(sums, rows, codes, np.ones(len(codes), dtype=np.int16), signs)
    return sums


def _pair_vectors(pairs: Sequence[str], dimensions: int) -> npt.NDArray[np.int64]:
    stems = {word: stem(word) for pair in pairs for word in pair.split(" ")}
    features = ["p:" + " ".join(stems[word] for word in pair.split(" ")) for pair in pairs]
    return np.asarray(_signs(features, dimensions), dtype=np.int64) * (_PAIR * 16)


def stem(word: str) -> str:
    """A rough English stem; other languages keep most of the word."""
    if not word.endswith(_SUFFIXES):
        return word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM - (suffix == "s"):
            short = word[: len(word) - len(suffix)]
            return short[:-1] if len(short) > _SHORTEST_STEM and short[-1] == short[-2] else short
    return word


def _grams(word: str) -> list[str]:
    marked = f"^{word}$"
    return [marked[at : at + size] for size in (3, 4, 5) for at in range(len(marked) - size + 1)] if len(word) >= _SHORTEST_SPLIT else []


def _signs(features: Sequence[str], dimensions: int) -> npt.NDArray[np.int8]:
    """The direction of each feature: a row of plus and minus one drawn from its hash."""
    digests = b"".join(hashlib.shake_128(feature.encode()).digest(dimensions // 8) for feature in features)
    bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8)).reshape(len(features), dimensions)
    return (bits.astype(np.int8) << 1) - np.int8(1)


@lru_cache(maxsize=1)
def _frequent_words() -> tuple[str, ...]:
    """Words too frequent to tell texts apart: English, German, Italian."""
    text = files("memlearn.store.vectors").joinpath("frequent_words.txt").read_text(encoding="utf-8")
    return tuple(sorted({word for line in text.splitlines() if not line.startswith("#") for word in line.split()}))
