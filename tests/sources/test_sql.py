from __future__ import annotations

import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from memlearn.duck import open_database
from memlearn.errors import ConfigError, SourceError, TransientError
from memlearn.records.coded import plain_strings
from memlearn.sources.config import EventSource
from memlearn.sources.context import SourceContext
from memlearn.sources.events import read_events
from memlearn.sources.locate import list_deliveries

COLUMNS = {"user": "u", "time": "t", "amount": "a", "item": "i"}
EXPECTED = [("17", 1_748_764_800_000_000, 1250, "x, y"), ("18", 1_748_851_200_000_000, None, None)]


def rows(base: Path, sql: str, database: str, **variables: str) -> list[tuple[object, ...]]:
    source = EventSource(sql=sql, database=database, columns=COLUMNS)
    context = SourceContext(base, timezone="Europe/Berlin", variables=variables)
    [delivery] = list_deliveries("db", source, context)
    batches = list(read_events("db", source, delivery, context))
    assert all(batch.rejects.height == 0 for batch in batches)
    return pl.concat([plain_strings(batch.events) for batch in batches]).select("user_id", "time_us", "amount", "item_id").rows()


def test_duckdb_in_memory_reads_files_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "e.csv").write_text("u,t,a\n17,2025-06-01 10:00:00,12.5\n18,2025-06-02 10:00:00,\n")
    query = "select u, t, a::decimal(9, 2) as a, case when u = 17 then ['x', 'y'] end as i from read_csv('${FOLDER}/e.csv') order by u"
    assert rows(tmp_path, query, "duckdb:", FOLDER="in") == EXPECTED


def test_duckdb_files_are_opened_for_reading_only(tmp_path: Path) -> None:
    with open_database(tmp_path / "shop.duckdb") as connection:
        connection.execute("create table e as select 17 as u, timestamptz '2025-06-01 08:00:00+00' as t, 12.5 as a, 'x, y' as i")
        connection.execute("insert into e values (18, timestamptz '2025-06-02 08:00:00+00', null, null)")
    assert rows(tmp_path, "select * from e order by u", "duckdb:shop.duckdb") == EXPECTED
    with pytest.raises(SourceError, match="read-only"):
        rows(tmp_path, "delete from e", "duckdb:shop.duckdb")


def test_sqlite_columns_of_mixed_types_are_read(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "shop.sqlite")
    connection.execute("create table e (u, t, a, i)")
    connection.executemany(
        "insert into e values (?, ?, ?, ?)", [(17, "2025-06-01 10:00:00", "12.50", b"x, y"), ("18", "2025-06-02 10:00:00", None, None)]
    )
    connection.commit()
    connection.close()
    assert rows(tmp_path, "select * from e order by t", "sqlite:shop.sqlite") == EXPECTED
    with pytest.raises(SourceError, match=r"readonly|read-only"):
        rows(tmp_path, "delete from e", "sqlite:shop.sqlite")


@pytest.mark.parametrize(
    ("sql", "database", "words"),
    [
        ("select 1 as u", "duckdb:", "no column 't'; its columns are 'u'"),
        ("selec 1", "duckdb:", "query failed.*Correct `sql`"),
        ("select * from read_csv('none.csv')", "duckdb:", "none.csv"),
        (
            "select 1 as u, x as t, 3 as i, case when x > 900000 then error('broken') end as a from range(1000000) r(x)",
            "duckdb:",
            "query failed.*broken",
        ),
        ("select 1", "duckdb:none.duckdb", "does not exist"),
        ("select 1", "sqlite:none.sqlite", "does not exist"),
        ("selec 1", "sqlite:empty.sqlite", "query failed"),
    ],
)
def test_a_query_that_fails_is_answered(tmp_path: Path, sql: str, database: str, words: str) -> None:
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(SourceError, match=words):
        rows(tmp_path, sql, database)


def test_an_unknown_database_is_a_wrong_config_and_its_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        rows(tmp_path, "select 1", "mysql://me:secret@host/db")
    assert "secret" not in str(error.value)
    assert "'mysql://me:***@host/db'" in str(error.value)


def postgres_binary(name: str) -> Path | None:
    """A server program of PostgreSQL, which distributions keep outside PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")) + sorted(Path("/usr").glob(f"pgsql-*/bin/{name}"))
    on_path = shutil.which(name)
    return Path(on_path) if on_path else found[-1] if found else None


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a fresh PostgreSQL server on loopback."""
    initdb, server = postgres_binary("initdb"), postgres_binary("postgres")
    if not initdb or not server:
        pytest.skip("PostgreSQL's server programs (initdb, postgres) are not installed")
    folder = tmp_path_factory.mktemp("postgres")
    runner: dict[str, object] = {}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        user = next((name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()}), None)
        if user is None:
            pytest.skip("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody'")
        runner = {"user": user}
        shutil.chown(folder, user)
        # How deep the folder lies depends on how many workers run the tests.
        for parent in [folder, *folder.parents]:
            if not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    data = folder / "data"
    subprocess.run(
        [initdb, "-D", data, "-U", "memlearn", "-A", "trust", "--no-sync"], check=True, capture_output=True, cwd=folder, **runner
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [server, "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=folder, text=True, **runner)
    try:
        for line in process.stderr:
            if "ready to accept connections" in line:
                break
        yield f"postgresql://memlearn@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.communicate(timeout=30)


TYPED = """
select * from (values
    (17, timestamptz '2025-06-01 10:00:00+02', 12.50::numeric, array['x', 'y']),
    (18, timestamptz '2025-06-02 10:00:00+02', null, null)
) as e (u, t, a, i)
"""


def test_postgresql_is_read_through_a_server_side_cursor(postgres: str, tmp_path: Path) -> None:
    assert rows(tmp_path, TYPED, postgres) == EXPECTED
    many = "select n % 10 as u, timestamp '2025-01-01' + n * interval '1 minute' as t, n * 0.01 as a, 'x%' as i from generate_series(1, 60000) as n"
    read = rows(tmp_path, many, "${DB}", DB=postgres)
    assert len(read) == 60_000
    assert [amount for _, _, amount, _ in read] == list(range(1, 60_001))


def test_postgresql_errors_are_told_apart(postgres: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="selec"):
        rows(tmp_path, "selec 1", postgres)
    with pytest.raises(SourceError, match="no column 't'"):
        rows(tmp_path, "select 1 as u", postgres)
    with pytest.raises(SourceError, match="does not exist"):
        rows(tmp_path, "select 1", postgres.replace("/postgres", "/nowhere"))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(TransientError, match="cannot be reached") as error:
            rows(tmp_path, "select 1", f"postgresql://me:secret@127.0.0.1:{unused.getsockname()[1]}/x")
    assert "secret" not in str(error.value)
