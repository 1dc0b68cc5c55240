"""configs/sample.yaml names columns and files that the samples have, and treats every misspelling."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Rows = Callable[[Path], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def config(samples: Path) -> dict[str, Any]:
    """The sample config as plain values."""
    loaded: dict[str, Any] = yaml.safe_load((samples.parents[1] / "configs" / "sample.yaml").read_text(encoding="utf-8"))
    return loaded


def columns_of(source: dict[str, Any]) -> set[str]:
    """Every column that a source's mapping names."""
    named = set(source.get("columns", {}).values()) | set(source.get("attributes", {}).values()) | set(source.get("levels", {}).values())
    return named | {source[name] for name in ("user", "since") if name in source}


def test_every_mapped_column_is_in_every_file(samples: Path, config: dict[str, Any], rows_of: Rows) -> None:
    seen = set()
    for name, source in config["sources"].items():
        pattern = source["path"].removeprefix("${SAMPLES:-../data/samples}/")
        paths = sorted(samples.glob(pattern))
        assert paths, name
        seen |= {path.name for path in paths if path.is_file()}
        for path in paths if source["role"] != "documents" else []:
            whole = next(row for row in rows_of(path) if "broken" not in row)
            assert columns_of(source) <= whole.keys(), (name, path.name)
    tables = {path.name for path in samples.iterdir() if path.is_file() and not path.name.startswith(("truth", "README", "generate"))}
    assert seen == tables


def test_six_documents_in_four_formats(samples: Path) -> None:
    documents = [path for path in (samples / "documents").rglob("*") if path.is_file()]
    assert len(documents) == 6
    assert {path.suffix for path in documents} == {".md", ".html", ".txt", ".pdf"}


def test_every_misspelling_has_an_alias(config: dict[str, Any], truth: dict[str, Any]) -> None:
    stated = {spelling: name for name, spellings in truth["population"]["misspelt"].items() for spelling in spellings}
    accented = {name: name for name in truth["population"]["merchants"] if not name.isascii()}
    assert config["merchants"]["aliases"] == stated | accented
    named = truth["population"]["merchants"]
    assert {name: named[name] for name in config["merchants"]["categories"]} == config["merchants"]["categories"]


def test_sensitive_attributes_are_declared(config: dict[str, Any], truth: dict[str, Any]) -> None:
    assert config["sources"]["customers"]["sensitive"] == truth["population"]["sensitive_attributes"]
    assert not {name for user in truth["users"].values() for name in user["person"]} & set(truth["population"]["sensitive_attributes"])
