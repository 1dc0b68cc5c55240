"""Deliveries: which files (or query) a source consists of. Does not look inside them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from memlearn.errors import SourceError
from memlearn.sources.config import Location
from memlearn.sources.context import SourceContext, expand_variables, nearest

TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".jsonl", ".ndjson", ".json")
COMPRESSIONS = (".gz", ".zst")
_GLOB_CHARACTERS = frozenset("*?[")
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file of a source, or the one query of an SQL source.

    Args:
        source: name of the source in the config.
        name: path relative to the config's folder with forward slashes, or `sql`.
        path: where the file lies; None for a query.
        size: bytes; 0 for a query.
        mtime_ns: time of the last change; 0 for a query.
        digest: content digest where it is known already.
    """

    source: str
    name: str
    path: Path | None
    size: int
    mtime_ns: int
    digest: str | None = None


def list_deliveries(name: str, source: Location, context: SourceContext) -> list[Delivery]:
    """List the files of a source, sorted by name; a query is one delivery.

    Raises:
        SourceError: a file is missing, or a glob or folder holds no file of a known format.
        ConfigError: a `${NAME}` has no value.
    """
    if source.path is None:
        return [Delivery(name, "sql", None, 0, 0)]
    endings = None if source.format else TABLE_ENDINGS
    paths = expand_paths(name, source.path, context.base, context.variables, endings)
    return [_delivery(name, path, context.base) for path in paths]


def fingerprint(delivery: Delivery) -> str | None:
    """Content digest of a delivery's file (BLAKE2b, 128 bits, read in pieces); None for a query, which is always read again.

    Raises:
        SourceError: the file cannot be read.
    """
    if delivery.path is None:
        return None
    digest = hashlib.blake2b(digest_size=16)
    try:
        with delivery.path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except OSError as error:
        raise unreadable(delivery.source, delivery.name, error) from error
    return digest.hexdigest()


def unreadable(source: str, name: str, error: OSError) -> SourceError:
    """The error for a file that the operating system does not let us read."""
    return SourceError(f"Source {source!r}: {name!r} cannot be read: {error.strerror or error}. Check that it exists and may be read.")


def expand_paths(
    source: str,
    patterns: str | Sequence[str],
    base: Path,
    variables: Mapping[str, str],
    endings: Sequence[str] | None,
) -> list[Path]:
    """Expand files, globs and folders to the files they mean, each once, sorted by relative name.

    Folders are read with their subfolders; names that begin with a dot or an underscore are passed over there.

    Args:
        source: name of the source, for messages.
        patterns: one or several paths, relative to `base`; `${NAME}` is replaced.
        base: folder of the config file.
        variables: values for `${NAME}`.
        endings: endings that count in folders and globs, a compression's ending may follow; None: all.

    Raises:
        SourceError: nothing is there.
        ConfigError: a `${NAME}` has no value.
    """
    found: dict[Path, None] = {}
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        text = expand_variables(pattern, variables)
        matches = list(_matches(base, Path(text).expanduser(), endings))
        if not matches:
            raise _nothing(source, text, base, endings)
        found.update(dict.fromkeys(matches))
    return sorted(found, key=lambda path: relative_name(path, base))


def relative_name(path: Path, base: Path) -> str:
    """Path relative to the config's folder, with forward slashes."""
    return Path(os.path.relpath(path, base)).as_posix()


def bare_ending(path: Path) -> tuple[str, str]:
    """The ending of a file's name without its compression, and the compression: `('.csv', '.gz')`."""
    suffix = path.suffix.lower()
    if suffix in COMPRESSIONS:
        return Path(path.stem).suffix.lower(), suffix
    return suffix, ""


def _delivery(source: str, path: Path, base: Path) -> Delivery:
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(source, relative_name(path, base), error) from error
    return Delivery(source, relative_name(path, base), path, status.st_size, status.st_mtime_ns)


def _matches(base: Path, pattern: Path, endings: Sequence[str] | None) -> Iterator[Path]:
    path = base / pattern
    if path.is_file():
        yield path
    elif path.is_dir():
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
            yield from (Path(folder, name) for name in sorted(files) if _wanted(Path(name), endings))
    elif _GLOB_CHARACTERS & set(str(pattern)):
        fixed = len(list(takewhile(lambda part: not _GLOB_CHARACTERS & set(part), pattern.parts)))
        root = base.joinpath(*pattern.parts[:fixed])
        for match in sorted(root.glob("/".join(pattern.parts[fixed:]))):
            if match.is_file() and _wanted(match, endings):
                yield match


def _wanted(path: Path, endings: Sequence[str] | None) -> bool:
    return not path.name.startswith((".", "_")) and (endings is None or bare_ending(path)[0] in endings)


def _nothing(source: str, text: str, base: Path, endings: Sequence[str] | None) -> SourceError:
    path = base / Path(text).expanduser()
    wanted = f" with one of the endings {', '.join(endings)}" if endings else ""
    if path.is_dir():
        return SourceError(f"Source {source!r}: folder {text!r} holds no file{wanted}. Put files there or correct `path`.")
    if _GLOB_CHARACTERS & set(text):
        return SourceError(f"Source {source!r}: {text!r} matches no file{wanted} (looked from {str(base)!r}). Correct `path`.")
    siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    return SourceError(
        f"Source {source!r}: file {text!r} does not exist (looked from {str(base)!r}).{nearest(path.name, siblings)} Correct `path`."
    )
