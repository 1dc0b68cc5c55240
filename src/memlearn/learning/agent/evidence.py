"""What a line stands on: its rows, statistics, lines and passages as the checker takes them, without rows that are gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from memlearn.errors import EditError
from memlearn.grounding.freetext import CitedEvidence, UserView
from memlearn.learning.agent.step import PERSON, Cited, StepInput
from memlearn.memory import Evidence, Fact, Statement
from memlearn.memory.cited import is_name_of_rows, rows_named
from memlearn.memory.statistic_names import join_names, read_name, split_names

CATEGORY = ("category", "merchant_category")
Key = tuple[str | None, str | None]
# What the statistics of a kind are counted from; those of other kinds are of all events of their key.
_BOUGHT, _GIVEN_BACK = ("purchase",), ("purchase", "refund", "cancellation")
_EVENTS = {
    "offers": ("exposure", "redemption"),
    "returns": _GIVEN_BACK,
    **dict.fromkeys(("weekdays", "hours", "months", "discounts", "rhythm", "season", "started", "stopped", "moved"), _BOUGHT),
}
_OF_THE_WHOLE = ("counts", "offers", "weekdays", "hours", "months", "discounts")


@dataclass(frozen=True, slots=True)
class Standing:
    """Evidence, resolved.

    Args:
        cited: as the checker of free text takes it.
        evidence: as it is kept with the statement.
        rows: ids of the rows that are cited one by one.
        texts: what is cited word for word.
        numbers: of the statistics.
        only_words: True: passages alone are cited, so that nothing can be computed.
    """

    cited: CitedEvidence
    evidence: Evidence
    rows: tuple[str, ...]
    texts: tuple[str, ...]
    numbers: tuple[float, ...]
    only_words: bool


def stand_on(step: StepInput | None, cited: Cited, view: UserView) -> Standing:
    """Resolve what is cited.

    Args:
        step: what the positions of `cited` are in; None where only lines are cited.
        cited: what was found.
        view: the user's rows.

    Raises:
        EditError: nothing is left of it.
    """
    own = Evidence() if step is None else replace_lines(cited).evidence(step)
    facts = [] if step is None else [step.statistics[at].fact for at in cited.statistics]
    there = set(view.row_ids)
    inherited = [line.evidence for line in cited.lines]
    every = [name for evidence in (own, *inherited) for name in split_names(evidence.statistic)]
    names = dict.fromkeys(name for name in every if not is_name_of_rows(name))
    named = [row for name in every if is_name_of_rows(name) for row in rows_named(name, view.row_ids)]
    rows = dict.fromkeys((*own.rows, *(row for evidence in inherited for row in evidence.rows if row in there), *named))
    passages = dict.fromkeys(passage for evidence in (own, *inherited) for passage in evidence.passages)
    keys = {(key, _EVENTS.get(name.partition(" ")[0], ())): None for name in names for key in _keys(name, view)}
    persons = tuple(sorted(view.person)) if PERSON in names else ()
    if not (rows or keys or persons or passages):
        raise _nothing_left(cited.lines)
    texts = [] if step is None else [step.rows[at].text for at in cited.rows] + [step.passages[at].text for at in cited.passages]
    texts += [line.text for line in cited.lines if line.status == "verified"]
    texts += [] if step is None else [step.statistics[at].text for at in cited.statistics]
    texts += [view.person[name] for name in persons]
    return Standing(
        CitedEvidence(tuple(rows), tuple(key for key, _ in keys), persons, tuple(events for _, events in keys)),
        Evidence(tuple(rows), join_names(names), tuple(passages)),
        tuple(rows),
        tuple(texts),
        tuple(number for fact in facts for number in _numbers(fact)),
        only_words=not (rows or keys or persons),
    )


def replace_lines(cited: Cited) -> Cited:
    """What is cited itself, without the lines."""
    return Cited(cited.rows, cited.statistics, (), cited.passages, cited.person)


def _nothing_left(lines: tuple[Statement, ...]) -> EditError:
    if any(line.evidence.operator for line in lines):
        return EditError(
            "A line that a person stated is kept as it is and shows nothing else. Cite the rows or statistics that show it.", "evidence"
        )
    told = f" of {lines[0].text[:80]!r}" if lines else ""
    return EditError(f"The rows{told} are no longer there, so it shows nothing. Cite rows or statistics, or delete that line.", "stale")


def _keys(name: str, view: UserView) -> list[Key]:
    """(dim, key) of a statistic's name: `offers`, `counts merchant ACME`; several where a dimension goes by two names."""
    if name == PERSON:
        return []
    kind, dim, key = read_name(name)
    if dim is None:
        return [(None, None)] if kind in _OF_THE_WHOLE else []
    known = {"currency", *CATEGORY, *view.columns}
    if dim not in known and key is not None:
        dim, key = _unquoted(f"{dim} {key}", known)
    if dim not in known or key is None:
        return []
    return [(one, key) for one in (CATEGORY if dim in CATEGORY else (dim,))]


def _unquoted(rest: str, known: Collection[str]) -> tuple[str | None, str | None]:
    """Dimension and key of a name from before blanks in dimensions were written with a backslash."""
    dim = max((one for one in known if rest.startswith(f"{one} ")), key=len, default=None)
    return dim, None if dim is None else rest[len(dim) + 1 :]


def _numbers(fact: Fact) -> list[float]:
    return [float(value) for name, value in fact.values.items() if isinstance(value, int) and name != "amount"]
