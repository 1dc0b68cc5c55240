from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import permutations
from typing import Any

import polars as pl
import pytest

from memlearn.grounding import check_facts

KINDS = {
    "person", "activity", "spending", "likes", "habit", "time_habit", "season", "offer_answers", "offer_ignores", "returns", "moved", "started",
    "stopped", "spending_change", "stance", "popular", "trend", "after", "passage",
}  # fmt: skip


def published(learned: Any, mutations: Any) -> list[Any]:
    rows = learned.statements.iter_rows(named=True)
    return [
        mutations.Said(row["user_id"], row["text"], json.loads(row["fact"]), tuple(row["rows"]), tuple(row["passages"]), row["operator"])
        for row in rows
    ]


def as_frame(said: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user_id": pl.Series([one.user for one in said], dtype=pl.String),
            "label": ["block"] * len(said),
            "text": [one.text for one in said],
            "fact": [json.dumps(one.fact, ensure_ascii=False) for one in said],
            "rows": pl.Series([list(one.rows) for one in said], dtype=pl.List(pl.String)),
            "passages": pl.Series([list(one.passages) for one in said], dtype=pl.List(pl.String)),
            "operator": [one.operator for one in said],
        }
    )


def make_world(learned: Any, mutations: Any) -> Any:
    own: dict[str, dict[str, list[str]]] = {}
    everything: defaultdict[str, set[str]] = defaultdict(set)
    for user, events in learned.truth.events.items():
        keys: defaultdict[str, set[str]] = defaultdict(set)
        for event in events:
            for dim, key in event.keys.items():
                keys[dim].add(key)
                everything[dim].add(key)
        own[user] = {dim: sorted(found) for dim, found in keys.items()}
    everything |= {
        "currency": {"EUR", "USD", "GBP", "JPY"},
        "time_of_week": {"weekdays", "weekends", "mornings", "middays", "afternoons", "evenings", "nights"},
    }
    everything["person"] = {attribute for _, attribute in learned.truth.given["persons"]}
    everything["passage"] = set(learned.truth.given["passages"])
    return mutations.World(sorted(own), own, {dim: sorted(keys) for dim, keys in everything.items()})


@pytest.mark.slow
def test_all_published_facts_are_true_and_pass(learned: Any, mutations: Any) -> None:
    said = published(learned, mutations)
    assert {one.fact["kind"] for one in said} == KINDS
    assert [one for one in said if not learned.truth.holds(one.user, one.fact)] == []
    checked = check_facts(as_frame(said), learned.tables)
    assert checked.filter(pl.col("outcome") != "verified").select("text", "reason").rows() == []


def test_every_corruption_that_changes_the_truth_is_caught(learned: Any, mutations: Any) -> None:
    said = published(learned, mutations)
    corrupted = list(mutations.corrupt(said, make_world(learned, mutations), random.Random(7), 14))
    untrue = [one for one in corrupted if one.text_only or not learned.truth.holds(one.user, one.fact)]
    checked = check_facts(as_frame(untrue), learned.tables)
    missed = checked.filter(pl.col("outcome") != "contradicted").select("user_id", "text", "fact")
    assert missed.rows() == []
    assert len(untrue) >= 1000
    # Facts alone decide: most corrupted statements cite no rows, and many are worded as the corrupted fact would be.
    hows = Counter(one.how.split()[0] for one in untrue)
    assert set(hows) >= {
        "count",
        "date",
        "window",
        "share",
        "population",
        "entity",
        "user",
        "opposite",
        "swapped",
        "word",
        "figure",
        "person",
        "stance",
        "quotation",
    }
    # The samples publish no `with`, but a corrupted `after` may claim to be one.
    assert {one.fact["kind"] for one in untrue} == KINDS | {"with"}


def test_values_are_checked_whatever_the_text_says(learned: Any, mutations: Any) -> None:
    """The reason names what differs in the fact, not only that the text is another."""
    said = [one for one in published(learned, mutations) if one.user is not None and one.fact["kind"] not in ("person", "stance")]
    luck, world = random.Random(11), make_world(learned, mutations)
    corrupted = [
        one for one in mutations.corrupt(said, world, luck, 10) if not one.text_only and not learned.truth.holds(one.user, one.fact)
    ]
    checked = check_facts(as_frame(corrupted), learned.tables)
    by_text = checked.filter(pl.col("reason").str.starts_with("the text") & pl.col("reason").is_not_null())
    assert by_text.select("text", "fact", "reason").rows() == []


def say_pair(truth: Any, mutations: Any, kind: str, dim: str, key: str, other: str) -> Any:
    n, users, lift = truth.pair(kind, dim, key, other)
    fact = {"kind": kind, "dim": dim, "key": key, "other": other, "n": n, "users": users, "lift": round(lift, 4)}
    words = f"Bought together: {key} and {other}" if kind == "with" else f"Often bought next after {key}: {other}"
    return mutations.Said(None, f"{words} ({round(fact['lift'], 1)} times as often as by chance).", fact, (), (), False)


@pytest.mark.parametrize("sampling", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_pairs_are_judged_as_in_plain_python(learned: Any, mutations: Any, make_truth: Any, sampling: int) -> None:
    """Pairs of keys, true or not, of all users and of one in three; and what is made of the true ones."""
    tables = replace(learned.tables, settings=replace(learned.tables.settings, sampling=sampling, min_users=2))
    truth = make_truth(tables, learned.job)
    assert (len(truth.sampled) < len(truth.events)) == (sampling > 1)
    luck, said = random.Random(3), []
    for dim in ("category", "merchant"):
        days = [day for user in truth.visits_of(dim) for day in user]
        together = sorted({pair for day in days for pair in permutations(day, 2)})
        apart = list(permutations(sorted(set().union(*days)), 2))
        for pair in luck.sample(together, 40) + luck.sample(apart, 30):
            said += [say_pair(truth, mutations, kind, dim, *pair) for kind in ("with", "after")]
    judged = [truth.holds(None, one.fact) for one in said]
    assert (check_facts(as_frame(said), tables)["outcome"] == "verified").to_list() == judged
    true = [one for one, right in zip(said, judged, strict=True) if right]
    corrupted = mutations.corrupt(true, make_world(learned, mutations), random.Random(5), 14)
    untrue = [one for one in corrupted if one.text_only or not truth.holds(None, one.fact)]
    hows = ("count", "share", "entity", "opposite", "swapped", "word", "figure")
    assert {(one.fact["kind"], one.how.split()[0]) for one in untrue} >= {(kind, how) for kind in ("with", "after") for how in hows}
    missed = check_facts(as_frame(untrue), tables).filter(pl.col("outcome") != "contradicted")
    assert missed.select("text", "fact").rows() == []


def test_next_is_not_mostly(learned: Any, mutations: Any) -> None:
    """More often than by chance is not more than half."""
    said = [one for one in published(learned, mutations) if one.fact["kind"] == "after"]
    mostly = [replace(one, text=one.text.replace("Often", "Mostly", 1)) for one in said]
    assert set(check_facts(as_frame(mostly), learned.tables)["outcome"]) == {"contradicted"}
