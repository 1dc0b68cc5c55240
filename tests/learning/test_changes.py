"""Beginnings and ends: leaving out early what cannot have changed loses nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.learning.embedded import changes
from memlearn.learning.embedded.annotate import month_numbers
from memlearn.learning.embedded.changes import find_beginnings_and_ends
from memlearn.learning.embedded.pieces import SCHEMAS, Pieces
from memlearn.learning.embedded.state import Keys, Monthly, State

YEARS = 2
FIRST_DAY = 20_089  # 2025-01-01
KEYS = 4


def purchases(seed: int, users: int) -> tuple[pl.DataFrame, list[np.ndarray]]:
    """Days of purchases of some users' keys: some all along, some only from or until a day, with strays."""
    random = np.random.default_rng(seed)
    days = []
    for _ in range(users * KEYS):
        low, high = np.sort(random.integers(0, YEARS * 365, 2)) if random.random() < 0.6 else (0, YEARS * 365 - 1)
        bought = random.integers(low, high + 1, random.integers(1, 60))
        strays = random.integers(0, YEARS * 365, random.integers(0, 3))
        days.append(FIRST_DAY + np.sort(np.concatenate((bought, strays))))
    numbers = {
        "u": np.repeat(np.arange(users), KEYS).astype(np.int32),
        "chunk": np.zeros(users * KEYS, dtype=np.int32),
        "dim": np.zeros(users * KEYS, dtype=np.int16),
        "key": np.tile(np.arange(KEYS), users).astype(np.int32),
        "n": [len(each) for each in days],
        "days": [len(set(each.tolist())) for each in days],
        "first_day": [int(each[0]) for each in days],
        "last_day": [int(each[-1]) for each in days],
    }
    counts = pl.DataFrame(numbers).with_columns(
        pl.lit(0).alias(name) for name in ("loose", "returned", "first_us", "last_us", "first_row", "last_row")
    )
    return counts.select(list(SCHEMAS["counts"])).cast(SCHEMAS["counts"]).drop("chunk"), days


def made(seed: int, users: int) -> tuple[State, Monthly]:
    """The state of some users, and their keys by month."""
    counts, days = purchases(seed, users)
    labels = pl.Series([f"K{number}" for number in range(KEYS)])
    tables = {name: pl.DataFrame(schema=schema).drop("chunk") for name, schema in SCHEMAS.items()} | {"counts": counts}
    names = Keys(("category",), (labels,), pl.Series([], dtype=pl.String))
    state = State.of(pl.DataFrame({"user_id": [f"u{number}" for number in range(users)]}), names, Pieces(**tables))
    months = [month_numbers(each) for each in days]
    first, last = min(int(each[0]) for each in months), max(int(each[-1]) for each in months)
    of_key = np.stack([np.bincount(each - first, minlength=last - first + 1) for each in months])
    whole = state.counts.group_by("u", maintain_order=True).agg(
        pl.col("first_day").min().alias("user_first_day"), pl.col("last_day").max().alias("user_last_day")
    )
    keys = state.counts.join(whole, on="u", maintain_order="left")
    owner = np.repeat(np.arange(users), KEYS)
    return state, Monthly(keys, of_key, of_key.reshape(users, KEYS, -1).sum(axis=1), owner, first)


@given(seed=st.integers(0, 1 << 32), users=st.integers(1, 30), steady=st.sampled_from([0, 3]))
@settings(max_examples=60, deadline=None)
def test_what_is_left_out_early_has_not_changed(seed: int, users: int, steady: int) -> None:
    state, monthly = made(seed, users)
    like_clockwork = state.counts.filter(pl.col("row") % steady == 0) if steady else state.counts.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "LASTING_DAYS", 0)
        found = find_beginnings_and_ends(state, monthly, like_clockwork)
        patch.setattr(changes, "_may_change", lambda _, tests, __: np.ones(len(tests), dtype=np.bool_))
        expected = find_beginnings_and_ends(state, monthly, like_clockwork)
    assert all(one.equals(other) for one, other in zip(found, expected, strict=True))


def test_beginnings_and_ends_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "LASTING_DAYS", 0)
    found = []
    for seed in range(20):
        state, monthly = made(seed, 20)
        found.append([len(part) for part in find_beginnings_and_ends(state, monthly, state.counts.clear())])
    assert np.sum(found, axis=0).min() > 10
