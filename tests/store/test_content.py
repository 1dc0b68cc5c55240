"""Content digests: of the rows alone, whatever their order, their types and the parts they come in."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.errors import StoreError
from memlearn.store import USER_TABLES, digest_users, with_content

Frames = Callable[..., dict[str, pl.DataFrame]]
USERS = ["u1", "u2", "u3"]
MEMORY = {"u1": ["tea", "rye bread"], "u2": [], "u3": ["milk", "tea", ""]}
texts = st.none() | st.text(max_size=3)
facts = st.tuples(st.sampled_from(USERS), texts, texts, st.none() | st.integers(-3, 3), st.none() | st.floats(-2, 2, allow_nan=False))


def digests(frames: dict[str, pl.DataFrame]) -> dict[str, str]:
    return dict(digest_users(frames).cast(pl.String).iter_rows())


def parts_of(rows: list[tuple[object, ...]]) -> dict[str, pl.DataFrame]:
    """Users with item facts of these dimensions, keys, counts and strengths."""
    known = pl.DataFrame(
        rows, schema={"user_id": pl.String, "dim": pl.String, "key": pl.String, "n": pl.Int64, "strength": pl.Float64}, orient="row"
    )
    schema = USER_TABLES["item_facts"]
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in known.columns]
    return {"users": pl.DataFrame({"user_id": USERS}), "item_facts": known.with_columns(missing).select(*schema)}


@given(one=st.lists(facts, max_size=4), other=st.lists(facts, max_size=4))
def test_digests_agree_where_the_rows_do(one: list[tuple[object, ...]], other: list[tuple[object, ...]]) -> None:
    first, second = digests(parts_of(one)), digests(parts_of(other))
    for user in USERS:
        assert (first[user] == second[user]) == (said_of(user, one) == said_of(user, other))


def said_of(user: str, rows: list[tuple[object, ...]]) -> list[str]:
    """A user's rows, without order; floats at six decimals."""
    return sorted(str((*row[1:4], None if row[4] is None else round(float(str(row[4])) * 1e6))) for row in rows if row[0] == user)


def test_order_types_and_other_users_do_not_matter(frames_of: Frames) -> None:
    frames = frames_of(MEMORY)
    before = digests(frames)
    assert list(before) == list(MEMORY)
    assert len(set(before.values())) == len(MEMORY)
    assert all(len(digest) == 32 for digest in before.values())
    ids = pl.Enum(["u3", "u2", "u1"])
    coded = {table: frame.reverse().with_columns(pl.col("user_id").cast(ids)) for table, frame in frames.items()}
    coded["item_facts"] = coded["item_facts"].with_columns(pl.col("key").cast(pl.Categorical), pl.col("n").cast(pl.Int16))
    assert digests(coded) == before
    alone = {**frames, "users": frames["users"].filter(pl.col("user_id") == "u3")}
    assert digests(alone) == {"u3": before["u3"]}


def test_a_row_counts_as_of_its_table() -> None:
    persons = pl.DataFrame({"user_id": ["u1"], "attribute": [None], "value": [None]}, schema=USER_TABLES["persons"])
    users = pl.DataFrame({"user_id": ["u1"]})
    empty = parts_of([("u1", None, None, None, None)])
    found = [digests({"users": users, "persons": persons}), digests({**empty, "users": users}), digests({"users": users})]
    assert len({each["u1"] for each in found}) == len(found)


def test_both_halves_of_a_digest_tell_contents_apart(frames_of: Frames) -> None:
    found = digests(frames_of({f"u{number}": [f"cup {number}"] for number in range(200)})).values()
    assert len({digest[:16] for digest in found}) == len({digest[16:] for digest in found}) == 200


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 1e300, -1e300, None])
def test_floats_that_no_integer_holds_count_too(value: float | None) -> None:
    usual = digests(parts_of([("u1", "item", "tea", 1, 0.0)]))
    assert digests(parts_of([("u1", "item", "tea", 1, value)]))["u1"] != usual["u1"]


def test_lists_count_in_their_order(frames_of: Frames) -> None:
    frames = frames_of({"u1": ["tea"]})
    found = set()
    for rows in (["a", "b"], ["b", "a"], ["ab"], [], None):
        column = pl.Series("rows", [rows], dtype=pl.List(pl.String))
        found.add(digests({**frames, "statements": frames["statements"].with_columns(column)})["u1"])
    assert len(found) == 5


def test_users_get_their_digests(frames_of: Frames) -> None:
    frames = frames_of(MEMORY)
    users = with_content(frames)["users"]
    assert users.drop("content_digest").equals(frames["users"].drop("content_digest"))
    assert dict(users.select("user_id", "content_digest").iter_rows()) == digests(frames)
    assert with_content({"users": users.clear()})["users"].is_empty()


def test_a_table_without_a_column_is_refused(frames_of: Frames) -> None:
    frames = frames_of(MEMORY)
    with pytest.raises(StoreError, match="'item_facts' lacks the column 'lift'"):
        digest_users({**frames, "item_facts": frames["item_facts"].drop("lift")})
