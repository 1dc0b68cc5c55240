"""A grocer's releases, written by hand and published: what serving reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from memlearn.records import ITEM_SCHEMA
from memlearn.store import (
    SHARED_TABLES,
    USER_TABLES,
    USERS_SCHEMA,
    Manifest,
    ReleaseDraft,
    StoreLayout,
    publish_release,
    with_content,
    write_shared_segment,
    write_user_segment,
)
from memlearn.store.parts import write_part

DAY_US = 86_400_000_000
NOW = 20_000 * DAY_US

ITEMS = [
    {"item_id": "milk", "name": "Whole milk", "level_category": "dairy"},
    {"item_id": "kefir", "name": "Kefir", "level_category": "dairy"},
    {"item_id": "bread", "name": "Rye bread", "level_category": "bakery"},
    {"item_id": "beans", "name": "Espresso beans", "level_category": "coffee"},
    {"item_id": "gone", "name": "Last year's cake", "level_category": "bakery", "valid_until_us": NOW - DAY_US},
    {"item_id": "bag", "name": "Carrier bag", "level_category": "other", "recommend": False},
]
POPULARITY = [("milk", 41), ("bread", 30), ("kefir", 12), ("beans", 9), ("bag", 70)]
BLOCKS = [("preferences", False), ("habits", False), ("trends", True)]


@dataclass(frozen=True)
class Person:
    """What a release shall hold about one user."""

    facts: Sequence[Mapping[str, Any]] = ()
    lines: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    given: Mapping[str, str] = field(default_factory=dict)


def bought(key: str, dim: str = "item", *, days_ago: float = 11, **values: object) -> dict[str, Any]:
    usual = {"n": 10, "days": 10, "first_us": 0, "every_days": 10.0, "strength": 0.3, "lift": 2.0, "shown": 0, "answered": 0}
    return {"dim": dim, "key": key, "last_us": NOW - int(days_ago * DAY_US), **usual, **values}


def line(text: str, kind: str, dim: str, key: str, *, label: str = "preferences", **values: object) -> dict[str, Any]:
    fact = json.dumps({"kind": kind, "dim": dim, "key": key, **values})
    said = {
        "operator": kind == "stance",
        "status": "verified",
        "rows": ["00000000000000aa"],
        "statistic": f"{kind}_of_user",
        "passages": [],
    }
    return {"label": label, "text": text, "kind": kind, "dim": dim, "key": key, "fact": fact, **said}


def avoids(dim: str, key: str) -> dict[str, Any]:
    return {"dim": dim, "key": key, "stance": "avoids", "n": 0, "strength": 0.0, "shown": 0, "answered": 0}


@dataclass
class Shop:
    """Publishes releases of people."""

    layout: StoreLayout
    parts: Path
    count: int = 0

    def publish(self, people: Mapping[str, Person], as_of_us: int = NOW) -> Manifest:
        """Publish a release that holds these people and nobody else."""
        self.count += 1
        tables = {
            "statements": [
                {"user_id": user, "line": number, **said} for user, person in people.items() for number, said in enumerate(person.lines, 1)
            ],
            "item_facts": [{"user_id": user, **fact} for user, person in people.items() for fact in person.facts],
            "cited_rows": [{"user_id": user, **row} for user, person in people.items() for row in person.rows],
            "persons": [
                {"user_id": user, "attribute": name, "value": value}
                for user, person in people.items()
                for name, value in person.given.items()
            ],
        }
        users = [{"user_id": user, "steps": 1, "events": 7, "first_us": 1, "last_us": 9, "state_digest": "ab" * 16} for user in people]
        frames = {"users": pl.DataFrame(users, schema=USERS_SCHEMA)}
        frames |= {name: pl.DataFrame(rows, schema=USER_TABLES[name]) for name, rows in tables.items()}
        files = {}
        for name, frame in with_content(frames).items():
            files[name] = [self.parts / f"{self.count}-{name}.arrow"]
            write_part(frame, files[name][0])
        segment = write_user_segment(self.layout, files)
        shared = write_shared_segment(self.layout, _shared())
        return publish_release(self.layout, ReleaseDraft(f"run-{self.count}", as_of_us, "config", (segment,), shared))


def _shared() -> dict[str, pl.DataFrame]:
    blocks = [{"label": label, "description": "d", "limit": 900, "read_only": shared, "shared": shared} for label, shared in BLOCKS]
    trend = line("Popular: milk.", "popular", "item", "milk", label="trends")
    return {
        "items": pl.DataFrame([{"recommend": True, **item} for item in ITEMS], schema={**ITEM_SCHEMA, "level_category": pl.String()}),
        "popularity": pl.DataFrame(
            [{"dim": "item", "key": key, "n": users, "users": users, "recent": 0} for key, users in POPULARITY],
            schema=SHARED_TABLES["popularity"],
        ),
        "blocks": pl.DataFrame(blocks, schema=SHARED_TABLES["blocks"]),
        "shared_statements": pl.DataFrame([{**trend, "line": 1}], schema=SHARED_TABLES["shared_statements"]),
    }


ANNA = Person(
    facts=(bought("beans"), bought("bread", days_ago=1), bought("milk", days_ago=4)),
    lines=(line("Buys espresso beans about every 10 days.", "habit", "item", "beans", label="habits"),),
    rows=(
        {
            "row_id": "00000000000000aa", "source": "till", "time_us": NOW - DAY_US, "offset_s": 7200, "has_clock": True, "kind": "purchase",
            "label": "Espresso beans", "amount": 1299, "currency": "EUR", "quantity": 1500,
        },
    ),
)  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop without a release."""
    layout = StoreLayout(tmp_path / "store")
    layout.create()
    (tmp_path / "parts").mkdir()
    return Shop(layout, tmp_path / "parts")


@pytest.fixture
def anna() -> Person:
    """A customer with a habit."""
    return ANNA


@pytest.fixture
def make_fact() -> Callable[..., dict[str, Any]]:
    """Item facts of something bought."""
    return bought


@pytest.fixture
def make_line() -> Callable[..., dict[str, Any]]:
    """Published lines."""
    return line


@pytest.fixture
def avoiding() -> Callable[[str, str], dict[str, Any]]:
    """Item facts of something avoided."""
    return avoids


@pytest.fixture
def person() -> type[Person]:
    """Makes people."""
    return Person
