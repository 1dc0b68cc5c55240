"""Which files a document source names, and their paths relative to its folders."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from memlearn.errors import SourceError
from memlearn.sources.config import DocumentSource
from memlearn.sources.context import expand_variables

FORMATS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdown": "markdown",
    ".txt": "plain",
    ".text": "plain",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
}
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A file to read.

    Args:
        path: where it lies.
        relative: its path relative to the source's folder, with forward slashes; unique within the source.
    """

    path: Path
    relative: str


def list_documents(name: str, source: DocumentSource, base: Path, variables: Mapping[str, str]) -> list[DocumentFile]:
    """Find the files of a document source, sorted by relative path.

    In folders only files with a known ending are taken, hidden files and folders are passed over; a file that is
    named by itself or by a glob is always taken.

    Args:
        name: name of the source in the config.
        source: its config.
        base: folder of the config file.
        variables: values for `${NAME}`.

    Raises:
        SourceError: a path does not exist, a glob matches nothing, or a folder holds no document.
        ConfigError: a variable is unknown.
    """
    patterns = [source.path] if isinstance(source.path, str) else source.path
    found: dict[Path, str] = {}
    for pattern in patterns:
        for path, relative in _expand(name, pattern, base, variables):
            if not _is_excluded(relative, source.exclude):
                found.setdefault(path, relative)
    if not found:
        raise SourceError(f"Source {name!r}: `exclude` leaves no document of {source.path!r}. Remove a pattern from it.")
    return _with_unique_names(found, base)


def _expand(name: str, pattern: str, base: Path, variables: Mapping[str, str]) -> list[tuple[Path, str]]:
    filled = expand_variables(pattern, variables)
    place = Path(os.path.normpath(base / Path(filled).expanduser()))
    if place.is_dir():
        files = [(path, path.relative_to(place)) for path in sorted(place.rglob("*")) if path.is_file()]
        taken = [(path, relative.as_posix()) for path, relative in files if path.suffix.lower() in FORMATS and not _is_hidden(relative)]
        if not taken:
            endings = ", ".join(sorted(FORMATS))
            raise SourceError(
                f"Source {name!r}: folder {str(place)!r} holds no document among {len(files)} file(s). Known endings: {endings}."
            )
        return taken
    if place.is_file():
        return [(place, place.name)]
    if not _GLOB.search(filled):
        raise SourceError(f"Source {name!r}: {str(place)!r} does not exist. Correct `path` (it is relative to the config file).")
    root = _fixed_part(place)
    matches = sorted(root.glob(place.relative_to(root).as_posix()))
    files_only = [path for path in matches if path.is_file() and not _is_hidden(path.relative_to(root))]
    if not files_only:
        raise SourceError(f"Source {name!r}: no file matches {str(place)!r}. Correct `path` (it is relative to the config file).")
    return [(path, path.relative_to(root).as_posix()) for path in files_only]


def _fixed_part(place: Path) -> Path:
    parts = place.parts
    wild = next(index for index, part in enumerate(parts) if _GLOB.search(part))
    return Path(*parts[:wild])


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _is_excluded(relative: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(relative, pattern) or fnmatchcase(relative, pattern.removeprefix("**/")) for pattern in patterns)


def _with_unique_names(found: dict[Path, str], base: Path) -> list[DocumentFile]:
    names = list(found.values())
    files = [
        DocumentFile(path, relative if names.count(relative) == 1 else Path(os.path.relpath(path, base)).as_posix())
        for path, relative in found.items()
    ]
    return sorted(files, key=lambda file: file.relative)
