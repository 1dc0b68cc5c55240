"""A shop made by `memlearn init`, learned once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from memlearn.cli import main


@pytest.fixture(scope="session")
def learned_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a starter whose release is published; not to be changed."""
    folder = tmp_path_factory.mktemp("learned") / "shop"
    assert main(["init", str(folder)]) == 0
    assert main(["learn", str(folder / "memlearn.yaml")]) == 0
    return folder


@pytest.fixture
def shop(learned_shop: Path, tmp_path: Path) -> Path:
    """A copy of the learned shop that a test may change."""
    return Path(shutil.copytree(learned_shop, tmp_path / "shop"))
