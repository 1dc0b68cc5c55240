"""Collects the statements: which shapes there are, whom each is about, and what its claim comes to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .verdicts import Verdict
from .world import Group, Row, World

MUTATIONS = (
    "number", "date", "entity", "unit", "direction", "negation", "user", "quantity", "order", "comparison", "aggregation", "evidence",
)  # fmt: skip
# Above so many rows a statement cites a statistic.
MOST_ROWS = 60

Line = tuple[str, Verdict]
Cites = list[Any]


class UnfitError(LookupError):
    """A shape cannot be told of this group: a line would not be clearly true, or clearly false, where it should be."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to put something: which groups it can be told of, of how many it is told, and the function that does."""

    tell: Callable[[Book, Group], None]
    groups: Callable[[World], Iterable[Group]]
    fits: Callable[[Group], bool]
    count: int


SHAPES: list[Shape] = []


def told_of(groups: Callable[[World], Iterable[Group]], fits: Callable[[Group], bool], count: int = 2) -> Callable[..., Any]:
    """Register a shape.

    Args:
        groups: what it can be about.
        fits: which of these it is true of in this wording.
        count: of how many it is told.
    """

    def register(tell: Callable[[Book, Group], None]) -> Callable[[Book, Group], None]:
        SHAPES.append(Shape(tell, groups, fits, count))
        return tell

    return register


@dataclass
class Book:
    """The statements so far."""

    world: World
    entries: list[dict[str, Any]] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    named: Counter[str | None] = field(default_factory=Counter)
    passed_over: list[str] = field(default_factory=list)
    _shape: str = ""
    _number: int = 0

    def write(self, shape: Shape) -> None:
        """Tell one shape of as many groups as it asks for, users who were told of often come last, then merchants that were named often; always the same ones."""
        self.begin(shape.tell.__name__)
        fitting = [group for group in shape.groups(self.world) if shape.fits(group)]
        passed: set[str] = set()
        while self._number < shape.count:
            left = [group for group in fitting if group.user_id not in passed]
            if not left:
                break
            group = min(left, key=self._rank)
            if self._tell(shape, group):
                passed.add(group.user_id)
            else:
                fitting.remove(group)
        assert self._number == shape.count, (
            f"Shape {self._shape!r} fits {self._number} users of {len(fitting)} groups; {shape.count} are asked for."
        )

    def _rank(self, group: Group) -> tuple[int, int, int, str]:
        return self.told[group.user_id] // 3, self.named[group.key], self.told[group.user_id], _draw(self._shape, group)

    def _tell(self, shape: Shape, group: Group) -> bool:
        """Whether all lines of a shape came to what they should; none of them is kept otherwise."""
        before, told, named = len(self.entries), self.told.copy(), self.named.copy()
        self._number += 1
        try:
            shape.tell(self, group)
        except (UnfitError, StopIteration) as error:
            self.passed_over.append(f"{self._shape}: {error}")
            del self.entries[before:]
            self.told, self.named = told, named
            self._number -= 1
            return False
        return True

    def true(self, group: Group, line: Line, *, cites: Cites | Sequence[Row] | None = None) -> dict[str, Any]:
        """A true statement; cites the group's rows where nothing else is said."""
        self.told[group.user_id] += 1
        self.named[group.key] += 1
        return self._add(group.user_id, line, "true", None, None, group.rows if cites is None else cites)

    def false(
        self, base: dict[str, Any], mutation: str, line: Line, *, cites: Cites | Sequence[Row] | None = None, user_id: str | None = None
    ) -> None:
        """A false statement that a true one was turned into; cites the same where nothing else is said."""
        self._add(user_id or base["user_id"], line, "false", mutation, base["id"], base["cites"] if cites is None else cites)

    def of_another(self, base: dict[str, Any], group: Group, line: Callable[[Sequence[Row]], Line], *, own: bool = True) -> None:
        """The same text about another user of whom it is false.

        Args:
            base: the true statement.
            group: what it is about.
            line: text and verdict, from rows.
            own: whether the other user's rows are cited, or those of the user of whom it is true.
        """
        groups = {
            "merchant": self.world.merchants,
            "merchant_category": self.world.categories,
            "city": self.world.cities,
            None: self.world.spenders,
        }
        same = [one for one in groups[group.dim] if one.key == group.key and one.user_id != group.user_id and 2 <= one.n <= MOST_ROWS]
        wrong = [one for one in same if line(one.rows)[1].truth is False]
        if not wrong:
            raise UnfitError(f"no other user of {group.key!r}")
        other = min(wrong, key=lambda one: (self.told[one.user_id], _draw(self._shape, one)))
        self.told[other.user_id] += 1
        self.false(base, "user", line(other.rows), cites=other.rows if own else None, user_id=other.user_id)

    def begin(self, shape: str) -> None:
        """Statements that follow are of this shape."""
        self._shape, self._number = shape, 0

    def untold(self, user_id: str, text: str, cites: Cites | Sequence[Row]) -> None:
        """What no row can show."""
        self._number += 1
        self._add(user_id, (text, Verdict(None, "no row says so")), "uncheckable", None, None, cites)

    def _add(
        self, user_id: str, line: Line, truth: str, mutation: str | None, base: str | None, cites: Cites | Sequence[Row]
    ) -> dict[str, Any]:
        text, verdict = line
        wanted = {"true": True, "false": False, "uncheckable": None}[truth]
        if verdict.truth is not wanted:
            raise UnfitError(f"{user_id} should be {truth} ({mutation}): {text!r} ({verdict.why})")
        assert mutation is None or mutation in MUTATIONS, mutation
        assert "\n" not in text, text
        cited = [cite.row_id if isinstance(cite, Row) else cite for cite in cites]
        rows = [cite for cite in cited if isinstance(cite, str)]
        assert len(cited) > 0, text
        assert len(rows) == len(set(rows)) <= MOST_ROWS, f"{self._shape} cites {len(rows)} rows: {text!r}"
        name = f"{self._shape.replace('_', '-')}-{self._number}"
        taken = sum(entry["id"].startswith(f"{name}-{mutation}") for entry in self.entries) if mutation else 0
        entry = {
            "id": name if mutation is None else f"{name}-{mutation}" + (f"-{taken + 1}" if taken else ""),
            "user_id": user_id, "shape": self._shape, "text": text, "truth": truth, "mutation": mutation, "base": base,
            "why": verdict.why, "cites": cited,
        }  # fmt: skip
        self.entries.append(entry)
        return entry


def statistic(dim: str | None, key: str | None) -> dict[str, Any]:
    """A cite of the user's counts of a key; without dimension and key of all purchases."""
    return {"statistic": {"dim": dim, "key": key}}


def whole(group: Group) -> Cites | Sequence[Row]:
    """All of a group's rows, or their statistic where they are too many."""
    return group.rows if group.n <= MOST_ROWS else [statistic(group.dim, group.key)]


def _draw(shape: str, group: Group) -> str:
    return hashlib.sha256(f"{shape}/{group.user_id}/{group.dim}/{group.key}".encode()).hexdigest()
