"""Checks a line of free text against what it cites: verified where all of it was understood and computed again, refused where the rows contradict it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.apposed import apart, is_list
from memlearn.grounding.freetext.clause import Clause, Finding
from memlearn.grounding.freetext.comparing import read_change, read_comparison, read_earlier, read_shift
from memlearn.grounding.freetext.denials import read_none
from memlearn.grounding.freetext.discounts import read_discounted
from memlearn.grounding.freetext.elements import Part
from memlearn.grounding.freetext.given import has_number, read_person, read_speech
from memlearn.grounding.freetext.givenback import read_given_back
from memlearn.grounding.freetext.groups import read_descriptor, read_distinct, read_ranking, read_spread, read_top_few
from memlearn.grounding.freetext.habits import read_first_few, read_regular, read_steps
from memlearn.grounding.freetext.intervals import read_interval
from memlearn.grounding.freetext.order import read_history, read_previous, read_selected
from memlearn.grounding.freetext.reader import Reading, read_text
from memlearn.grounding.freetext.rhythm import read_away, read_coverage, read_gap, read_rate, read_start, read_stop
from memlearn.grounding.freetext.seasons import comes_back, read_seasonal
from memlearn.grounding.freetext.shares import read_share
from memlearn.grounding.freetext.splits import read_looking_back, read_rest, read_sole, read_unsurpassed
from memlearn.grounding.freetext.superlatives import read_busiest, read_peak
from memlearn.grounding.freetext.torn import is_torn, join_all_of, join_out_of
from memlearn.grounding.freetext.trends import read_price
from memlearn.grounding.freetext.unanswered import read_unanswered
from memlearn.grounding.freetext.values import read_days, read_paced, read_values
from memlearn.grounding.freetext.view import CitedEvidence, Mask, UserView, cited_rows
from memlearn.grounding.freetext.wording import unaccounted

_FRAMES: tuple[Callable[[Clause], list[Finding] | None], ...] = (
    read_interval, read_discounted, read_given_back, read_unanswered, read_rest, read_looking_back, read_unsurpassed, read_sole, read_price, read_regular, read_first_few, read_steps, read_top_few, read_spread, read_peak, read_descriptor, read_busiest, read_ranking, read_distinct, read_history, read_previous, read_shift, read_earlier, read_change, read_comparison, read_coverage, read_gap,
    read_paced, read_rate, read_away, read_start, read_stop, read_none, read_selected, read_days, read_share, read_values,
)  # fmt: skip
# Frames about the time from one to the next.
_RHYTHMS = (read_rate, read_gap, read_paced, read_coverage, read_regular)
# Frames that set names against each other; the others take all names of a clause together.
_RELATIONS = (read_rest, read_shift, read_earlier, read_change, read_comparison)
_BREAKS = frozenset({"semicolon", "but"})
_JOINTS = frozenset({"comma", "and", "open", "close", "colon", "dash", "oncemore", "with"})
# Words that a claim of its own begins with.
_TURNS = frozenset({"unused", "neveragain", "total"})
_QUANTIFIERS = frozenset({"all", "mostly", "most", "never", "rarely", "almostall", "half", "usual", "tend", "only", "nootherwise", "some"})
_DENYING = frozenset({"not", "nothing", "never", "neither", "nor", "without", "neveragain", "nootherwise"})
_MOST_PIECES = 4

Reason = Literal["", "evidence", "name", "number", "contradiction", "lacking", "unread", "unclear"]
"""Why a line is not verified: it cites what is not there; a name that no row has; numbers that could not be computed; the rows say
otherwise; the rows say so, but not those that are cited; it was not understood; the rows are not clear."""

VERSION = "freetext-9"
"""Changes where the same line may come to another verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a line.

    Args:
        status: `verified`: all of it was understood and holds on what is cited; `hypothesis`: it cannot be checked; `refused`: contradicted.
        reason: why it is not verified, for who wrote it; empty where it is.
        claims: number of claims that were computed again.
        code: the reason's sort.
    """

    status: Literal["verified", "hypothesis", "refused"]
    reason: str = ""
    claims: int = 0
    code: Reason = ""


def check_text(text: str, cited: CitedEvidence, view: UserView, reading: Reading | None = None) -> Verdict:
    """Whether a line agrees with the rows, statistics and attributes that it cites.

    Args:
        text: the line.
        cited: what it cites.
        view: the user's rows.
        reading: of the same line by the same rows, where there is one already.
    """
    reading = reading or read_text(text, view)
    verdict = _check(reading, cited, view)
    for at, part in enumerate(reading.parts):
        if verdict.status == "verified" and isinstance(part.value, el.Period) and part.value.other is not None:
            # A time that may be read in two ways: what is said must hold either way.
            start, end = part.value.other
            meant = replace(part, value=replace(part.value, start=start, end=end, base=(start, end), other=None))
            again = _check(replace(reading, parts=[*reading.parts[:at], meant, *reading.parts[at + 1 :]]), cited, view)
            verdict = (
                again if again.status == "verified" else Verdict("hypothesis", "Which days are meant is open.", again.claims, "unclear")
            )
    return verdict


def _check(reading: Reading, cited: CitedEvidence, view: UserView) -> Verdict:  # noqa: PLR0911
    mask, strays = cited_rows(view, cited)
    if strays:
        return Verdict("refused", f"{len(strays)} of the cited rows are none of this user. Cite rows of this user only.", code="evidence")
    if not (mask.any() or cited.persons or cited.statistics):
        return Verdict("refused", "Nothing is cited. Cite the rows or statistics that show it.", code="evidence")
    findings = _of_words(reading, cited, view, mask)
    if findings is not None:
        return _verdict(findings, mask)
    unread = _unread(reading)
    if unread is not None:
        return unread
    gross = _read_all(reading, view, mask, net=False)
    if gross is None:
        return _not_understood(reading)
    verdict = _verdict(gross, mask)
    if verdict.status == "verified" and any(isinstance(part.value, el.Period) and _is_beyond(part.value, view) for part in reading.parts):
        return Verdict("hypothesis", "It speaks of times that the rows do not reach.", len(gross), "unclear")
    if verdict.status == "verified" or not cited.statistics or not view.returned.any():
        return _accounted(verdict, reading, view)
    # Statistics leave out what was given back, rows cited one by one do not.
    # Of a thing that was bought and given back it is not so that none was bought.
    net = None if _denies(reading) else _read_all(reading, view, mask, net=True)
    if net is None or _verdict(net, mask).status != "verified":
        return verdict
    return _accounted(_verdict(net, mask), reading, view)


def _denies(reading: Reading) -> bool:
    """Whether a line says that something is not, or that there are none of it."""
    return any(
        value.tag in _DENYING if isinstance(value := part.value, el.Word) else isinstance(value, el.Count) and value.quantity.value == 0
        for part in reading.parts
    )


def _accounted(verdict: Verdict, reading: Reading, view: UserView) -> Verdict:
    """Nothing is verified of which a word was passed over."""
    word = unaccounted(reading, view) if verdict.status == "verified" else None
    if word is None:
        return verdict
    return Verdict("hypothesis", f"What {word!r} says there cannot be checked. Say plainly what the rows show.", verdict.claims, "unread")


def _is_beyond(period: el.Period, view: UserView) -> bool:
    """Whether a period lies where there are no data: nothing is there, but not because of the user."""
    first = int(view.day.min()) if view.size else view.last_day
    start, end = period.base
    if start > view.last_day or end < first - (period.role == "before"):
        return True
    ragged = [part for part in period.parts if part.start > view.last_day or part.end < first]
    return bool(ragged)


def _of_words(reading: Reading, cited: CitedEvidence, view: UserView, mask: Mask) -> list[Finding] | None:
    findings = read_person(reading, cited.persons, view) if cited.persons else None
    return findings if findings is not None else read_speech(reading, view, mask)


def _unread(reading: Reading) -> Verdict | None:
    """A line with words that nothing explains."""
    if not reading.unknown:
        return None
    absent = [
        part.value.text
        for part in reading.parts
        if isinstance(part.value, el.Name) and not part.value.masks and not part.value.text.islower()
    ]
    if absent:
        return Verdict("refused", f"No row of this user has {absent[0]!r}. Name only what the cited rows hold.", code="name")
    return _not_understood(reading)


def _not_understood(reading: Reading) -> Verdict:
    words = f" ({', '.join(map(repr, reading.unknown[:3]))})" if reading.unknown else ""
    if has_number(reading):
        return Verdict(
            "refused",
            f"Its numbers could not be computed from the rows, as it could not be read{words}. Say one plain thing with each number.",
            code="number",
        )
    return Verdict("hypothesis", f"It could not be read{words}, so nothing of it was checked.", code="unread")


def _verdict(findings: list[Finding], cited: Mask) -> Verdict:
    wrong = next((finding for finding in findings if finding.ok is not None and not finding.ok), None)
    if wrong is not None:
        return Verdict("refused", f"The rows say otherwise: {wrong.message}. Correct it, or leave it out.", len(findings), "contradiction")
    if any(finding.ok is None for finding in findings):
        return Verdict("hypothesis", "The rows are not clear about it.", len(findings), "unclear")
    lacking = max((int((finding.needs & ~cited).sum()) for finding in findings), default=0)
    if lacking:
        return Verdict(
            "refused",
            f"It holds, but not by what is cited: cite also {lacking} more row(s), or the statistic that counts them.",
            len(findings),
            "lacking",
        )
    return Verdict("verified", "", len(findings))


def _read_all(reading: Reading, view: UserView, cited: Mask, *, net: bool) -> list[Finding] | None:
    """Findings of all clauses; None where one cannot be read."""
    whole = Clause(join_all_of(join_out_of(tuple(part for part in reading.parts if not _tagged(part, "skip")))), view, cited, net)
    if "rest" in whole.tags and (divided := read_rest(whole)) is not None:
        return divided
    pieces = _split(whole.parts, _BREAKS)
    findings: list[Finding] = []
    for at, parts in enumerate(pieces):
        before = tuple(part for piece in pieces[:at] for part in piece)
        found = _interpret(replace(whole, parts=parts, inherited=_handed_on(before)), _MOST_PIECES)
        if found is None:
            return None
        findings += found
    return _settled(findings) or None


def _settled(findings: list[Finding]) -> list[Finding]:
    """`No longer goes there; nothing in the past four months`: what is over is open by itself, and holds where the line tells since when."""
    told = [finding.needs for finding in findings if finding.ended and finding.ok]
    return [
        replace(finding, ok=True)
        if finding.ended is False and finding.ok is None and any(np.array_equal(finding.needs, rows) for rows in told)
        else finding
        for finding in findings
    ]


def _tagged(part: Part, tag: str) -> bool:
    return isinstance(part.value, el.Word) and part.value.tag == tag


def _split(parts: tuple[Part, ...], tags: frozenset[str]) -> list[tuple[Part, ...]]:
    pieces: list[list[Part]] = [[]]
    for part in parts:
        if isinstance(part.value, el.Word) and part.value.tag in tags:
            pieces.append([])
        else:
            pieces[-1].append(part)
    return [tuple(piece) for piece in pieces if any(not _tagged(part, "stop_sign") and not _tagged(part, "comma") for part in piece)]


def _handed_on(parts: tuple[Part, ...], *, back: bool = False) -> tuple[Part, ...]:
    """What a clause takes from the one before it: names, periods and words; from the one after it, names and words only."""
    tags = {part.value.tag for part in parts if isinstance(part.value, el.Word)}
    sorts: tuple[type, ...] = (el.Name, el.Word, el.Rate) if back else (el.Name, el.Word, el.Rate, el.Period, el.Currency)
    if not back and not tags & _QUANTIFIERS:
        sorts = (*sorts, el.Weekdays, el.Hours)
    return tuple(part for part in parts if isinstance(part.value, sorts))


def _interpret(clause: Clause, pieces: int) -> list[Finding] | None:
    """What the first frame that accounts for every part makes of a clause; else of the pieces that it falls into at a comma or an `and`."""
    for frame in _frames_of(clause):
        found = frame(clause)
        if found is not None:
            return _as_far_as_told(found, frame, clause)
    if pieces <= 1:
        return None
    beside = _with_figures(clause, pieces)
    if beside is not None and (all(finding.ok for finding in beside) or _is_listed(clause)):
        return beside
    for at, part in enumerate(clause.parts):
        if isinstance(part.value, el.Word) and (part.value.tag in _JOINTS | _TURNS or _is_set_against(part.value)):
            both = _in_two(clause, at, part.value, pieces)
            if both is not None:
                return both
    # Not so with each figure for itself, and not to be read otherwise.
    return beside


def _frames_of(clause: Clause) -> Sequence[Callable[[Clause], list[Finding] | None]]:
    if comes_back(clause):
        return (read_discounted, read_seasonal)
    return (read_interval,) if clause.is_mixed() else _RELATIONS if is_torn(clause.parts, clause.view) else _FRAMES


def _as_far_as_told(findings: list[Finding], frame: Callable[[Clause], list[Finding] | None], clause: Clause) -> list[Finding]:
    """What holds by rows that are no evidence for it is open: a rhythm by days that tell none, nothing at a time of the day that is not known."""
    view = clause.view
    if frame in _RHYTHMS:
        silent = view.loose
    elif frame is read_none:
        silent = view.unseen | (view.second < 0) if clause.has(el.Hours, el.Clock) else view.unseen
    else:
        return findings
    return [replace(finding, ok=None) if finding.ok and (finding.needs & silent).any() else finding for finding in findings]


def _is_listed(clause: Clause) -> bool:
    """A list of names, each with its figure, is read as nothing else."""
    beside = apart(clause)
    return beside is not None and is_list(beside[0])


def _with_figures(clause: Clause, pieces: int) -> list[Finding] | None:
    """Figures that stand beside names and times as claims of their own, and the clause without them."""
    beside = apart(clause)
    listed = beside is not None and is_list(beside[0])
    told = ([] if listed else _interpret(beside[0], pieces - 1)) if beside is not None and beside[0].parts else None
    if beside is None or told is None:
        return None
    found = [read_share(side) if side.has(el.OutOf) else read_values(side) for side in beside[1]]
    return [*told, *(finding for one in found for finding in one or ())] if all(found) else None


def _in_two(clause: Clause, at: int, word: el.Word, pieces: int) -> list[Finding] | None:
    """A clause as two, cut at a word."""
    left, right = clause.parts[:at], clause.parts[at + (word.tag not in _TURNS) :]
    if not left or not _says(right) or not _says(left):
        return None
    named = any(isinstance(part.value, el.Name) for part in clause.inherited)
    # Redeemed five offers, three of them for groceries: the five are not.
    named = named or isinstance(right[0].value, el.Count | el.Times | el.OutOf | el.Share)
    back = tuple(part for part in _handed_on(right, back=True) if not (named and isinstance(part.value, el.Name)))
    if all(isinstance(part.value, el.Word) for part in left):
        # Bought and returned on 5 May: both of it on that day.
        back += tuple(part for part in right if isinstance(part.value, el.Period))
    found = _interpret(replace(clause, parts=left, inherited=(*clause.inherited, *back)), 1)
    if found is None:
        return None
    rest = _interpret(replace(clause, parts=right, inherited=(*clause.inherited, *_handed_on(left))), pieces - 1)
    return None if rest is None else [*found, *rest]


def _is_set_against(word: el.Word) -> bool:
    """`Nine in March, compared with two in May`: two claims, one beside the other."""
    return word.tag == "than" and word.text.partition(" ")[0] in ("compared", "versus", "vs", "against")


def _says(parts: tuple[Part, ...]) -> bool:
    return any(not isinstance(part.value, el.Word) or part.value.tag not in _JOINTS | {"stop_sign"} for part in parts)
