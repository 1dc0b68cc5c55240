from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from memlearn.errors import RejectLimitError, SourceError
from memlearn.records import ITEM_SCHEMA, OPERATOR_STATEMENT_SCHEMA, PERSON_SCHEMA
from memlearn.sources.config import ItemSource, OfferItemSource, PersonSource, StatementSource
from memlearn.sources.context import SourceContext
from memlearn.sources.items import read_items
from memlearn.sources.offer_items import read_offer_items
from memlearn.sources.persons import read_persons
from memlearn.sources.statements import read_statements


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.fixture
def context(tmp_path: Path) -> SourceContext:
    return SourceContext(tmp_path, timezone="Europe/Berlin", max_rejects=0.5)


def write(context: SourceContext, name: str, *lines: str) -> str:
    (context.base / name).write_text("\n".join(lines) + "\n")
    return name


ITEMS = {"item": "id", "name": "name", "text": "text", "price": "price", "valid_from": "from", "valid_until": "until"}


def test_items_are_read_with_levels_prices_and_validity(context: SourceContext) -> None:
    path = write(
        context,
        "items.csv",
        "id,name,text,price,from,until,dep,brand",
        "i2,Milk,,1.20,2025-06-01,2025-06-30,dairy,Alp",
        "i1,,,,,2025-06-30 18:00,bakery,",
        ",lost,,,,,,",
    )
    items, rejects = read_items("shop", ItemSource(path=path, columns=ITEMS, levels={"department": "dep", "brand": "brand"}), context)
    assert items.columns == [*ITEM_SCHEMA, "level_department", "level_brand"]
    assert items.rows() == [
        ("i1", "shop", "i1", None, None, None, None, micros(2025, 6, 30, 16), True, "bakery", None),
        ("i2", "shop", "Milk", None, 120, "EUR", micros(2025, 5, 31, 22), micros(2025, 6, 30, 22), True, "dairy", "Alp"),
    ]
    assert rejects.select("file", "row", "reason").rows() == [("items.csv", 3, "no item id")]


def test_one_item_said_differently_is_chosen_the_same_in_any_order(context: SourceContext) -> None:
    rows = [
        "i1,Milk,c,1.20,,,dairy,Alp",
        "i1,MILK 1L,b,1.20,,,dairy,Zet",
        "i1,Milk,a,1.30,,,food,Alp",
        "i1,Milk,,1.30,,,dairy,Zet",
        "i1,,,,,,,",
    ]
    results = []
    for order in (rows, rows[::-1]):
        path = write(context, "items.csv", "id,name,text,price,from,until,dep,brand", *order)
        items, _ = read_items("shop", ItemSource(path=path, columns=ITEMS, levels={"dep": "dep", "brand": "brand"}), context)
        results.append(items.select("name", "text", "price", "level_dep", "level_brand").rows())
    assert results[0] == results[1] == [("Milk", "a", 120, "dairy", "Zet")]


def test_persons_are_long_and_contradictions_are_settled(context: SourceContext) -> None:
    path = write(
        context,
        "persons.csv",
        "user,age,region,since",
        "1.0,18-24,north,2025-01-01",
        "1,25-34,north,2025-01-01",
        "1,25-34,,2025-01-01",
        "2,,south,",
        ",18-24,north,",
    )
    source = PersonSource(path=path, user="user", since="since", attributes={"age band": "age", "user_id": "region"})
    persons, rejects = read_persons("people", source, context)
    assert dict(persons.schema) == PERSON_SCHEMA
    assert persons.rows() == [
        ("1", "age band", "25-34", micros(2024, 12, 31, 23)),
        ("1", "user_id", "north", micros(2024, 12, 31, 23)),
        ("2", "user_id", "south", None),
    ]
    assert rejects["reason"].to_list() == ["no user"]


def test_statements_are_typed_and_say_what_is_wrong(context: SourceContext) -> None:
    path = write(
        context,
        "said.csv",
        "user,at,stance,dim,key,until,text,off",
        "u2,2025-06-01 10:00,Avoids,Category,alcohol,2025-12-31,No alcohol please,",
        "u2,2025-06-01 10:00,Avoids,category,alcohol,2025-12-31,No alcohol please,",
        "u1,2025-06-02,likes,item,i1,,,true",
        "u1,2025-06-02,hates,item,i1,,,",
        "u1,2025-06-02,likes,,i1,,,",
        "u1,,likes,item,i1,,,",
    )
    columns = {
        "user": "user",
        "time": "at",
        "stance": "stance",
        "dim": "dim",
        "key": "key",
        "until": "until",
        "text": "text",
        "withdrawn": "off",
    }
    statements, rejects = read_statements("desk", StatementSource(path=path, columns=columns), context)
    assert dict(statements.schema) == OPERATOR_STATEMENT_SCHEMA
    assert statements.rows() == [
        ("u1", micros(2025, 6, 1, 22), "likes", "item", "i1", None, None, True),
        ("u2", micros(2025, 6, 1, 8), "avoids", "category", "alcohol", micros(2025, 12, 31, 23), "No alcohol please", False),
    ]
    assert rejects.select("row", "reason").rows() == [(4, "stance is none of likes, avoids, needs"), (5, "no dimension"), (6, "no time")]


def test_a_table_without_rows_or_with_too_many_rejects_is_refused(context: SourceContext) -> None:
    source = ItemSource(path=write(context, "items.csv", "id"), columns={"item": "id"})
    with pytest.raises(SourceError, match="'shop' has no rows"):
        read_items("shop", source, context)
    write(context, "items.csv", "id,name", "a,x", ",y", ",z")
    with pytest.raises(RejectLimitError, match="2 of 3 rows"):
        read_items("shop", source, context)
    items, rejects = read_items("shop", source.model_copy(update={"max_rejects": 1.0}), context)
    assert (items.height, rejects.height) == (1, 2)


def test_a_table_may_come_in_several_files_of_several_kinds(context: SourceContext) -> None:
    write(context, "items-1.csv", "id,name", "a,x")
    pl.DataFrame({"id": [7], "name": ["y"]}).write_parquet(context.base / "items-2.parquet")
    (context.base / "items-3.jsonl").write_text('{"id": 8.0, "name": "z"}\n')
    items, _ = read_items("shop", ItemSource(path="items-*", columns={"item": "id", "name": "name"}), context)
    assert items.select("item_id", "name").rows() == [("7", "y"), ("8", "z"), ("a", "x")]


def test_what_offers_apply_to_is_read_once_each(context: SourceContext) -> None:
    path = write(context, "pairs.csv", "coupon,product", "c2,p1", "c1, p2 ", "c1,p2", ",p1", "c3,")
    columns = {"offer": "coupon", "item": "product"}
    pairs, rejects = read_offer_items("pairs", OfferItemSource(path=path, columns=columns), context)
    assert pairs.rows() == [("c1", None, "p2"), ("c2", None, "p1")]
    assert rejects.select("row", "reason").rows() == [(4, "no offer"), (5, "no item")]
    of_level, rejects = read_offer_items("pairs", OfferItemSource(path=path, columns=columns, level="brand"), context)
    assert of_level["level"].unique().to_list() == ["brand"]
    assert rejects["reason"].to_list() == ["no offer", "no brand"]
