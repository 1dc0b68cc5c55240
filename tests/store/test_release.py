"""Reading a release: users, tables, blocks, from many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from memlearn.errors import NoReleaseError, StoreError, UnknownUserError
from memlearn.store import StoreLayout, open_release

MEMORY = {"u1": ["tea every morning", "rye on Fridays"], "u2": [], "u3": ["milk"]}


def test_nothing_published(company: Any) -> None:
    with pytest.raises(NoReleaseError, match="memlearn learn"):
        open_release(company.layout)
    with pytest.raises(NoReleaseError, match="memlearn learn"):
        open_release(StoreLayout(company.layout.root / "absent"))


def test_an_unknown_release(company: Any) -> None:
    company.release(MEMORY)
    with pytest.raises(NoReleaseError, match="'r000099-abc'"):
        open_release(company.layout, "r000099-abc")


def test_a_user_as_values(company: Any) -> None:
    company.release(MEMORY)
    with open_release(company.layout) as release:
        record = release.user("u1")
        assert record is not None
        assert (record.steps, record.events, record.first_us, record.last_us) == (1, 2, 1, 9)
        statement = record.statements[0].to_statement()
        assert statement.text == "tea every morning"
        assert statement.fact is not None
        assert statement.fact.to_json() == {"kind": "habit", "dim": "item", "key": "tea every morning", "days": 1}
        assert statement.evidence.to_json() == {"rows": ["0000000000000001"]}
        assert [(fact.key, fact.n, fact.every_days, fact.lift) for fact in record.item_facts] == [
            ("rye on Fridays", 2, 1.5, None),
            ("tea every morning", 1, 1.5, None),
        ]
        assert [(row.row_id, row.label, row.amount) for row in record.cited_rows] == [
            ("0000000000000001", "tea every morning", 250),
            ("0000000000000002", "rye on Fridays", 250),
        ]
        assert record.persons == {"region": "north"}


def test_blocks_have_specs_and_lines(company: Any) -> None:
    company.release(MEMORY)
    with open_release(company.layout) as release:
        habits, offers = release.blocks("u1")
        assert (habits.label, habits.spec.limit, habits.value) == ("habits", 500, "tea every morning\nrye on Fridays")
        assert (offers.label, offers.statements) == ("offers", ())
        (trends,) = release.shared_blocks()
        assert (trends.spec.read_only, trends.value) == (True, "Tea is popular")
        with pytest.raises(UnknownUserError, match="'U1'"):
            release.blocks("U1")


def test_tables_whole_chosen_and_in_batches(company: Any) -> None:
    company.release(MEMORY)
    with open_release(company.layout) as release:
        assert release.table("statements")["text"].to_list() == ["tea every morning", "rye on Fridays", "milk"]
        assert release.table("statements", ["u3", "nobody"])["text"].to_list() == ["milk"]
        assert [batch["text"].to_list() for batch in release.batches("statements", users=2)] == [
            ["tea every morning", "rye on Fridays"],
            ["milk"],
        ]
        assert release.shared("items").columns == ["item_id", "level_brand"]
        assert release.shared("pairs").is_empty()
        with pytest.raises(StoreError, match="no user table 'rows'"):
            release.table("rows")
        with pytest.raises(StoreError, match="no shared table 'rows'"):
            release.shared("rows")


def test_reads_from_many_threads(company: Any) -> None:
    memory = {f"u{number}": [f"cup {number}", f"plate {number}"] for number in range(50)}
    company.release(memory)

    def read(user: str) -> bool:
        record = release.user(user)
        return record is not None and [line.text for line in record.statements] == memory[user]

    with open_release(company.layout) as release, ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, list(memory) * 8))


def test_a_closed_release_says_so(company: Any) -> None:
    company.release(MEMORY)
    release = open_release(company.layout)
    release.close()
    release.close()
    with pytest.raises(StoreError, match="closed"):
        release.users()


def test_ids_that_could_be_sql_are_only_ids(company: Any) -> None:
    company.release({"' or 1=1 --": ["tea"], 'x"; drop table users': ["rye"]})
    with open_release(company.layout) as release:
        record = release.user("' or 1=1 --")
        assert record is not None
        assert record.statements[0].text == "tea"
        assert not release.has_user("' or 1=1")
