"""Statements: one line of a block, its typed fact and its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["verified", "hypothesis"]

FACT_KINDS = {
    "person": "given about the user: attribute `key` has `value`",
    "activity": "how many purchases on how many days in a window",
    "spending": "amount spent in a currency in a window",
    "likes": "a larger share of the user's purchases is of this key than of other users' purchases",
    "habit": "bought at a regular interval",
    "time_habit": "bought mostly at a time of the week",
    "season": "bought mostly in some months of the year",
    "offer_answers": "answers many of the offers of this key",
    "offer_ignores": "answers none or few of the offers of this key",
    "discounts": "buys mostly with, or mostly without a discount",
    "returns": "gives an unusual share of purchases back",
    "moved": "went from one key to another of the same dimension",
    "started": "new since a month",
    "stopped": "was regular and is not any more",
    "spending_change": "spends more or less per month than before",
    "stance": "stated by an operator: likes, avoids or needs",
    "popular": "bought by many users (shared)",
    "trend": "grows or shrinks over all users (shared)",
    "with": "bought together (shared)",
    "after": "bought next (shared)",
    "passage": "said in a passage of a document (shared)",
    "rule_candidate": "a rule that a passage seems to lay down, for review (shared); `dim` is its sort, `key` the passage",
}
"""Every kind of fact, and what it claims; the arguments are in `docs/concepts.md`."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A typed claim that code can check again on the rows.

    Args:
        kind: one of `FACT_KINDS`.
        dim: what kind of thing it is about: `item`, a catalogue level, `merchant`, an attribute; None for the user as a whole.
        key: which one.
        values: the numbers, dates (ISO) and names claimed; plain JSON values.
    """

    kind: str
    dim: str | None = None
    key: str | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As published: one flat object."""
        return {"kind": self.kind, "dim": self.dim, "key": self.key, **self.values}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a statement comes from.

    Args:
        rows: ids of rows of the user's events, 16 hexadecimal digits each, the most telling ones.
        statistic: names of the statistics that the fact was computed from, between semicolons (`memlearn.memory.statistic_names`); each
            covers all rows it names. What cites many rows names them so too: `rows 1-126 #0a1b2c3d` (`memlearn.memory.cited`).
        passages: ids of document passages.
        operator: True where a person stated it.
    """

    rows: tuple[str, ...] = ()
    statistic: str | None = None
    passages: tuple[str, ...] = ()
    operator: bool = False

    def to_json(self) -> dict[str, Any]:
        """As published: only what is there."""
        full = {"rows": list(self.rows), "statistic": self.statistic, "passages": list(self.passages), "operator": self.operator}
        return {name: value for name, value in full.items() if value}


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of a block."""

    text: str
    evidence: Evidence
    fact: Fact | None = None
    status: Status = "verified"
