"""What is never stated about a user: names that speak of health, pregnancy, religion, politics, sexuality or ethnicity.

Not here: person attributes, which a source declares `sensitive` itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from memlearn.memory.sensitive_words import HARMLESS, WORDS

Topic = Literal["health", "pregnancy", "religion", "politics", "sexuality", "ethnicity"]
TOPICS: tuple[Topic, ...] = ("health", "pregnancy", "religion", "politics", "sexuality", "ethnicity")


class SensitiveConfig(BaseModel):
    """What is never stated, never a reason and never a rule's input."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: list[Topic] = Field(default=list(TOPICS), description="Topics whose built-in words are watched for.")
    words: list[str] = Field(
        default_factory=list,
        description="More words or phrases; `*` stands for any letters at a word's start or end. Case and accents do not matter.",
    )
    allow: list[str] = Field(
        default_factory=list,
        description="Names (items, categories, merchants) that may be stated all the same; compared as a whole, without case and accents.",
    )


def is_sensitive(names: pl.Series, config: SensitiveConfig) -> pl.Series:
    """Which names must not be stated.

    Matches whole words and phrases in English, German and Italian, without regard to case, accents and punctuation.

    Args:
        names: names of items, categories, merchants or attribute values; null counts as harmless.
        config: topics, further words and exceptions.

    Returns:
        A boolean series of the same length and name, without nulls.
    """
    if config.topics or config.words:
        distinct = names.cast(pl.String).unique().drop_nulls()
        found = distinct.filter(_judge(distinct, tuple(config.topics), tuple(config.words), tuple(config.allow)))
        if len(found):
            return names.cast(pl.String).is_in(found.implode()).fill_null(value=False).alias(names.name)
    return pl.repeat(False, len(names), dtype=pl.Boolean, eager=True).alias(names.name)


def _judge(names: pl.Series, topics: tuple[Topic, ...], words: tuple[str, ...], allow: tuple[str, ...]) -> pl.Series:
    watched, harmless, allowed = _patterns(topics, words, allow)
    plain = _plain(names)
    return plain.str.replace_all(harmless, " ").str.contains(watched) & ~plain.is_in(list(allowed))


@lru_cache(maxsize=16)
def _patterns(topics: tuple[Topic, ...], words: tuple[str, ...], allow: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]]:
    """The expressions of what is watched for and of what is harmless, and the names that are allowed."""
    watched = [word for topic in topics for word in WORDS[topic]] + list(words)
    return _pattern(watched), _pattern(HARMLESS), tuple(_plain(pl.Series(allow, dtype=pl.String)).to_list())


def _plain(names: pl.Series) -> pl.Series:
    """Lower case without accents and punctuation, words apart by one blank, a blank at both ends."""
    lowered = names.str.to_lowercase().str.replace_all("ß", "ss", literal=True)
    folded = lowered.str.normalize("NFKD").str.replace_all(r"[\p{M}'’]", "")
    words = folded.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()
    return pl.select(pl.concat_str(pl.lit(" "), words, pl.lit(" "))).to_series() if len(names) else words


def _pattern(words: Sequence[str]) -> str:
    """One regular expression over all words and phrases; `*` becomes any run of letters and digits."""
    starred = pl.Series(words, dtype=pl.String).str.replace_all("*", "0star0", literal=True)
    plain = [word.strip() for word in _plain(starred).unique(maintain_order=True).to_list()]
    # Names are folded to words apart by single blanks, so anything but a blank belongs to a word.
    patterns = [re.escape(word).replace("0star0", "[^ ]*") for word in plain if word not in ("", "0star0")]
    return " (?:" + "|".join(patterns) + ")(?: |$)"
