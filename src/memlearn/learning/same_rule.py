"""Whether two sentences of documents say the same, so that one of them need not be told. Pure.

Two sentences say the same where the words that carry their meaning coincide, whatever their forms and order, and neither their
numbers, amounts, durations and bounds nor their denials, conditions and strength (must, should, may) differ. Of all other pairs both
are told: a line too many takes room, a rule that is missing misleads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from memlearn.learning.said import SMALL_WORDS, UNITS, number_of, stem

_TOKEN = re.compile(r"[<>]=?(?=\s)|\d+(?:[.,]\d+)*|[%€$£]|[^\W\d_]+(?:'[^\W\d_]+)?")
# Phrases that mean one thing each, written as one word each; in this order.
_PHRASES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"’", "'"),
        (r"\bcan't\b|\bcannot\b", "can not"),
        (r"\bwon't\b", "will not"),
        (r"n't\b", " not"),
        (r"\b(?:not|never) (?:have|need|required|obliged|necessary)\b(?: to\b)?|\bneed not\b", "neednot"),
        (r"\b(?:ha(?:s|ve)|needs?) to\b|\b(?:is|are) (?:required|obliged) to\b", "must"),
        (r"\bought to\b", "should"),
        (r"\bnot (?:all|every|always)\b", "notall"),
        (r"\b(opt|sign|log|turn|switch|check|cash)\w*[ -](in|on|out|off|up)\b", r"\1\2"),
        (r"\bmay(?= \d)|(?<=\d )may\b", "maymonth"),
        (r"\bper cent\b", "percent"),
        (r"([€$£]|\b(?:eur|usd|gbp)\b)\s*(\d[\d.,]*\d|\d)", r"\2 \1 "),
        (r"\b(under|over|below|above|aged|least|to) (\d+) years?(?: old| of age)?\b|\b(\d+) years? (?:old|of age)\b", r"\1 \2\3"),
        (r"\b(\d+)( \w+)? or (?:more|older|over|above)\b", r">= \1\2"),
        (r"\b(\d+)( \w+)? or (?:fewer|less|younger|under|below)\b", r"<= \1\2"),
        (r"\b(?:no|not) (?:more|later|longer) than\b|\b(?:not|never)(?: \w+)? exceed\w*|\bat most\b|\bup to\b|\bat the latest\b", "<= "),
        (
            r"\b(?:limited to|within|maximum(?: of)?)(?= (?:the )?(?:first |next |last )?(?:\d|one|two|three|four|five|six|seven|eight|nine|ten)\w*)",
            "<= ",
        ),
        (r"\b(?:at least|(?:no|not) (?:less|fewer|earlier) than)\b|\bminimum(?: of)?(?= \d)", ">= "),
        (r"\b(?:fewer|less) than\b|\b(?:under|below)(?= \d)", "< "),
        (r"\bmore than\b|\b(?:over|above)(?= \d)|\bexceed\w*", "> "),
        (r"(?:\b(?:and|but)|[,;])(?= (?:do|does|must|may|can|should|shall|will|never|not|avoid)\b)", ", but"),
        (r"\be-mail", "email"),
        (r"\binstead of\b|\brather than\b", "insteadof"),
        (r"\bother than\b|\bapart from\b|\bexcept\w*(?: for)?\b", "except"),
        (r"\bin case\b|\bas long as\b|\bprovided(?: that)?\b|\bonce(?! (?:a|per|every|each|in)\b)", "if"),
        (r"\b(?:of|upon) (?:its |their )?receipt\b", ""),
        (r"\bonce\b", "1 times"),
        (r"\btwice\b", "2 times"),
    )
)
_NEGATIONS = re.compile(r"(?:not|never|no|none|nobody|nothing|neither|nor|avoid\w*|prohibit\w*|forbid\w*|banned|disallow\w*)")
_FORBIDDING = re.compile(r"(?:avoid|prohibit|forbid|banned|disallow)\w*")
_MODALS = {
    **dict.fromkeys("must shall required requires mandatory obliged".split(), "must"),  # noqa: SIM905 - reads better as text
    **dict.fromkeys(("should", "recommended"), "should"),
    **dict.fromkeys("may can could might allowed permitted".split(), "may"),  # noqa: SIM905
    "neednot": "need not",
}
_BEING = frozenset("be been being is are was were".split())  # noqa: SIM905
_PIVOTS = _BEING | frozenset("do does did will would".split()) | _MODALS.keys()  # noqa: SIM905
# Words at which another part of the sentence begins; those of one meaning have one name.
_JOINTS = {
    **{word: word for word in "before after until unless without except insteadof from to by than against between but".split()},  # noqa: SIM905
    **dict.fromkeys(("if", "when", "whenever", "where"), "if"),
    **dict.fromkeys(("who", "whom", "which", "that", "whose"), "who"),
    **dict.fromkeys(("because", "since", "as"), "because"),
    "till": "until",
}
# What is done by somebody names them behind this word.
_AGENT = frozenset({"by"})
# Words before the subject: they stand as well at the end.
_FRONTED = frozenset("in on at for with within during under of upon".split())  # noqa: SIM905
_ALL = frozenset("all every each always".split())  # noqa: SIM905
_TELLING = frozenset("out off up down over about only or".split())  # noqa: SIM905
_LIGHT = frozenset("use uses used using please calendar one".split())  # noqa: SIM905
_OURS = {"us": "we", "our": "we", "we": "we", "you": "you", "your": "you", "yours": "you"}
_FORMS = {
    **dict.fromkeys(("paid", "pays"), "pay"),
    **dict.fromkeys(("shown", "shows", "display", "displayed", "displays"), "show"),
    **dict.fromkeys(("client", "clients"), "customer"),
    **dict.fromkeys(("employee", "employees"), "staff"),
    **dict.fromkeys(("working",), "business"),
    **{form: base for base, forms in {
        "send": "sent", "give": "given gave", "tell": "told", "keep": "kept", "make": "made", "write": "written wrote", "hold": "held",
        "buy": "bought", "sell": "sold", "take": "taken", "speak": "spoken", "say": "said", "leave": "left", "lend": "lent", "meet": "met",
        "see": "seen", "know": "known", "find": "found", "read": "read", "put": "put", "set": "set", "cut": "cut", "let": "let",
    }.items() for form in forms.split()},
}  # fmt: skip
_PARTICIPLES = frozenset(_FORMS) - {"client", "clients", "employee", "employees", "working", "pays", "shows", "display", "displays"}
_PERIODS = {"week": (7, "day"), "year": (12, "month"), "quarter": (3, "month")}
_CURRENCIES = frozenset("€$£%")


def says_the_same(one: str, other: str) -> bool:
    """True where two sentences say the same, however worded.

    Args:
        one: a sentence.
        other: another.
    """
    if one.casefold().split() == other.casefold().split():
        return True
    return _read(one).says(_read(other))


@dataclass(slots=True)
class _Part:
    """A part of a sentence: its words, and which way it points."""

    name: str
    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)
    head: str | None = None
    negations: int = 0
    modals: set[str] = field(default_factory=set)
    pivot: bool = False
    forbids: bool = False

    def add(self, word: str) -> None:
        if self.head is None:
            self.head = word
        (self.after if self.pivot else self.before).add(word)

    @property
    def strength(self) -> str:
        if "need not" in self.modals:
            return "need not"
        for modal in ("should", "must", "may"):
            if modal in self.modals:
                return "must not" if self.negations and modal != "should" else f"{modal} {self.negations % 2}"
        return "must not" if self.negations else ""

    def key(self) -> tuple[str, frozenset[str], str]:
        return self.name, frozenset(self.before | self.after), self.strength


@dataclass(frozen=True, slots=True)
class _Sentence:
    main: _Part
    passive: bool
    agent: frozenset[str]
    others: frozenset[tuple[tuple[str, frozenset[str], str], int]]
    measures: frozenset[tuple[tuple[str, str, str], int]]

    def says(self, other: _Sentence) -> bool:
        if self.measures != other.measures or self.others != other.others or self.main.strength != other.main.strength:
            return False
        if self.passive == other.passive:
            return self.agent == other.agent and self._parts() == other._parts() and not self._turned(other)
        active, passive = (other, self) if self.passive else (self, other)
        agents = (passive.agent,) if passive.agent else (frozenset(), frozenset({"we"}))
        return not active.agent and active.main.before in agents and active.main.after == passive.main.before | passive.main.after

    def _parts(self) -> tuple[set[str], set[str]]:
        main = self.main
        return (main.before, main.after) if main.pivot else (set(), main.before | main.after)

    def _turned(self, other: _Sentence) -> bool:
        """True where sentences without a verb that tells their halves apart begin with different words."""
        one, two = self.main, other.main
        return not (one.pivot or two.pivot or one.forbids or two.forbids) and one.head != two.head


def _read(text: str) -> _Sentence:
    plain = text.casefold()
    for pattern, replacement in _PHRASES:
        plain = pattern.sub(replacement, plain)
    front, comma, rest = plain.partition(",")
    first = front.split(maxsplit=1)[0] if front.strip() else ""
    moved = comma and (first in _JOINTS or first in _FRONTED)
    clauses = [_TOKEN.findall(rest), _TOKEN.findall(front)] if moved else [_TOKEN.findall(plain)]
    if clauses[0][:1] == ["but"]:
        del clauses[0][0]
    passive = _is_passive(clauses[0])
    main = _Part("")
    parts: list[_Part] = []
    for tokens in clauses:
        parts += _parts_of(tokens, main, passive=passive)
    agent = frozenset(word for part in parts if passive and part.name in _AGENT for word in part.before | part.after)
    others = Counter(part.key() for part in parts if not (passive and part.name in _AGENT))
    measures = Counter(measure for tokens in clauses for measure in _measures(tokens))
    return _Sentence(main, passive, agent, frozenset(others.items()), frozenset(measures.items()))


def _parts_of(tokens: Sequence[str], main: _Part, *, passive: bool) -> list[_Part]:
    found: list[_Part] = []
    part = main
    for at, token in enumerate(tokens):
        if token in _JOINTS and (token not in _AGENT or passive):
            part = _Part(_JOINTS[token])
            found.append(part)
        elif _NEGATIONS.fullmatch(token):
            part.negations += 1
            part.forbids |= bool(_FORBIDDING.fullmatch(token))
        elif token in _PIVOTS:
            part.pivot = True
            part.modals |= {_MODALS[token]} if token in _MODALS else set()
        else:
            denied = bool(part.negations)
            for word in _content(token, denied=denied, unit=_is_measured(tokens, at)):
                part.add(word)
    return found


def _content(token: str, *, denied: bool, unit: bool) -> Iterable[str]:
    """The word as it is compared; nothing where it adds nothing."""
    if token in _OURS:
        yield _OURS[token]
    elif token in _TELLING or (token in _ALL and denied):
        yield token
    elif (
        token[0].isalpha()
        and not unit
        and token not in SMALL_WORDS
        and token not in _ALL
        and token not in _LIGHT
        and number_of(token) is None
    ):
        yield stem(_FORMS.get(token, token))


def _is_measured(tokens: Sequence[str], at: int) -> bool:
    counted = at > 0 and number_of(tokens[at - 1]) is not None
    if tokens[at] == "times" or UNITS.get(tokens[at]) in _CURRENCIES:
        return counted
    return tokens[at] in UNITS


def _is_passive(tokens: Sequence[str]) -> bool:
    """True where the first form of "be" stands before a participle, as in "must be paid", "is never shown"."""
    being = next((at for at, token in enumerate(tokens) if token in _BEING), None)
    if being is None:
        return False
    following = (
        token for token in tokens[being + 1 :] if token not in {"not", "never", "only", "always", "also"} and not token.endswith("ly")
    )
    word = next(following, "")
    return word.endswith(("ed", "en")) or word in _PARTICIPLES


def _measures(tokens: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """Each number as bound, number and what it counts; a unit alone counts as one."""
    taken: set[int] = set()
    for at, token in enumerate(tokens):
        number = number_of(token)
        bound = tokens[at - 1] if at and tokens[at - 1][0] in "<>" else ""
        if number is None or (token in _LIGHT and not bound):
            continue
        place = next((place for place in range(at + 1, len(tokens)) if _counts(tokens[place])), None)
        if place is None or tokens[place] in _JOINTS or tokens[place] in _PIVOTS or number_of(tokens[place]) is not None:
            yield bound, number, ""
            continue
        unit, number, taken_at = _unit(tokens, place, number)
        taken |= taken_at
        yield bound, number, unit
    for at, token in enumerate(tokens):
        if token in UNITS and at not in taken and UNITS[token] not in _CURRENCIES:
            number, unit = _in_base("1", UNITS[token])
            yield "", number, unit


def _counts(token: str) -> bool:
    return (
        token in UNITS
        or token in _JOINTS
        or token in _PIVOTS
        or number_of(token) is not None
        or (token not in SMALL_WORDS and token not in _LIGHT)
    )


def _unit(tokens: Sequence[str], place: int, number: str) -> tuple[str, str, set[int]]:
    token = tokens[place]
    if token in UNITS:
        number, unit = _in_base(number, UNITS[token])
        return unit, number, {place}
    behind = tokens[place + 1] if place + 1 < len(tokens) else ""
    if token in {"business", "working"} and behind in UNITS:
        return UNITS[behind], number, {place + 1}
    return stem(_FORMS.get(token, token)), number, set()


def _in_base(number: str, unit: str) -> tuple[str, str]:
    times, base = _PERIODS.get(unit, (1, unit))
    return (str(int(number) * times), base) if number.isdigit() else (number, unit)
