"""What a release holds about one user, as values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from memlearn.memory import Evidence, Fact, Statement
from memlearn.memory.statements import Status


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """A published line of a block: the columns of the table `statements`."""

    label: str
    line: int
    text: str
    kind: str | None
    dim: str | None
    key: str | None
    fact: str | None
    rows: tuple[str, ...]
    statistic: str | None
    passages: tuple[str, ...]
    operator: bool
    status: str

    def to_statement(self) -> Statement:
        """The line as a memory value."""
        return Statement(
            text=self.text,
            evidence=Evidence(rows=self.rows, statistic=self.statistic, passages=self.passages, operator=self.operator),
            fact=_parse_fact(self.fact),
            status=cast("Status", self.status),
        )


@dataclass(frozen=True, slots=True)
class ItemFact:
    """What is known of a user about one item or category; times in microseconds UTC, counts net of refunds."""

    dim: str
    key: str
    n: int
    days: int
    first_us: int | None
    last_us: int | None
    every_days: float | None
    strength: float
    lift: float | None
    shown: int
    answered: int
    stance: str | None
    stance_until_us: int | None


@dataclass(frozen=True, slots=True)
class CitedRow:
    """The content of a row that a statement cites; amount in minor units, quantity in thousandths."""

    row_id: str
    source: str
    time_us: int
    offset_s: int
    has_clock: bool
    kind: str
    label: str | None
    text: str | None
    amount: int | None
    currency: str | None
    quantity: int | None


@dataclass(frozen=True, slots=True)
class Offered:
    """The latest offers that were sent to a user, in order of time; minutes since 1970-01-01T00:00Z.

    Args:
        items: ids of the offers.
        sent: when each was sent.
        answered: when it was answered; -1 where it was not.
    """

    items: list[str]
    sent: list[int]
    answered: list[int]


@dataclass(frozen=True, slots=True)
class Bought:
    """What a user bought of what may be recommended; a day on which they bought anything is a visit, days count from 1970-01-01.

    Args:
        visits: of the user.
        purchases: an item counts once a visit.
        different: different items, those that memory does not hold included.
        first_day, last_day: the first and the last visit.
        last_size: items of the last visit.
        items: ids of the items that memory holds, sorted.
        item_visits, item_first_day, item_last_day: of each of them.
        item_faded: three numbers of each of them, thousandths: its visits, what is past counting less, the fastest fading first; None where the
            release is older than they are.
    """

    visits: int
    purchases: int
    different: int
    first_day: int
    last_day: int
    last_size: int
    items: Sequence[str]
    item_visits: Sequence[int]
    item_first_day: Sequence[int]
    item_last_day: Sequence[int]
    item_faded: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """All that a release holds about one user."""

    user_id: str
    steps: int
    events: int
    first_us: int | None
    last_us: int | None
    state_digest: str
    content_digest: str
    statements: tuple[StatementRecord, ...]
    item_facts: tuple[ItemFact, ...]
    cited_rows: tuple[CitedRow, ...]
    persons: Mapping[str, str]
    bought: Bought | None = None
    offered: Offered | None = None


def to_statement_record(row: tuple[object, ...]) -> StatementRecord:
    """A row of `statements` or `shared_statements`, without the user, as a value."""
    label, line, text, kind, dim, key, fact, rows, statistic, passages, operator, status = row
    return StatementRecord(
        label=cast("str", label),
        line=cast("int", line),
        text=cast("str", text),
        kind=cast("str | None", kind),
        dim=cast("str | None", dim),
        key=cast("str | None", key),
        fact=cast("str | None", fact),
        rows=tuple(cast("list[str] | None", rows) or ()),
        statistic=cast("str | None", statistic),
        passages=tuple(cast("list[str] | None", passages) or ()),
        operator=bool(operator),
        status=cast("str", status),
    )


def _parse_fact(text: str | None) -> Fact | None:
    if text is None:
        return None
    values = json.loads(text)
    return Fact(kind=values.pop("kind"), dim=values.pop("dim", None), key=values.pop("key", None), values=values)
