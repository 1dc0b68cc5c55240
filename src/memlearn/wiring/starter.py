"""The starter that `memlearn init` writes: a commented config and example data, shipped as package data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from memlearn.errors import StoreError, UsageError
from memlearn.wiring.schema import config_schema

CONFIG_NAME = "memlearn.yaml"
SCHEMA_NAME = "memlearn.schema.json"


def write_starter(folder: str | Path) -> list[Path]:
    """Write the starter config and its data.

    Args:
        folder: made if it is not there; files in it are never overwritten.

    Returns:
        The written files, the config first.

    Raises:
        UsageError: one of the files is already there, or `folder` is a file.
        StoreError: the folder cannot be written to.
    """
    target = Path(folder)
    contents = {target / name: content for name, content in _contents()}
    there = [str(file) for file in contents if file.exists()]
    if there:
        raise UsageError(f"{there[0]!r} is already there; `init` overwrites nothing. Name another folder, or move the file away.")
    if target.exists() and not target.is_dir():
        raise UsageError(f"{str(target)!r} is a file. Name a folder.")
    try:
        for file, content in contents.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    except OSError as error:
        raise StoreError(f"Cannot write to {str(target)!r}: {error.strerror}. Choose a folder that you may write to.") from error
    return list(contents)


def _contents() -> Iterator[tuple[PurePosixPath, bytes]]:
    root = files("memlearn.wiring") / "starter_files"
    yield PurePosixPath(CONFIG_NAME), (root / CONFIG_NAME).read_bytes()
    yield PurePosixPath(SCHEMA_NAME), (json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n").encode()
    for path, file in _walk(root / "data", PurePosixPath("data")):
        yield path, file.read_bytes()


def _walk(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _walk(entry, path / entry.name)
        else:
            yield path / entry.name, entry
