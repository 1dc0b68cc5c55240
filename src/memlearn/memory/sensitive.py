"""What is never stated about a user: names and sentences that speak of health, pregnancy, religion, politics, sexuality or ethnicity.

Not here: person attributes, which a source declares `sensitive` itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from memlearn.memory.disguise import readings, spelt_out
from memlearn.memory.sensitive_said import INFERRED, LONE, STATED
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


def find_sensitive(text: str, config: SensitiveConfig) -> str | None:
    """The first word or phrase of a sentence that speaks of a sensitive topic; None where there is none.

    Of a sentence more is watched for than of a name: words that say so of a person, and what would lead to them; and a word that is
    all that a sentence says. A word in disguise (letters of other alphabets or digits in place of Latin ones, letters apart, characters
    that are not seen) counts as what it is read as.

    Args:
        text: a sentence.
        config: topics, further words and exceptions.
    """
    patterns = _sentence_patterns(tuple(config.topics), tuple(config.words), tuple(config.allow))
    for plain in readings(text):
        left = plain if patterns.allowed is None else patterns.allowed.sub(" ", plain)
        found = patterns.watched.search(patterns.harmless.sub(" ", left))
        if found is not None:
            return found[0].strip()
        lone = patterns.lone.fullmatch(left)
        if lone is not None:
            return lone["said"].strip()
    for word in spelt_out(text):
        spelt = patterns.within.search(word)
        if spelt is not None:
            return spelt[0]
    return None


def are_sensitive(sentences: pl.Series, config: SensitiveConfig) -> pl.Series:
    """Which of many sentences speak of a sensitive topic, as `find_sensitive` has it of one; letters in disguise apart.

    Args:
        sentences: strings without nulls.
        config: topics, further words and exceptions.
    """
    patterns = _sentence_patterns(tuple(config.topics), tuple(config.words), tuple(config.allow))
    watched, harmless, allowed = (
        None if pattern is None else pattern.pattern.replace("(?= |$)", "(?: |$)")
        for pattern in (patterns.watched, patterns.harmless, patterns.allowed)
    )
    # Without a look ahead a word takes the blank that the next one begins with, so each blank is there twice.
    plain = _plain(sentences).str.replace_all(" ", "  ", literal=True)
    assert watched is not None
    for pattern in (allowed, harmless):
        if pattern is not None:
            plain = plain.str.replace_all(pattern.replace(r"\ ", "  "), "  ")
    return plain.str.contains(watched.replace(r"\ ", "  ")).alias(sentences.name)


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What is looked for in a sentence: watched words, harmless phrases, allowed names, a word alone, a word within letters told apart."""

    watched: re.Pattern[str]
    harmless: re.Pattern[str]
    allowed: re.Pattern[str] | None
    lone: re.Pattern[str]
    within: re.Pattern[str]


@lru_cache(maxsize=16)
def _sentence_patterns(topics: tuple[Topic, ...], words: tuple[str, ...], allow: tuple[str, ...]) -> _Patterns:
    always = [topic for topic in STATED if topic not in TOPICS]
    watched = [word for topic in topics for word in (*WORDS[topic], *STATED[topic], *INFERRED.get(topic, ()))]
    watched += [*(word for topic in always for word in STATED[topic]), *words]
    lone = [word for topic in (*topics, *always) for word in LONE.get(topic, ())]
    long = {word.strip("*") for word in watched if " " not in word and len(word.strip("*")) >= _FEWEST_SPELT}
    return _Patterns(
        watched=re.compile(_ahead(_pattern(watched))),
        harmless=re.compile(_ahead(_pattern(HARMLESS))),
        allowed=re.compile(_ahead(_pattern(allow))) if allow else None,
        lone=re.compile(rf"{_SUPPOSED}(?P<said> (?:{'|'.join(lone) or '(?!)'})) "),
        within=re.compile("|".join(sorted(long)) or "(?!)"),
    )


# Letters of the shortest word that is looked for in others, where letters are told apart.
_FEWEST_SPELT = 5
# What a line may hold beside the one word that it says.
_SUPPOSED = (
    r"(?: (?:the|this|a|an|user|customer|client|person|they|he|she|is|are|be|being|was|may|might|could|must|seems|seem|seemingly|appears|looks|sounds|to|like|probably|likely|most|very|quite|rather|perhaps"
    r"|maybe|possibly|presumably|apparently|clearly|obviously|surely|somewhat|not|that|it|as|if|i|think|guess|suspect|we|in|household|family|of|user s|from))*"
)


def _ahead(pattern: str) -> str:
    """The blank behind a word is left for the next one."""
    return pattern.removesuffix("(?: |$)") + "(?= |$)"


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
    return " (?:" + _by_letter(patterns) + ")(?: |$)"


def _by_letter(patterns: Iterable[str], depth: int = 2) -> str:
    """Alternatives, those that begin alike together: a word is then looked for among few."""
    groups: dict[str, list[str]] = {}
    for pattern in patterns:
        groups.setdefault(pattern[:1] if depth and pattern[:1].isalnum() else "", []).append(pattern)
    whole = groups.pop("", [])
    parts = [letter + "(?:" + _by_letter([pattern[1:] for pattern in rest], depth - 1) + ")" for letter, rest in groups.items()]
    return "|".join([*parts, *whole])
