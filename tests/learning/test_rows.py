"""The row store against a plain dictionary, stable hashes, and the golden output of the manager's version."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from companies import make_company, site_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memlearn.duck import hash_strings, hash_strings_twice
from memlearn.learning.job import MANAGER_VERSION
from memlearn.learning.pieces_store import read_parts
from memlearn.records import EVENT_SCHEMA
from memlearn.store.release import open_release
from memlearn.store.row_hash import column_hash, hash_rows
from memlearn.store.rows import content_hash, merge_delivery, read_rows, user_hash

Event = tuple[str, str | None, int, str, bool]
EVENTS = st.tuples(
    st.sampled_from(["u1", "u2", "u3"]),
    st.sampled_from([None, "k1", "k2", "k3"]),
    st.integers(0, 3),
    st.sampled_from(["p1", "p2"]),
    st.booleans(),
).map(lambda event: event if event[1] else (*event[:4], False))
NIGHTS = st.lists(st.lists(EVENTS, min_size=1, max_size=6), min_size=1, max_size=12)


def _frame(events: list[Event], delivery: int) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            **dict.fromkeys(EVENT_SCHEMA),
            "user_id": user,
            "time_us": time,
            "offset_s": 0,
            "has_clock": True,
            "seq": 0,
            "source": "s",
            "key": key,
            "kind": "purchase",
            "item_id": item,
            "tombstone": gone,
        }
        for user, key, time, item, gone in events
    ]
    frame = pl.DataFrame(rows, schema=EVENT_SCHEMA)
    users = user_hash(frame["user_id"])
    return frame.with_columns(pl.Series("user_hash", users), content_hash(frame, users), pl.lit(delivery, pl.UInt32).alias("delivery"))


def _apply(model: dict[Any, Event], events: list[Event]) -> None:
    """One delivery: a key names a row, without one the content and the occurrence do."""
    seen: dict[Any, int] = {}
    for event in events:
        user, key, time, item, gone = event
        if key is None:
            content = (user, time, item)
            seen[content] = seen.get(content, 0) + 1
            model[(*content, seen[content])] = event
        elif gone:
            model.pop((user, key), None)
        else:
            model[(user, key)] = event


# A row without a key that comes again beside one that has a key and says the same.
@example(nights=[[("u2", None, 1, "p1", False)], [("u2", "k1", 1, "p1", False), ("u2", None, 1, "p1", False)]])
@given(nights=NIGHTS)
@settings(max_examples=15, deadline=None)
def test_merging_deliveries_is_a_dictionary(tmp_path_factory: pytest.TempPathFactory, nights: list[list[Event]]) -> None:
    folder = tmp_path_factory.mktemp("shard")
    files: list[str] = []
    model: dict[Any, Event] = {}
    for number, events in enumerate(nights):
        before = dict(model)
        _apply(model, events)
        delta = merge_delivery(folder, files, _frame(events, 0), shard=0, name=f"n{number:02d}.parquet", snapshots=[])
        if delta.file is not None:
            files = [delta.file] if delta.replaces else [*files, delta.file]
        changed = {(before.get(row) or model[row])[0] for row in before.keys() | model.keys() if before.get(row) != model.get(row)}
        assert changed <= set(delta.changed["user_id"])
    found = read_rows(folder, files)
    expected = sorted((user, time, item, key or "") for user, key, time, item, _ in model.values())
    assert sorted((row["user_id"], row["time_us"], row["item_id"], row["key"] or "") for row in found.to_dicts()) == expected
    order = list(found.select("user_hash", "time_us", "seq", "row_id").iter_rows())
    assert order == sorted(order)


def test_hashes_are_the_same_for_ever() -> None:
    frame = pl.DataFrame({"text": ["Käse", "", None, "Käse"], "number": [0, -1, None, 2**40], "flag": [True, False, None, True]})
    hashes = {
        "text": [f"{value:016x}" for value in column_hash(frame["text"]).tolist()],
        "number": [f"{value:016x}" for value in column_hash(frame["number"]).tolist()],
        "rows": [f"{value:016x}" for value in hash_rows(frame, frame.columns).tolist()],
    }
    assert hashes == GOLDEN_HASHES
    assert column_hash(pl.Series("nothing", [None, None], dtype=pl.String)).tolist() == [0, 0]


def test_few_strings_hash_as_many_do() -> None:
    few = pl.Series("text", ["Käse", "", None, "\x00", "🧀" * 50])
    many = pl.concat([few] * 100)
    assert hash_strings(few).to_list() == hash_strings(many)[: len(few)].to_list()
    for one, other in zip(hash_strings_twice(few), hash_strings_twice(many), strict=True):
        assert one.to_list() == other[: len(few)].to_list()


def test_the_steps_of_a_manager_version_do_not_change(tmp_path: Path) -> None:
    """Where this fails, raise MANAGER_VERSION and write the new digest here: steps of the old version are not those of the new one."""
    site = site_of(tmp_path / "site", make_company(1, users=4, events=40, nights=1, days=150), chunks={"tokens": 300})
    site.learn()
    with open_release(site.layout) as release:
        states = release.users().select("user_id", "steps", "events", "state_digest").rows()
    (file,) = (site.layout.root / "pieces").glob("*/*.arrows")
    parts = read_parts(file)
    parts["steps"] = parts["steps"].with_columns(pl.col("step_key").bin.encode("hex"))
    # The order of a piece's rows means nothing; whoever reads them sorts.
    told = {name: frame.select(sorted(frame.columns)).sort(sorted(frame.columns)) for name, frame in parts.items()}
    lines = [json.dumps([name, frame.to_dicts()], sort_keys=True) for name, frame in told.items()]
    digest = hashlib.blake2b(json.dumps([states, lines]).encode(), digest_size=16).hexdigest()
    assert (MANAGER_VERSION, digest) == GOLDEN_STEPS


GOLDEN_HASHES = {
    "text": ["0c3262edcc9f9f88", "04b2008fd98c1dd4", "0000000000000000", "0c3262edcc9f9f88"],
    "number": ["0000000000000001", "8000000000000000", "0000000000000000", "0000010000000001"],
    "rows": ["70de951f3cb7f74d", "ff29db39281460a8", "e220a8397b1dcdaf", "242fe5bcdd090854"],
}
GOLDEN_STEPS = ("embedded-5", "eb19d8418cf061af430cdf45ab4990b6")
