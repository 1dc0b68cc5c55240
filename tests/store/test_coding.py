"""Coded strings, and the spill that uses them, against the strings themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.records import EVENT_SCHEMA, KINDS
from memlearn.records.coded import fresh_categories
from memlearn.store import spill as spill_module
from memlearn.store.coding import Coder, to_dictionary
from memlearn.store.row_hash import column_hash
from memlearn.store.rows import content_hash, merge_delivery, total_order, user_hash
from memlearn.store.spill import Spill

WORDS = st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "Käse", "", "0"]), st.text(max_size=3)), min_size=1, max_size=40)


@given(batches=st.lists(WORDS, min_size=1, max_size=4))
def test_codes_stand_for_the_same_strings_in_all_batches(batches: list[list[str | None]]) -> None:
    coder = Coder()
    for words in batches:
        strings = pl.Series("word", words, dtype=pl.String)
        if strings.null_count() == len(strings):
            continue
        found = coder.code(strings)
        assert found is not None
        codes, hashes = found
        assert hashes.tolist() == column_hash(strings).tolist()
        assert coder.decode(codes).cast(pl.String).to_list() == words


@given(words=WORDS, before=WORDS)
def test_categories_are_coded_as_their_strings_are(words: list[str | None], before: list[str | None]) -> None:
    strings = pl.Series("word", words, dtype=pl.String)
    if strings.null_count() == len(strings):
        return
    coded = pl.concat([pl.Series("word", before, dtype=pl.String), strings]).cast(fresh_categories()).tail(len(strings))
    coder = Coder()
    found, again = coder.code(coded), coder.code(strings)
    assert found is not None
    assert again is not None
    assert found[0].equals(again[0], null_equal=True)
    assert found[1].tolist() == again[1].tolist() == column_hash(strings).tolist()


@given(words=WORDS, repeat=st.sampled_from([1, 30]))
def test_a_dictionary_holds_its_own_strings_sorted(words: list[str | None], repeat: int) -> None:
    strings = pl.Series("word", words * repeat, dtype=pl.String)
    if strings.null_count() == len(strings):
        return
    other = pl.Series(["unused"], dtype=pl.Categorical(pl.Categories.random()))
    array = to_dictionary(strings.cast(other.dtype))
    assert array.to_pylist() == strings.to_list()
    if isinstance(array, pa.DictionaryArray):
        assert array.dictionary.to_pylist() == sorted(strings.drop_nulls().unique().to_list(), key=str.encode)
    else:
        assert repeat == 1 or len(words) > 4


def _events(first: int, users: int) -> pl.DataFrame:
    numbers = range(first, first + users)
    return pl.DataFrame(
        {
            **dict.fromkeys(EVENT_SCHEMA),
            "user_id": [f"u{n % 7}" for n in numbers],
            "time_us": list(numbers),
            "offset_s": 0,
            "has_clock": True,
            "seq": 0,
            "source": "s",
            "kind": "purchase",
            "item_id": [f"p{n}" if n % 5 else None for n in numbers],
            "text": [f"row {n}" for n in numbers],
            "tombstone": False,
        },
        schema=EVENT_SCHEMA,
    )


def test_a_row_file_does_not_depend_on_batches_and_codes(tmp_path: Path) -> None:
    """Nor on which columns came as categories, or were the same all over a batch."""
    events = _events(0, 500)
    coded = events.with_columns(pl.col("item_id").cast(fresh_categories()), pl.col("kind").cast(pl.Enum(KINDS)))
    names = set()
    for number, batches in enumerate([[events], [events.head(200), coded.tail(300)], [coded.head(1), coded.slice(1, 7), events.tail(492)]]):
        spill = Spill(tmp_path / f"spill{number}", 1)
        if number:
            # Strings of another shard's rows, coded first, move all codes.
            spill._coder("item_id").code(pl.Series([f"p{n}" for n in range(900, 0, -1)]))  # noqa: SLF001
        for batch in batches:
            spill.add(batch, 0, spill.next_batch())
        rows = spill.read(0)
        assert rows is not None
        delta = merge_delivery(tmp_path / f"rows{number}", [], rows, shard=0, name="run.parquet", snapshots=())
        assert delta.rows == 500
        names.add(delta.file)
    # A file's name holds the checksum of its content.
    assert len(names) == 1


ORDERED = st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5), st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=40)


@given(rows=ORDERED, by_time=st.booleans(), far=st.booleans())
def test_the_total_order_is_that_of_the_columns(rows: list[tuple[int, int, int, int]], *, by_time: bool, far: bool) -> None:
    rows = sorted(rows, key=lambda row: row[1]) if by_time else rows
    columns = np.array(rows, dtype=np.int64).T
    rank, time_us, seq, row_id = columns
    rank = np.unique(rank, return_inverse=True)[1]
    time_us = time_us * (2**59 if far else 1)
    order = total_order(rank, time_us, seq, row_id.astype(np.uint64))
    found = [rows[place] for place in order]
    assert sorted(order.tolist()) == list(range(len(rows)))
    assert found == sorted(rows)


@pytest.mark.parametrize("most", [1 << 20, 10, 3])
def test_what_is_spilled_comes_back_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Also where a column has more distinct strings than are coded, from some batch on."""
    monkeypatch.setattr(spill_module, "Coder", lambda: Coder(most))
    batches = [_events(0, 50), _events(50, 50), _events(100, 3)]
    spill = Spill(tmp_path, 3)
    for events in batches:
        spill.add(events, 4, spill.next_batch())
    rows = pl.concat(found for shard in range(3) if (found := spill.read(shard)) is not None)
    assert (rows["delivery"] == 4).all()
    expected = pl.concat(batches)
    users = user_hash(expected["user_id"])
    expected = expected.with_columns(pl.Series("user_hash", users), content_hash(expected, users))
    plain = rows.cast({pl.Categorical: pl.String}).select(expected.columns)
    assert plain.sort("time_us").equals(expected)
    for shard in range(3):
        found = spill.read(shard)
        assert found is not None
        assert (found["user_hash"] % 3 == shard).all()
        assert found["time_us"].is_sorted()
