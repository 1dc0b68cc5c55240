"""Chunks: later events never move a boundary, none passes its budget by more than a row, and together they are the input."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.chunks import ChunkConfig, chain_keys, cut_chunks, digest_chunks

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(24_300, 24_310), st.integers(1, 400)), max_size=60)
CONFIGS = st.builds(ChunkConfig, tokens=st.integers(100, 1000), calendar=st.sampled_from(["none", "month", "quarter", "year"]))


def _columns(rows: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ordered = sorted(rows, key=lambda row: row[:2])
    distinct = {user: place for place, user in enumerate(sorted({row[0] for row in ordered}))}
    columns = np.array([(distinct[user], month, tokens) for user, month, tokens in ordered], dtype=np.int64).reshape(-1, 3)
    return columns[:, 0], columns[:, 1], columns[:, 2]


@given(rows=ROWS, config=CONFIGS)
@settings(max_examples=150, deadline=None)
def test_later_rows_never_move_a_boundary(rows: list[tuple[int, int, int]], config: ChunkConfig) -> None:
    user, month, tokens = _columns(rows)
    whole = cut_chunks(user, month, tokens, config)
    for number in np.unique(user):
        at = np.flatnonzero(user == number)
        for length in range(len(at) + 1):
            early = at[:length]
            assert cut_chunks(np.zeros(length, dtype=np.int64), month[early], tokens[early], config).tolist() == whole[early].tolist()


@given(rows=ROWS, config=CONFIGS)
@settings(max_examples=150, deadline=None)
def test_a_chunk_ends_at_its_budget_or_calendar(rows: list[tuple[int, int, int]], config: ChunkConfig) -> None:
    user, month, tokens = _columns(rows)
    chunk = cut_chunks(user, month, tokens, config)
    months = {"none": None, "month": 1, "quarter": 3, "year": 12}[config.calendar]
    for number in np.unique(user):
        mine = user == number
        assert np.unique(chunk[mine]).tolist() == list(range(int(chunk[mine].max()) + 1))
        assert (np.diff(chunk[mine]) >= 0).all()
        for piece in np.unique(chunk[mine]):
            at = mine & (chunk == piece)
            assert tokens[at].sum() < config.tokens + tokens[at][-1] or at.sum() == 1
            assert months is None or len(np.unique(month[at] // months)) == 1


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20), st.data())
@settings(max_examples=100, deadline=None)
def test_digests_and_keys_tell_every_change(digests: list[int], data: st.DataObject) -> None:
    rows = np.array(digests, dtype=np.uint64)
    bounds = np.array(sorted({0, len(rows), *data.draw(st.sets(st.integers(0, len(rows)), max_size=4))}), dtype=np.int64)
    place = data.draw(st.integers(0, len(rows) - 1))
    changed = rows.copy()
    changed[place] ^= np.uint64(1)
    users = [0] * (len(bounds) - 1)
    before = chain_keys(users, digest_chunks(rows, bounds), b"v1")
    after = chain_keys(users, digest_chunks(changed, bounds), b"v1")
    first = int(np.searchsorted(bounds, place, side="right")) - 1
    assert before[:first] == after[:first]
    assert all(one != other for one, other in zip(before[first:], after[first:], strict=True))
    assert not set(before) & set(chain_keys(users, digest_chunks(rows, bounds), b"v2"))
