"""What is never stated about a user: names that speak of health, pregnancy, religion, politics, sexuality or ethnicity.

Not here: person attributes, which a source declares `sensitive` itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from memlearn.memory.sensitive_words import HARMLESS, STATED, WORDS

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


def find_sensitive(text: str, config: SensitiveConfig) -> str | None:
    """The first word or phrase of a sentence that speaks of a sensitive topic; None where there is none.

    Of a sentence more is watched for than of a name: words that say so of a person, and what would lead to them. Letters of other
    alphabets that look like Latin ones count as these, and characters that are not seen do not count.

    Args:
        text: a sentence.
        config: topics, further words and exceptions.
    """
    watched, harmless, allowed = _sentence_patterns(tuple(config.topics), tuple(config.words), tuple(config.allow))
    plain = _plain_text(text)
    if allowed is not None:
        plain = allowed.sub(" ", plain)
    found = watched.search(harmless.sub(" ", plain))
    return None if found is None else found[0].strip()


def are_sensitive(sentences: pl.Series, config: SensitiveConfig) -> pl.Series:
    """Which of many sentences speak of a sensitive topic, as `find_sensitive` has it of one; letters in disguise apart.

    Args:
        sentences: strings without nulls.
        config: topics, further words and exceptions.
    """
    watched, harmless, allowed = (
        None if pattern is None else pattern.pattern.replace("(?= |$)", "(?: |$)")
        for pattern in _sentence_patterns(tuple(config.topics), tuple(config.words), tuple(config.allow))
    )
    # Without a look ahead a word takes the blank that the next one begins with, so each blank is there twice.
    plain = _plain(sentences).str.replace_all(" ", "  ", literal=True)
    assert watched is not None
    for pattern in (allowed, harmless):
        if pattern is not None:
            plain = plain.str.replace_all(pattern.replace(r"\ ", "  "), "  ")
    return plain.str.contains(watched.replace(r"\ ", "  ")).alias(sentences.name)


@lru_cache(maxsize=16)
def _sentence_patterns(
    topics: tuple[Topic, ...], words: tuple[str, ...], allow: tuple[str, ...]
) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str] | None]:
    watched = [word for topic in topics for word in (*WORDS[topic], *STATED[topic])] + [*STATED["hardship"], *words]
    allowed = re.compile(_ahead(_pattern(allow))) if allow else None
    return re.compile(_ahead(_pattern(watched))), re.compile(_ahead(_pattern(HARMLESS))), allowed


def _ahead(pattern: str) -> str:
    """The blank behind a word is left for the next one."""
    return pattern.removesuffix("(?: |$)") + "(?= |$)"


def _plain_text(text: str) -> str:
    """As `_plain`, of one text."""
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf").translate(_LOOKALIKES)
    folded = unicodedata.normalize("NFKD", seen.lower().replace("ß", "ss"))
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter) and letter not in "'’")
    return f" {' '.join(_WORD.findall(letters))} "


_WORD = re.compile(r"[^\W_]+")
# Cyrillic and Greek letters that are drawn like Latin ones.
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
    "\u03bf\u03b1\u03bd\u03c1\u03b9\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcyxijshdqwABEKMHOPCTYXIJSoavpiABEZHIKMNOPTYX",
)


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
