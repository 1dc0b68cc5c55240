from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memlearn.errors import ConfigError, SourceError
from memlearn.records import EVENT_SCHEMA
from memlearn.sources.config import EventSource
from memlearn.sources.context import SourceContext
from memlearn.sources.locate import fingerprint, list_deliveries

CSV = "user,time,item\nanna,2025-06-01 10:00:00,milk\nbob,2025-06-02 11:30:00,bread\n"
ITEM = {"item": "item"}


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


JSONL = '{"user":"anna","time":"2025-06-01 10:00:00","item":"milk"}\n{"user":"bob","time":"2025-06-02 11:30:00","item":"bread"}\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("e.csv", CSV.encode()),
        ("e.csv", CSV.replace("\n", "\r\n").encode()),
        ("e.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("e.csv", CSV.encode("utf-16")),
        ("e.csv", CSV.encode("utf-16-le")),
        ("e.csv", ("\n\n" + CSV).encode()),
        ("e.csv", b"\xef\xbb\xbf" * 2 + CSV.encode()),
        ("e.csv", ("\ufeff" + CSV).encode("utf-16")),
        ("e.csv", CSV.replace("user,", "\xa0user\u200b,").encode()),
        ("e.tsv", CSV.replace(",", "\t").encode()),
        ("e.csv.gz", gz(CSV.encode())),
        ("e.csv.gz", gz(CSV[:60].encode()) + gz(CSV[60:].encode())),
        ("e.csv.zst", zstd(CSV.encode())),
        ("e.csv.zst", zstd(CSV[:60].encode()) + zstd(CSV[60:].encode())),
        ("e.jsonl", JSONL.encode()),
        ("e.jsonl", JSONL.strip().encode()),
        ("e.jsonl", JSONL.encode("utf-16")),
        ("e.ndjson.gz", gz(JSONL.encode())),
        ("e.jsonl.zst", zstd(JSONL.encode())),
    ],
)
def test_every_format_gives_the_same_events(read: Callable[..., Any], name: str, content: bytes) -> None:
    result = read(name, content, columns=ITEM)
    assert result.events.columns == list(EVENT_SCHEMA)
    assert dict(result.events.schema) == EVENT_SCHEMA
    assert result.column("user_id") == ["anna", "bob"]
    assert result.column("item_id") == ["milk", "bread"]
    assert result.column("time_us") == [1_748_764_800_000_000, 1_748_856_600_000_000]
    assert result.rejects.height == 0
    assert result.read == 2


@pytest.mark.parametrize("broken", ["", "\n\n", "{\n"])
def test_lists_in_json_lines_are_joined_and_texts_like_lists_are_not(read: Callable[..., Any], broken: str) -> None:
    values = ['["oat", "rye"]', "[1, 2.5, 3.0]", '"[1, 2]"', '"[sale] tea"', "[]", "[null, true]", '[["a"], "b"]', '{"a": [1]}', '"tea"']
    rows = [f'{{"user": "anna", "time": "2025-06-0{number} 10:00:00", "tags": {value}}}\n' for number, value in enumerate(values, 1)]
    result = read("e.jsonl", ("".join(rows) + broken).encode(), attributes={"tags": "tags"}, max_rejects=1)
    kept = ["oat,rye", "1,2.5,3", "[1,2]", "[sale]tea", None, "true", '[["a"],"b"]', '{"a":[1]}', "tea"]
    assert [text and text.replace(" ", "") for text in result.column("attr_tags")] == kept


def test_parquet_gives_the_same_events_as_csv(read: Callable[..., Any]) -> None:
    frame = pl.read_csv(CSV.encode()).with_columns(pl.col("time").str.to_datetime())
    assert read("e.parquet", frame, columns=ITEM).events.equals(read("e.csv", CSV, columns=ITEM).events)


STRINGS = pa.array(["7", " 7 ", "null", None, "8.0", "7", "", "9"])


@pytest.mark.parametrize(
    "column",
    [
        STRINGS.cast(pa.large_string()),
        STRINGS.cast(pa.string_view()),
        STRINGS.dictionary_encode(),
        STRINGS.cast(pa.large_string()).dictionary_encode(),
        pl.Series(STRINGS.to_pylist(), dtype=pl.Categorical).to_arrow(),
        pl.Series(STRINGS.to_pylist(), dtype=pl.Enum(pl.Series(STRINGS.drop_null().unique().to_pylist()))).to_arrow(),
    ],
    ids=["large", "view", "dictionary", "large dictionary", "categories", "enum"],
)
def test_strings_of_every_type_in_parquet_are_read_alike(read: Callable[..., Any], column: Any) -> None:
    def events(values: Any) -> Any:
        times = pa.array([f"2025-06-0{day} 10:00" for day in range(1, 9)])
        fields = {"user": values, "time": times, "item": values, "kind": values, "amount": values, "shop": values}
        target = io.BytesIO()
        pq.write_table(pa.table(fields), target)
        mapping = {"item": "item", "kind": "kind", "amount": "amount"}
        return read("e.parquet", target.getvalue(), columns=mapping, kinds={"8.0": "view"}, attributes={"shop": "shop"})

    expected, found = events(STRINGS), events(column)
    assert found.events.equals(expected.events, null_equal=True)
    assert found.rejects.equals(expected.rejects)
    assert expected.column("user_id") == ["7", "7", "8", "7", "9"]
    assert expected.column("attr_shop") == expected.column("item_id") == expected.column("user_id")


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt16, pl.Int64, pl.UInt64, pl.Int128, pl.Float64, pl.Decimal(12, 2), pl.String])
def test_numbers_as_ids_are_read_alike(read: Callable[..., Any], dtype: pl.DataType) -> None:
    """Also where they repeat, and so are coded, or do not."""
    for users in ([7, 8, 7, None, 7], [1, 100, 7, None, 50]):
        frame = pl.DataFrame({"user": pl.Series(users).cast(dtype), "time": ["2025-06-01"] * 5}).with_columns(item="user", shop="user")
        found = read("e.parquet", frame, columns=ITEM, attributes={"shop": "shop"})
        expected = [str(user) for user in users if user is not None]
        assert found.column("user_id") == found.column("item_id") == found.column("attr_shop") == expected
        assert found.reasons() == [(4, "no user")]


def test_windows_1252_is_recognised_and_broken_utf8_is_not_taken_for_it(read: Callable[..., Any]) -> None:
    western = read("w.csv", "user,time\nJürgen,2025-06-01\n".encode("cp1252"))
    assert western.column("user_id") == ["Jürgen"]
    broken = read("b.csv", "user,time\nJürgen,2025-06-01\nÄÖ,2025-06-01\n".encode() + b"x\xff,2025-06-01\n")
    assert broken.column("user_id") == ["Jürgen", "ÄÖ", "x\ufffd"]


def test_nul_bytes_go(read: Callable[..., Any]) -> None:
    assert read("n.csv", b"user,time\nan\x00na,2025-06-01\n").column("user_id") == ["anna"]


def test_ragged_rows_are_rejected_with_their_number_and_quoted_newlines_are_kept(read: Callable[..., Any]) -> None:
    content = (
        'user,time,item\n1,2025-06-01,a\n2,2025-06-01\n3,2025-06-01,"x\ny"\n4,2025-06-01,a,b\n,2025-06-01,c\n5,2025-06-01,d\n6,2025-06-01\n'
    )
    result = read("r.csv", content, columns=ITEM)
    assert result.column("user_id") == ["1", "3", "5"]
    assert result.column("item_id") == ["a", "x\ny", "d"]
    assert result.reasons() == [
        (2, "too few columns: 2 instead of 3"),
        (4, "too many columns: 4 instead of 3"),
        (5, "no user"),
        (7, "too few columns: 2 instead of 3"),
    ]
    assert result.rejects["content"].to_list()[0] == '"2,2025-06-01"'
    assert result.rejects["file"].unique().to_list() == ["r.csv"]
    assert result.read == 7


def test_broken_json_lines_are_rejected_with_their_line(read: Callable[..., Any]) -> None:
    content = '{"user":1,"time":"2025-06-01"}\n\n{"user":\n[1]\n{"user":"x","time":"2025-06-01"}\n{"time":"2025-06-01"}'
    result = read("b.jsonl", content)
    assert result.column("user_id") == ["1", "x"]
    assert result.reasons() == [(3, "not valid JSON"), (4, "not a JSON object"), (6, "no user")]


def test_row_numbers_hold_over_many_blocks(read: Callable[..., Any]) -> None:
    lines = [f"u{i},2025-06-01 10:00:00,{'x' * 60}" for i in range(300_000)]
    lines[7] = "short"
    lines[250_000] = ",2025-06-01,y"
    lines[299_999] = "a,b,c,d"
    result = read("big.csv", "user,time,text\n" + "\n".join(lines) + "\n", columns={"text": "text"})
    assert result.events.height == 299_997
    assert [row for row, _ in result.reasons()] == [8, 250_001, 300_000]
    assert result.column("user_id")[-1] == "u299998"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("e.csv", b"", ["'e.csv'", "0 bytes"]),
        ("e.csv", b"\n\n", ["'e.csv'", "blank"]),
        ("e.csv", b"PAR1....", ["Parquet", "`format`"]),
        ("e.csv", b"user;time\na;b\n", ["separated by ';'", "delimiter"]),
        ("e.csv", b"User_id,time\na,2025-06-01\n", ["no column 'user'", "'User_id', 'time'", "Did you mean 'User_id'?"]),
        ("e.csv", b"user,time,user\na,2025-06-01,b\n", ["'user' more than once"]),
        ("e.csv", b'user,time\na,2025-06-01\n"b,2025-06-01\nc,2025-06-01\n', ["quote", "row 2"]),
        ("e.csv.gz", gz(CSV.encode() * 99)[:-20], ["cut off gzip"]),
        ("e.csv.zst", zstd(CSV.encode() * 9999)[:-20], ["cut off Zstandard"]),
        ("e.jsonl", b'[{"user":1}]', ["one JSON array"]),
        ("e.jsonl", b'{"user":1}\n', ["no column 'time'"]),
        ("e.parquet", b"PAR1 not really", ["not a whole Parquet file"]),
        ("e.dat", b"user,time\n", ["format", "'e.dat'", "csv, parquet or jsonl"]),
    ],
)
def test_an_unusable_file_is_named_with_the_way_out(read: Callable[..., Any], name: str, content: bytes, words: list[str]) -> None:
    with pytest.raises(SourceError) as error:
        read(name, content)
    for word in ["'shop'", *words]:
        assert word in str(error.value)


def test_an_unknown_encoding_is_a_wrong_config(read: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match="'utf-99' is unknown"):
        read("e.csv", CSV, encoding="utf-99")


def test_deliveries_are_sorted_once_and_hidden_files_passed_over(tmp_path: Path) -> None:
    for name in ["in/b.csv", "in/a.csv.gz", "in/.hidden.csv", "in/_SUCCESS", "in/notes.md", "in/sub/c.parquet"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    context = SourceContext(tmp_path, variables={"WHERE": "in"})

    def names(path: str | list[str]) -> list[str]:
        source = EventSource(path=path, columns={"user": "u", "time": "t"})
        return [delivery.name for delivery in list_deliveries("s", source, context)]

    assert names("in") == ["in/a.csv.gz", "in/b.csv", "in/sub/c.parquet"]
    assert names(["${WHERE}/*.csv*", "in/b.csv"]) == ["in/a.csv.gz", "in/b.csv"]
    assert names("in/**/*.parquet") == ["in/sub/c.parquet"]
    assert names("${FOLDER:-in}/sub") == ["in/sub/c.parquet"]
    with pytest.raises(SourceError, match=r"'in/d.csv' does not exist.*Did you mean 'b.csv'"):
        names("in/d.csv")
    with pytest.raises(SourceError, match="matches no file"):
        names("in/*.jsonl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no file"):
        names("empty")
    with pytest.raises(ConfigError, match="--set NOPE=VALUE"):
        names("${NOPE}/x.csv")


def test_a_fingerprint_follows_the_content_alone(tmp_path: Path) -> None:
    source = EventSource(path="*.csv", columns={"user": "u", "time": "t"})
    for name, content in [("a.csv", b"1"), ("b.csv", b"1"), ("c.csv", b"2")]:
        (tmp_path / name).write_bytes(content)
    first, second, third = map(fingerprint, list_deliveries("s", source, SourceContext(tmp_path)))
    assert first == second != third
    query = EventSource(sql="select 1", database="duckdb:", columns={"user": "u", "time": "t"})
    [delivery] = list_deliveries("s", query, SourceContext(tmp_path))
    assert (delivery.name, fingerprint(delivery)) == ("sql", None)
