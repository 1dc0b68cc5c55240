"""Bad input, by the command line: one clear message, the right exit code, nothing lost, and the next good run works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from companies import Company, Site, make_company

from memlearn.cli import main
from memlearn.duck import open_database
from memlearn.errors import DamagedError
from memlearn.learning.lock import hold_learning_lock
from memlearn.store.manifest import RELEASE_FORMAT, read_manifest, write_manifest
from memlearn.store.switch import current_release_id
from memlearn.store.vectors import VectorStore

Capture = pytest.CaptureFixture[str]
BOOKS = (
    "select (select count(*) from steps), (select count(*) from deliveries), (select count(*) from row_files), (select count(*) from dirty)"
)


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(21, users=4, events=25, nights=2, days=150)


@pytest.fixture(scope="module")
def learned(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site whose first night is learned and whose second has arrived; not to be changed."""
    site = Site(tmp_path_factory.mktemp("bad") / "site", {"chunks": {"tokens": 300}}).set_up(company)
    site.deliver(*company.nights[0])
    assert main(["learn", str(site.config)]) == 0
    site.deliver(*company.nights[1])
    return site


@pytest.fixture(scope="module")
def digest_of_good_run(learned: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What learning the second night leads to."""
    copy = Site(Path(shutil.copytree(learned.folder, tmp_path_factory.mktemp("good") / "site")), dict(learned.settings))
    assert main(["learn", str(copy.config)]) == 0
    return copy.digest()


@pytest.fixture
def site(learned: Site, tmp_path: Path) -> Site:
    """A copy that a test may change."""
    copied = Site(Path(shutil.copytree(learned.folder, tmp_path / "site")), dict(learned.settings))
    assert copied.config.is_file()
    return copied


def _books(site: Site) -> tuple[Any, ...]:
    with open_database(site.layout.ledger) as connection:
        row = connection.execute(BOOKS).fetchone()
    assert row is not None
    return tuple(row)


def _fails(capsys: Capture, code: int, *arguments: str) -> str:
    """Run a command that must fail; its one message."""
    capsys.readouterr()
    assert main(list(arguments)) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    messages = [line for line in printed.err.splitlines() if line.startswith("memlearn: ")]
    assert len(messages) == 1
    assert "unexpected" not in printed.err
    return printed.err


@dataclass(frozen=True)
class Bad:
    """A case: how the folder is spoilt, the exit code, and words of the message."""

    spoil: Callable[[Site], None]
    words: tuple[str, ...]
    code: int = 1


def _write(name: str, text: str) -> Callable[[Site], None]:
    return lambda site: _put(site.folder / name, text)


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _edit_config(old: str, new: str) -> Callable[[Site], None]:
    def edit(site: Site) -> None:
        text = site.config.read_text(encoding="utf-8")
        assert old in text
        _put(site.folder / "memlearn.yaml", text.replace(old, new, 1))

    return edit


def _replace_in(name: str, old: str, new: str) -> Callable[[Site], None]:
    def edit(site: Site) -> None:
        path = site.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        _put(path, text.replace(old, new))

    return edit


def _spoil_rows(site: Site) -> None:
    path = site.folder / "in" / "shop-01.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    _put(path, "\n".join([lines[0], *(line.replace("2025-", "the year 2025-") for line in lines[1:])]) + "\n")


def _no_rows(site: Site) -> None:
    for path in (site.folder / "in").glob("*.csv"):
        _put(path, path.read_text(encoding="utf-8").splitlines()[0] + "\n")
    shutil.rmtree(site.folder / "store")


CASES = {
    "missing file": Bad(lambda site: (site.folder / "items.csv").unlink(), ("'items'", "items.csv", "does not exist")),
    "no file for a glob": Bad(_edit_config("in/shop-*.csv", "in/shoop-*.csv"), ("'in/shoop-*.csv' matches no file",)),
    "missing column": Bad(_replace_in("in/shop-01.csv", "customer,", "client,"), ("shop-01.csv", "has no column 'customer'", "client")),
    "missing key column": Bad(_replace_in("in/shop-01.csv", "receipt", "reciept"), ("has no column 'receipt'", "Did you mean 'reciept'?")),
    "missing key of the config": Bad(_edit_config("      user: customer\n", ""), ("sources.shop.columns.user", "must be there"), 2),
    "unreadable rows": Bad(_spoil_rows, ("'shop'", "rows are unusable", "the limit is 2.0%", "nothing was changed", "max_rejects")),
    "unknown time zone": Bad(_edit_config("Europe/Berlin", "Europe/Berln"), ("Time zone 'Europe/Berln' is unknown", "'Europe/Berlin'"), 2),
    "empty file": Bad(_write("items.csv", ""), ("items.csv", "is empty (0 bytes)")),
    "empty source": Bad(_write("items.csv", "id,name,department,category\n"), ("'items' has no rows",)),
    "no YAML": Bad(_write("memlearn.yaml", "store: [\n"), ("memlearn.yaml", "this is not YAML"), 2),
    "a config that is a list": Bad(_write("memlearn.yaml", "- store\n"), ("a config is a mapping",), 2),
    "a newer config": Bad(_edit_config("version: 1", "version: 2"), ("version 2", "reads version 1. Upgrade memlearn"), 2),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_bad_source_or_config(site: Site, capsys: Capture, case: Bad) -> None:
    before, books = site.digest(), _books(site)
    case.spoil(site)
    message = _fails(capsys, case.code, "learn", str(site.folder / "memlearn.yaml"))
    for words in case.words:
        assert words in message
    assert site.digest() == before
    assert _books(site) == books


def test_after_a_failure_the_next_good_run_works(site: Site, capsys: Capture, digest_of_good_run: str) -> None:
    path = site.folder / "in" / "shop-01.csv"
    good = path.read_bytes()
    _spoil_rows(site)
    _fails(capsys, 1, "learn", str(site.config))
    path.write_bytes(good)
    assert main(["learn", str(site.config)]) == 0
    assert site.digest() == digest_of_good_run
    capsys.readouterr()
    assert main(["status", str(site.config), "--json"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [run["state"] for run in runs] == ["done", "failed", "done"]
    assert "rows are unusable" in runs[1]["message"]


def test_no_events_at_all(site: Site, capsys: Capture) -> None:
    _no_rows(site)
    assert "no events to learn from" in _fails(capsys, 1, "learn", str(site.config))


def test_a_few_unreadable_rows_are_left_out_with_a_warning(site: Site, capsys: Capture) -> None:
    with (site.folder / "in" / "app-01.csv").open("a", encoding="utf-8") as file:
        file.write(",2025-04-01T09:00,bad,o1,shown\n")
    site.settings["max_rejects"] = 0.9
    capsys.readouterr()
    assert main(["learn", str(site.config), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rejected_rows"] == 1
    assert any("1 of" in warning and "left out" in warning for warning in report["warnings"])
    assert "no user" in Path(report["rejects_file"]).read_text(encoding="utf-8")


def test_warnings_of_case_twins_and_of_offers_that_are_no_items(tmp_path: Path, company: Company, capsys: Capture) -> None:
    site = Site(tmp_path / "site").set_up(company)
    site.deliver(*company.nights[0], *company.nights[1])
    with (site.folder / "in" / "app-00.csv").open("a", encoding="utf-8") as file:
        file.write("anna,2025-04-01T09:00,new,o99,shown\n")
    capsys.readouterr()
    assert main(["learn", str(site.config), "--json"]) == 0
    printed = capsys.readouterr()
    warnings = json.loads(printed.out)["warnings"]
    assert any("'Anna' and 'anna'" in warning and "kept apart" in warning for warning in warnings)
    assert any("'o99'" in warning and "never recommended" in warning for warning in warnings)
    assert printed.err.count("memlearn: ") == len(warnings) == 2
    assert {"Anna", "anna"} <= {row["user_id"] for row in site.content()["users"]}
    assert main(["learn", str(site.config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []


def test_an_unknown_user(site: Site, capsys: Capture) -> None:
    assert "'nobody'" in _fails(capsys, 1, "show", str(site.config), "nobody")
    assert "'nobody'" in _fails(capsys, 1, "learn", str(site.config), "--users", "nobody")
    capsys.readouterr()
    assert main(["recommend", str(site.config), "nobody", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tier"] == "popular"


def test_a_second_learn(site: Site, capsys: Capture, digest_of_good_run: str) -> None:
    descriptor = hold_learning_lock(site.layout)
    assert descriptor is not None
    message = _fails(capsys, 1, "learn", str(site.config))
    assert "Another learn run works on the store" in message
    assert "memlearn status CONFIG" in message
    os.close(descriptor)
    assert main(["learn", str(site.config)]) == 0
    assert site.digest() == digest_of_good_run


def test_a_snapshot_that_shrank(tmp_path: Path, company: Company, capsys: Capture) -> None:
    site = Site(tmp_path / "site", {"sources": {"till": {"mode": "snapshot"}}}).set_up(company)
    site.deliver(*company.nights[0])
    assert main(["learn", str(site.config)]) == 0
    before, books = site.digest(), _books(site)
    path = site.folder / "in" / "till-00.csv"
    _put(path, "\n".join(path.read_text(encoding="utf-8").splitlines()[:3]) + "\n")
    message = _fails(capsys, 1, "learn", str(site.config))
    assert "Snapshot 'till' lost" in message
    assert "the limit is 20.0%" in message
    assert (site.digest(), _books(site)) == (before, books)


LIMITED = """
import resource, sys
from memlearn.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
sys.exit(main(["learn", sys.argv[1]]))
"""


@pytest.mark.parametrize("limit", [0, *(pytest.param(limit, marks=pytest.mark.slow) for limit in (3_000, 100_000, 300_000))])
@pytest.mark.slow
def test_no_room(site: Site, limit: int, digest_of_good_run: str) -> None:
    before = site.digest()
    done = _python(LIMITED, str(site.config), str(limit))
    assert done.returncode == 1
    assert done.stderr.startswith("memlearn: No room to write")
    assert len(done.stderr.splitlines()) == 1
    assert "Nothing published was changed" in done.stderr
    assert site.digest() == before
    assert main(["learn", str(site.config)]) == 0
    assert site.digest() == digest_of_good_run


def _python(program: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=environment, timeout=120, check=False, **options
    )


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 30 MiB; beside pytest's folders, whose clean-up fails where a killed run has left one mounted."""
    mount, within = shutil.which("mount"), Path(tempfile.gettempdir())
    for left in within.glob("memlearn-small-disk-*-*"):
        if not Path("/proc", left.name.split("-")[3]).exists():
            subprocess.run(["umount", str(left)], capture_output=True, check=False)
            left.rmdir()
    place = Path(tempfile.mkdtemp(prefix=f"memlearn-small-disk-{os.getpid()}-"))
    try:
        command = [mount or "mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(place)]
        if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small disk needs root")
        yield place
        subprocess.run(["umount", str(place)], check=True)
    finally:
        place.rmdir()


@pytest.mark.parametrize("left", [0, 600_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_a_disk_that_is_full(site: Site, small_disk: Path, capsys: Capture, left: int, digest_of_good_run: str) -> None:
    shutil.move(site.folder / "store", small_disk / "store")
    (site.folder / "store").symlink_to(small_disk / "store")
    before = site.digest()
    free = shutil.disk_usage(small_disk).free
    assert free > left
    (small_disk / "filler").write_bytes(bytes(free - left))
    message = _fails(capsys, 1, "learn", str(site.config))
    assert "No room to write" in message
    assert "Nothing published was changed" in message
    assert site.digest() == before
    (small_disk / "filler").unlink()
    assert main(["learn", str(site.config)]) == 0
    assert site.digest() == digest_of_good_run


def test_a_store_that_cannot_be_written(site: Site, capsys: Capture) -> None:
    _put(site.folder / "file", "no folder")
    site.settings["store"] = "file/store"
    message = _fails(capsys, 1, "learn", str(site.config))
    assert "file/store" in message
    assert "cannot be" in message


@pytest.mark.parametrize("damage", ["garbage", "cut", "empty"])
def test_a_damaged_ledger(site: Site, capsys: Capture, damage: str, digest_of_good_run: str) -> None:
    before = site.digest()
    path = site.layout.ledger
    path.write_bytes({"garbage": b"no database" * 1000, "cut": path.read_bytes()[: path.stat().st_size // 2], "empty": b"x"}[damage])
    message = _fails(capsys, 1, "learn", str(site.config))
    assert str(path) in message
    assert "is damaged" in message
    assert "Remove that file and learn again" in message
    assert site.digest() == before
    path.unlink()
    assert main(["learn", str(site.config)]) == 0
    assert site.digest() == digest_of_good_run
    assert main(["release", "gc", str(site.config), "--keep", "1"]) == 0
    assert site.digest() == digest_of_good_run


def test_a_newer_ledger(site: Site, capsys: Capture) -> None:
    before = site.digest()
    with open_database(site.layout.ledger) as connection:
        connection.execute("update facts set value = '99' where name = 'format'")
    message = _fails(capsys, 1, "learn", str(site.config))
    assert "has format 99" in message
    assert "Upgrade memlearn" in message
    assert site.digest() == before


def test_a_newer_release(site: Site, capsys: Capture) -> None:
    release_id = current_release_id(site.layout)
    path = site.layout.manifest(release_id)
    path.write_bytes(write_manifest(read_manifest(site.layout, release_id)).replace(f'"format": {RELEASE_FORMAT}'.encode(), b'"format": 9'))
    for arguments in (["learn"], ["status"]):
        message = _fails(capsys, 1, *arguments, str(site.config))
        assert "has format 9" in message
        assert "Upgrade memlearn" in message
    assert current_release_id(site.layout) == release_id


def _damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "flipped":
        for at in range(len(content) // 3, min(len(content), len(content) // 3 + 64)):
            content[at] ^= 0x55
    path.write_bytes({"flipped": bytes(content), "cut": bytes(content[:-10]), "gone": b""}[how])
    if how == "gone":
        path.unlink()


HEALED = {
    "a segment": lambda site: site.layout.segment(read_manifest(site.layout, current_release_id(site.layout)).segments[0].file),
    "the shared segment": lambda site: site.layout.segment(read_manifest(site.layout, current_release_id(site.layout)).shared_segment.file),
    "the manifest": lambda site: site.layout.manifest(current_release_id(site.layout)),
    "the population": lambda site: next((site.layout.root / "population").glob("*[0-9a-f].parquet")),
    "the pieces": lambda site: next((site.layout.root / "pieces").glob("*/*")),
    "CURRENT": lambda site: site.layout.current,
    "the status": lambda site: site.layout.status,
}


@pytest.mark.parametrize("how", ["flipped", *(pytest.param(how, marks=pytest.mark.slow) for how in ("cut", "gone"))])
@pytest.mark.parametrize("what", HEALED)
def test_learning_mends_what_can_be_made_anew(site: Site, what: str, how: str, digest_of_good_run: str) -> None:
    _damage(HEALED[what](site), how)
    assert main(["learn", str(site.config)]) == 0
    assert site.digest() == digest_of_good_run


@pytest.mark.parametrize("how", ["flipped", "cut"])
def test_a_damaged_lance_table_is_named(site: Site, capsys: Capture, how: str, digest_of_good_run: str) -> None:
    before = site.digest()
    _damage(next((site.layout.lance / "blocks.lance" / "_versions").glob("*.manifest")), how)
    message = _fails(capsys, 1, "learn", str(site.config))
    assert "Table 'blocks'" in message
    assert "Delete its folder and learn again" in message
    assert site.digest() == before
    shutil.rmtree(site.layout.lance / "blocks.lance")
    assert main(["learn", str(site.config)]) == 0
    assert site.digest() == digest_of_good_run


def _searchable(site: Site) -> dict[str, list[dict[str, Any]]]:
    """What the current release's Lance tables say."""
    versions = read_manifest(site.layout, current_release_id(site.layout)).lance
    vectors = VectorStore(site.layout.lance)
    return {
        "blocks": vectors.read_blocks(versions["blocks"]).to_dicts(),
        "items": vectors.search_items(versions["items"], "espresso beans", None).to_dicts(),
        "passages": vectors.read_passages(versions["passages"]).to_dicts(),
    }


@pytest.mark.parametrize("how", ["cut", pytest.param("gone", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "part",
    [
        "blocks.lance/data/*",
        *(
            pytest.param(part, marks=pytest.mark.slow)
            for part in ("items.lance/data/*", "items.lance/_indices/*/*tokens*", "items.lance/_indices/*/meta*")
        ),
    ],
)
def test_a_damaged_file_of_a_lance_table_is_mended(site: Site, capsys: Capture, part: str, how: str) -> None:
    assert main(["learn", str(site.config)]) == 0
    sound = _searchable(site)
    assert sound["blocks"]
    assert sound["items"][0]["text_rank"] == 1
    for path in site.layout.lance.glob(part):
        _damage(path, how)
    with pytest.raises(DamagedError, match=part.split(".", maxsplit=1)[0]):
        _searchable(site)
    # Readers of a release do not need the tables.
    for arguments in (["show", "Anna"], ["recommend", "Anna"], ["verify"], ["status"]):
        assert main([arguments[0], str(site.config), *arguments[1:]]) == 0
    capsys.readouterr()
    assert main(["learn", str(site.config), "--json"]) == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert any(f"Table {part.split('.', maxsplit=1)[0]!r}" in warning and "which mends it" in warning for warning in warnings)
    assert _searchable(site) == sound
    assert main(["learn", str(site.config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []


@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_a_damaged_row_file_is_named(site: Site, capsys: Capture, how: str) -> None:
    before = site.digest()
    path = next(site.layout.rows.glob("*/*.parquet"))
    _damage(path, how)
    # Another mapping reads every row.
    site.settings["blocks"] = [{"label": "habits", "description": "Habits.", "limit": 500}]
    message = _fails(capsys, 1, "learn", str(site.config))
    assert f"Row file {str(path)!r} is damaged" in message
    assert "remove the store's folder and learn again" in message
    assert site.digest() == before
