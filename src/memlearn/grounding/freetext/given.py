"""Claims about what is given of the user, and about what they wrote: words against words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Finding, periods_mask
from memlearn.grounding.freetext.lexicon import EXONYMS
from memlearn.grounding.freetext.reader import Reading
from memlearn.grounding.freetext.tokens import Token, fold_words
from memlearn.grounding.freetext.view import Mask, UserView

_NEGATIONS = frozenset(["not", "no", "never", "without", "neither", "nor", "none", "cannot", "nothing", "hardly"])
_PLAIN = frozenset(
    [
        "according",
        "the",
        "a",
        "an",
        "of",
        "in",
        "on",
        "at",
        "is",
        "was",
        "are",
        "be",
        "been",
        "user",
        "customer",
        "client",
        "person",
        "holder",
        "account",
        "they",
        "he",
        "she",
        "their",
        "his",
        "her",
        "has",
        "have",
        "to",
        "and",
        "who",
        "with",
        "as",
        "by",
        "it",
        "its",
        "this",
        "that",
        "for",
        "from",
        "app",
        "the",
        "uses",
        "using",
        "belongs",
    ]
)
# Words that go with an attribute, by a word of its name.
_ABOUT = {
    "age": ["age", "aged", "old", "ages", "falls", "into", "years", "year", "between", "group", "band", "bracket", "range"],
    "state": [
        "federal",
        "state",
        "registered",
        "lives",
        "living",
        "resident",
        "resides",
        "residing",
        "residence",
        "based",
        "home",
        "located",
    ],
    "region": ["region", "registered", "lives", "living", "resident", "based", "home", "located", "area"],
    "city": ["city", "town", "registered", "lives", "living", "resident", "resides", "residing", "residence", "based", "home", "located"],
    "country": ["country", "registered", "lives", "living", "resident", "based", "home", "resides", "residing"],
    "tier": ["tier", "level", "plan", "subscription", "membership", "subscribed", "member", "version", "package", "subscriber"],
    "plan": ["tier", "level", "plan", "subscription", "membership", "subscribed", "member", "version", "package", "subscriber"],
    "language": [
        "language",
        "languages",
        "setting",
        "settings",
        "primary",
        "speaks",
        "speaker",
        "speaking",
        "set",
        "preferred",
        "interface",
        "communicates",
    ],
}
_LANGUAGES = {
    "de": "german", "en": "english", "fr": "french", "tr": "turkish", "es": "spanish", "it": "italian", "pl": "polish", "ru": "russian", "ar": "arabic", "nl": "dutch",
    "pt": "portuguese", "uk": "ukrainian",
}  # fmt: skip
_SAID_OF = frozenset({"that", "about", "whether", "because", "how", "why", "if"})
_SPEECH = frozenset(
    [
        "told",
        "asked",
        "asks",
        "tells",
        "complained",
        "complains",
        "reported",
        "reports",
        "informed",
        "mentioned",
        "wrote",
        "writes",
        "contacted",
        "wanted",
        "know",
        "enquired",
        "inquired",
        "support",
        "message",
        "customer",
        "service",
        "raised",
    ]
)
_IDLE = _PLAIN | frozenset(
    [
        "sent",
        "some",
        "any",
        "there",
        "were",
        "had",
        "does",
        "did",
        "do",
        "will",
        "would",
        "could",
        "can",
        "should",
        "my",
        "your",
        "our",
        "i",
        "me",
        "we",
        "you",
        "them",
        "one",
        "when",
        "where",
        "what",
        "how",
        "whether",
        "why",
        "if",
        "about",
        "because",
        "so",
        "just",
        "still",
        "yet",
        "also",
        "being",
    ]
)


def read_person(reading: Reading, attributes: Sequence[str], view: UserView) -> list[Finding] | None:
    """`Between 35 and 49 years old`, `on the basic tier of the app`, of the attributes cited."""
    words = _words(reading.tokens)
    negated = bool(_NEGATIONS & set(words))
    matched: list[str] = []
    covered: set[int] = set()
    wrong: list[Finding] | None = None
    for attribute in attributes:
        value = view.person.get(attribute)
        if value is None:
            continue
        at = _place(words, value, attribute)
        if at is not None:
            if not covered & set(range(*at)):
                matched.append(attribute)
                covered |= set(range(*at))
        elif wrong is None and not negated and 0 < len([word for word in words if not _goes_with(word, [attribute])]) <= 3:  # noqa: PLR2004
            about = set(words) & (set(_cues(attribute)) - _PLAIN)
            wrong = [Finding(ok=False, needs=view.none(), message=f"{attribute} is {value!r}")] if about else None
    left = [word for n, word in enumerate(words) if n not in covered and not _goes_with(word, matched)]
    if matched and not left:
        told = " and ".join(f"{attribute} is {view.person[attribute]!r}" for attribute in matched)
        # Which of several is denied is open.
        return [Finding(ok=None if negated and len(matched) > 1 else not negated, needs=view.none(), message=told)]
    return wrong if not matched else None


def _cues(attribute: str) -> list[str]:
    """Words that go with an attribute."""
    names = [piece for piece in re.split(r"[^a-z]+", attribute.lower()) if piece]
    return [*names, *(word for name in names for word in _ABOUT.get(name, ()))]


def _goes_with(word: str, attributes: Sequence[str]) -> bool:
    """Whether a word says nothing beside these attributes."""
    if word in _PLAIN or word in _NEGATIONS:
        return True
    return any(word in (cue, cue + "s") for attribute in attributes for cue in _cues(attribute))


def _words(tokens: Sequence[Token]) -> list[str]:
    return [piece for token in tokens if token.sort != "sign" for piece in token.low.split("-")]


def _place(words: list[str], value: str, attribute: str) -> tuple[int, int] | None:
    """Where the value stands; the ends of a range may be apart by a word."""
    wanted = list(fold_words(value))
    words = [EXONYMS.get(word, word) for word in words]
    if "language" in attribute and len(value) == 2:  # noqa: PLR2004
        wanted = [_LANGUAGES.get(value, value)]
    for start in range(len(words)):
        if words[start : start + len(wanted)] == wanted:
            return start, start + len(wanted)
        if (
            len(wanted) == 2  # noqa: PLR2004
            and words[start : start + 1] == wanted[:1]
            and words[start + 1 : start + 3] in (["and", wanted[1]], ["to", wanted[1]])
        ):
            return start, start + 3
    return None


def read_speech(reading: Reading, view: UserView, cited: Mask) -> list[Finding] | None:
    """`Told support that a refund was missing`: the words of what was said must be those of a message cited."""
    tokens = reading.tokens
    times = [part for part in reading.parts if isinstance(part.value, el.Period)]
    dated = {n for part in times for n in range(part.start, part.end)}
    at = next((n for n, token in enumerate(tokens) if token.low in _SAID_OF and n and n not in dated), None)
    head = [token.low for n, token in enumerate(tokens[:at]) if n not in dated]
    if at is None or not set(head) & _SPEECH or not set(head) <= _SPEECH | _IDLE:
        return None
    told = [token for n, token in enumerate(tokens) if n > at and n not in dated]
    said = [word for word in _words(told) if word not in _IDLE]
    content = {_stem(word) for word in said if word not in _NEGATIONS}
    negations = sum(word in _NEGATIONS for word in said)
    if not content:
        return None
    messages = np.flatnonzero(cited & view.of_kinds(("message",)) & periods_mask(times, view))
    if not len(messages):
        return [Finding(ok=False, needs=view.none(), message="no cited row is such a message then")]
    for row in messages.tolist():
        written = view.text[row]
        same = negations == sum(word in _NEGATIONS for word in written)
        if same and content <= {_stem(word) for word in written}:
            return [Finding(ok=True, needs=view.none())]
    return [Finding(ok=None, needs=view.none(), message="the cited messages do not say it in these words")]


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:  # noqa: PLR2004
            return word[: -len(ending)]
    return word


def has_number(reading: Reading) -> bool:
    """Whether a line holds a number that would have to be computed."""
    if any(isinstance(part.value, el.Times | el.Money | el.Share | el.OutOf) for part in reading.parts):
        return True
    figures = [part for part in reading.parts if isinstance(part.value, el.Count | el.Duration | el.Rate)]
    return any(token.sort == "number" for part in figures for token in reading.tokens[part.start : part.end])
