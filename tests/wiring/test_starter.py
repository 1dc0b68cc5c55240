"""The starter that `memlearn init` writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from memlearn.errors import UsageError
from memlearn.wiring.load import load_config
from memlearn.wiring.starter import write_starter


def test_its_config_is_valid_and_its_data_is_there(tmp_path: Path) -> None:
    files = write_starter(tmp_path / "new" / "shop")
    loaded = load_config(files[0])
    paths = [source.path for source in loaded.config.sources.values()]
    assert all((loaded.base / str(path)).is_file() for path in paths)
    assert {file.name for file in files} >= {"memlearn.yaml", "memlearn.schema.json", "purchases.csv", "policies.md"}


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "memlearn.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="already there"):
        write_starter(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["memlearn.yaml"]
    assert (tmp_path / "memlearn.yaml").read_text(encoding="utf-8") == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        write_starter(tmp_path / "file")
