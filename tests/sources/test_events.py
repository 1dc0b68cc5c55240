# ruff: noqa: DTZ001  -- local times without a zone are what is tested
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from memlearn.errors import ConfigError, RejectLimitError, SourceError
from memlearn.sources.config import EventSource, MoneyConfig
from memlearn.sources.context import SourceContext
from memlearn.sources.raw import check_rejects
from memlearn.sources.texts import case_twins, clean_ids

FULL = {
    "key": "key",
    "item": "item",
    "kind": "kind",
    "amount": "amount",
    "currency": "currency",
    "quantity": "quantity",
    "discount": "discount",
    "refers_to": "refers",
}


def table(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


def test_every_column_finds_its_place(read: Callable[..., Any]) -> None:
    content = table(
        "user,time,key,item,kind,amount,currency,quantity,discount,refers,note,shop,gone",
        "u1,2025-06-01 10:00,k1,i1,Sale,12.50,eur,2,-1.5,, hello ,Main St,",
        "u1,2025-06-02 10:00,k2,i1,RETURN,12.50,EUR,1,,k1,,Main St,",
        "u2,2025-06-02 10:00,k3,,storno,,,,,,,,1",
        "u2,,k1,,,,,,,,,,yes",
    )
    result = read(
        "e.csv",
        content,
        columns=FULL | {"text": "note", "deleted": "gone"},
        kinds={"sale": "purchase", "return": "refund", "Storno": "cancellation"},
        attributes={"store": "shop"},
        context={"attributes": ("channel", "store")},
    )
    assert result.events.select(pl.exclude("time_us", "offset_s", "has_clock", "seq")).rows() == [
        ("u1", "shop", "k1", "purchase", "i1", None, None, 1250, "EUR", 2000, 150, "hello", None, False, None, "Main St"),
        ("u1", "shop", "k2", "refund", "i1", None, None, -1250, "EUR", -1000, None, None, "k1", False, None, "Main St"),
        ("u2", "shop", "k3", "cancellation", None, None, None, None, None, None, None, None, None, True, None, None),
        ("u2", "shop", "k1", "purchase", None, None, None, None, None, None, None, None, None, True, None, None),
    ]
    assert result.events.columns[-2:] == ["attr_channel", "attr_store"]
    assert result.column("time_us")[-1] == 0
    assert result.rejects.height == 0


def test_what_is_given_back_is_negative_whatever_its_sign_was(read: Callable[..., Any]) -> None:
    content = table(
        "user,time,kind,amount,quantity",
        "1,2025-06-01,purchase,5,1",
        "1,2025-06-01,purchase,-5,1",
        "1,2025-06-01,purchase,5,-1",
        "1,2025-06-01,purchase,-5,-1",
        "1,2025-06-01,purchase,0,-2",
        "1,2025-06-01,purchase,,-2",
        "1,2025-06-01,refund,5,1",
        "1,2025-06-01,refund,-5,",
        "1,2025-06-01,cancellation,5,1",
        "1,2025-06-01,exposure,-5,",
        "1,2025-06-01,nonsense,3,",
    )
    result = read("e.csv", content, columns={"kind": "kind", "amount": "amount", "quantity": "quantity"})
    assert result.events.select("kind", "amount", "quantity").rows() == [
        ("purchase", 500, 1000),
        ("refund", -500, -1000),
        ("refund", -500, -1000),
        ("refund", -500, -1000),
        ("refund", 0, -2000),
        ("refund", None, -2000),
        ("refund", -500, -1000),
        ("refund", -500, None),
        ("cancellation", -500, -1000),
        ("exposure", -500, None),
        ("purchase", 300, None),
    ]


def test_rows_that_cannot_be_used_say_why(read: Callable[..., Any]) -> None:
    content = table(
        "user,time,key,amount,currency,quantity,gone",
        ",2025-06-01,a,1,EUR,1,",
        "u,soon,b,1,EUR,1,",
        "u,,c,1,EUR,1,",
        "u,2025-06-01,,1,EUR,1,",
        "u,2025-06-01,,1,EUR,1,true",
        "u,2025-06-01,d,1,XXX,1,",
        "u,2025-06-01,e,cheap,EUR,1,",
        "u,2025-06-01,f,1,EUR,many,",
        "u,2025-06-01,g,$1,EUR,1,",
        "u,2025-06-01,h,1,EUR,1,",
        ",soon,i,cheap,XXX,1,",
    )
    columns = {name: name for name in ("key", "amount", "currency", "quantity")} | {"deleted": "gone"}
    result = read("e.csv", content, columns=columns)
    assert result.reasons() == [
        (1, "no user"),
        (2, "time is not readable"),
        (3, "no time"),
        (4, "no key"),
        (5, "a deletion without a key"),
        (6, "unknown currency"),
        (7, "amount is not a number in this currency"),
        (8, "quantity is not a number"),
        (9, "amount is not a number in this currency"),
        (11, "no user"),
    ]
    assert result.column("key") == ["h"]
    assert result.rejects["content"][1].startswith('{"user":"u","time":"soon"')
    assert result.rejects["source"].unique().to_list() == ["shop"]


def test_the_content_of_a_reject_is_cut(read: Callable[..., Any]) -> None:
    result = read("e.csv", table("user,time,note", f",2025-06-01,{'x' * 5000}"), columns={"text": "note"})
    assert len(result.rejects["content"][0]) == 500


def test_ids_are_the_same_from_integers_floats_and_text(read: Callable[..., Any]) -> None:
    moment = [datetime(2025, 6, 1, 10)] * 3
    for users in (pl.Series([17, 18, None]), pl.Series([17.0, 18.0, float("nan")]), pl.Series(["17.0", " 18\u200b", "nan"])):
        result = read("e.parquet", pl.DataFrame({"user": users, "time": moment}))
        assert result.column("user_id") == ["17", "18"]
        assert result.reasons() == [(3, "no user")]
    kept = clean_ids(pl.Series(["1.50", "v2.0", "a b", "NONE of it", "-3.0"]))
    assert kept.to_list() == ["1.50", "v2.0", "a b", "NONE of it", "-3"]


def test_users_that_differ_in_case_stay_apart_and_are_told(read: Callable[..., Any]) -> None:
    result = read("e.csv", table("user,time", "Anna,2025-06-01", "anna,2025-06-01", "bob,2025-06-01"))
    assert result.column("user_id") == ["Anna", "anna", "bob"]
    assert case_twins(result.events["user_id"]).rows() == [("anna", ["Anna", "anna"])]


def test_attributes_of_any_type_are_text(read: Callable[..., Any]) -> None:
    frame = pl.DataFrame(
        {
            "user": ["a", "b"],
            "time": [datetime(2025, 6, 1, 10)] * 2,
            "tags": [["x", "y"], None],
            "number": [1.0, 2.5],
            "flag": [True, None],
            "nested": [{"k": 1}, {"k": 2}],
        }
    )
    result = read("e.parquet", frame, attributes={name: name for name in ("tags", "number", "flag", "nested")})
    assert result.events.select("attr_flag", "attr_nested", "attr_number", "attr_tags").rows() == [
        ("true", '{"k": 1}', "1", "x, y"),
        (None, '{"k": 2}', "2.5", None),
    ]


def test_currencies_are_kept_apart_or_converted(read: Callable[..., Any]) -> None:
    content = table("user,time,amount,currency", "u,2025-06-01,1000,JPY", "u,2025-06-01,10,USD", "u,2025-06-01,10,", "u,2025-06-01,,USD")
    columns = {"amount": "amount", "currency": "currency"}
    apart = read("e.csv", content, columns=columns, currency="GBP")
    assert apart.events.select("amount", "currency").rows() == [(1000, "JPY"), (1000, "USD"), (1000, "GBP"), (None, None)]
    money = MoneyConfig(convert_to="EUR", rates={"JPY": 0.0061, "USD": 0.91})
    one = read("e.csv", content, columns=columns, context={"money": money}, currency="GBP")
    assert one.events.select("amount", "currency").rows() == [(610, "EUR"), (910, "EUR"), (None, None)]
    assert one.reasons() == [(3, "no rate for the currency")]


def test_an_amount_in_an_unknown_currency_is_rejected_however_it_is_written(read: Callable[..., Any]) -> None:
    content = table(
        "user;time;amount;currency", "u;2025-06-01;1000;JPY", "u;2025-06-01;(5.00);XXQ", "u;2025-06-01;$7.00;USD", "u;2025-06-01;oops;XXQ"
    )
    found = read("e.csv", content, columns={"amount": "amount", "currency": "currency"}, delimiter=";")
    assert found.events.select("amount", "currency").rows() == [(1000, "JPY"), (700, "USD")]
    assert found.reasons() == [(2, "unknown currency"), (4, "unknown currency")]


def test_a_merchant_string_gives_merchant_and_category(read: Callable[..., Any]) -> None:
    result = read("e.csv", table("user,time,text", "u,2025-06-01,SQ *BLUE BOTTLE 0042 SF"), columns={"text": "text"}, merchants=True)
    assert result.events.select("text", "merchant", "merchant_category").rows() == [("SQ *BLUE BOTTLE 0042 SF", "BLUE BOTTLE", "coffee")]


def test_duplicated_rows_are_kept(read: Callable[..., Any]) -> None:
    assert read("e.csv", table("user,time", *["a,2025-06-01"] * 3)).events.height == 3


def test_a_file_of_a_header_alone_is_a_delivery_without_rows(read: Callable[..., Any]) -> None:
    result = read("none.csv", "user,time\n")
    assert (result.read, result.events.height, result.rejects.height) == (0, 0, 0)


def test_a_missing_column_is_named_for_every_field(read: Callable[..., Any]) -> None:
    with pytest.raises(SourceError, match="no column 'shop'; its columns are 'user', 'time'"):
        read("e.csv", table("user,time", "a,2025-06-01"), attributes={"store": "shop"})


def test_batches_do_not_change_the_result(read: Callable[..., Any]) -> None:
    size = 1_100_000
    frame = pl.DataFrame({"user": pl.arange(size, eager=True) % 1000, "time": pl.arange(size, eager=True) + 1_700_000_000})
    frame = frame.with_columns(pl.when(pl.col("user") == 7).then(None).otherwise("user").alias("user"))
    result = read("big.parquet", frame)
    assert result.events["time_us"].is_sorted()
    assert result.read == size
    assert result.rejects["row"].to_list() == list(range(8, size + 1, 1000))


def test_too_many_rejects_stop_the_source_with_numbers_and_reasons(read: Callable[..., Any]) -> None:
    result = read("e.csv", table("user,time", "a,2025-06-01", ",2025-06-01", "b,x"))
    check_rejects("shop", result.read, result.rejects, 0.7)
    with pytest.raises(
        RejectLimitError, match=r"2 of 3 rows \(66.7%\).*limit is 50.0%.*no user \(1\); time is not readable \(1\).*'e.csv' row 2"
    ):
        check_rejects("shop", result.read, result.rejects, 0.5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"path": "x.csv", "sql": "select 1", "database": "duckdb:"}, "either `path` or `sql`"),
        ({}, "either `path` or `sql`"),
        ({"sql": "select 1"}, "belong together"),
        ({"path": "x.csv", "timezone": "Mars/Base"}, "'Mars/Base' is unknown"),
        ({"path": "x.csv", "currency": "EURO"}, "'EURO' is not an ISO 4217 code"),
        ({"path": "x.csv", "time_origin": "day one"}, "'day one' is not an ISO date"),
        ({"path": "x.csv", "merchants": True}, "needs `columns.text`"),
        ({"path": "x.csv", "columns": {"user": "u", "time": "t", "deleted": "d"}}, "needs `columns.key`"),
    ],
)
def test_a_config_that_cannot_work_is_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EventSource(**{"columns": {"user": "u", "time": "t"}, **settings})


def test_a_context_with_an_unknown_zone_or_currency_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'Europe/Berlin'"):
        SourceContext(tmp_path, timezone="europe/berlin")
    with pytest.raises(ConfigError, match="'EURO'"):
        SourceContext(tmp_path, currency="EURO")


def test_values_that_are_no_kind_are_counted(read: Callable[..., Any]) -> None:
    rows = [f"1,2025-06-01,{kind}" for kind in ("Kauf", "Kauf", "STORNO", "View", " refund ", "", "sale")]
    result = read("e.csv", table("user,time,kind", *rows), columns={"kind": "kind"}, kinds={"SALE": "purchase"})
    assert result.column("kind") == ["purchase", "purchase", "purchase", "view", "refund", "purchase", "purchase"]
    assert result.unmapped == {"Kauf": 2, "STORNO": 1}
