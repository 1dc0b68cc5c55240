"""The manifest of a release: what it pins and what its files are; written once, with a checksum of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from memlearn.errors import DamagedError, FormatError
from memlearn.store.layout import StoreLayout

RELEASE_FORMAT = 4
"""Version of the manifest and of the segment files; a reader refuses newer ones. 2 brings what was bought and the trained ranker, 3 what was sent
and the trained ranker of offers, 4 what of an item's visits is left when what is past counts less."""


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """An immutable segment file.

    Args:
        file: name under `segments/`.
        sha256: of the file's bytes.
        bytes: size of the file.
        users: users with memory in it.
        removed: users that it says are gone.
        content_digest: of its logical rows; the same for the same rows in another file.
    """

    file: str
    sha256: str
    bytes: int
    users: int
    removed: int
    content_digest: str


@dataclass(frozen=True, slots=True)
class LearnedRows:
    """A version of the row store that users were learned from.

    Args:
        until_us: rows before this instant, microseconds UTC.
        row_files: files that hold them, relative to the store; those of the users' shards at least.
    """

    until_us: int
    row_files: tuple[str, ...]

    def shards(self, root: Path) -> dict[Path, tuple[str, ...]]:
        """The folder of each shard, and its files, oldest first.

        Args:
            root: the store's folder.
        """
        folders: dict[Path, list[str]] = {}
        # Names are numbered by run.
        for name in sorted(self.row_files):
            path = root / name
            folders.setdefault(path.parent, []).append(path.name)
        return {folder: tuple(names) for folder, names in sorted(folders.items())}

    def holds(self, other: LearnedRows) -> bool:
        """Whether the shards of `other` have the same rows here."""
        folders = {Path(name).parent for name in other.row_files}
        mine = {name for name in self.row_files if Path(name).parent in folders}
        return self.until_us == other.until_us and mine == set(other.row_files)


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that a release is.

    Args:
        release_id: `r<number>-<first digits of the content digest>`; the number orders releases.
        run_id: the run that published it.
        as_of_us: the instant of the memory, microseconds UTC.
        population: the boundary of the population snapshot, plain JSON.
        config_digest: of the config it was learned with.
        user_segments: oldest first; a user's rows come from the newest one that holds the user.
        shared_segment: the global tables.
        lance: version of each Lance dataset.
        row_files: the row-store files that shared memory and all users but those apart were computed from, relative to the store.
        counts: numbers for people.
        content_digest: of all logical rows, without run, time and files.
        rows_until_us: of `row_files`, rows before this instant, microseconds UTC; None: before `as_of_us`.
        apart: rows that users were learned from who were learned apart from the others; `read_apart` tells who.
        apart_users: SHA-256 of the file that tells it; None without such users.
        format: version of the layout.
    """

    release_id: str
    run_id: str
    as_of_us: int
    population: Mapping[str, Any]
    config_digest: str
    user_segments: tuple[SegmentInfo, ...]
    shared_segment: SegmentInfo
    lance: Mapping[str, int]
    row_files: tuple[str, ...]
    counts: Mapping[str, int]
    content_digest: str
    rows_until_us: int | None = None
    apart: tuple[LearnedRows, ...] = ()
    apart_users: str | None = None
    format: int = field(default=RELEASE_FORMAT)

    @property
    def segments(self) -> tuple[SegmentInfo, ...]:
        """All segment files, the shared one last."""
        return (*self.user_segments, self.shared_segment)

    @property
    def learned_until_us(self) -> int:
        """The instant that was learned up to: the one asked for, else that of the newest event."""
        return self.as_of_us if self.population.get("as_of") is not None else self.as_of_us - 1

    @property
    def learned_rows(self) -> LearnedRows:
        """What shared memory and all users but those apart were learned from."""
        return LearnedRows(self.as_of_us if self.rows_until_us is None else self.rows_until_us, self.row_files)

    @property
    def pinned_row_files(self) -> frozenset[str]:
        """All row files that it needs: as long as it is kept, they are."""
        return frozenset(self.row_files).union(*(rows.row_files for rows in self.apart))

    @property
    def inputs(self) -> dict[str, Any]:
        """What the release was computed from, as JSON; equal inputs and equal content need no new release."""
        data = _plain(self)
        names = ("as_of_us", "population", "config_digest", "row_files", "rows_until_us", "apart", "apart_users", "lance")
        return {name: data[name] for name in names}

    def to_json(self) -> dict[str, Any]:
        """As written, without the checksum."""
        return _plain(self)


def write_manifest(manifest: Manifest) -> bytes:
    """The manifest as a JSON document with its checksum."""
    data = manifest.to_json()
    return json.dumps({"checksum": _checksum(data), **data}, indent=1, sort_keys=True, ensure_ascii=False).encode()


def parse_manifest(content: bytes, path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        DamagedError: it is not JSON, or not what its checksum says.
        FormatError: a newer memlearn wrote it.
    """
    try:
        data = json.loads(content)
        expected = data.pop("checksum")
        version = data["format"]
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise DamagedError(f"{str(path)!r} is damaged: it is not a manifest ({error}). {WAY_OUT}") from error
    if isinstance(version, int) and version > RELEASE_FORMAT:
        raise FormatError(
            f"{str(path)!r} has format {version}; this memlearn reads formats up to {RELEASE_FORMAT}. "
            "Upgrade memlearn, or roll back to an older release with `memlearn release rollback CONFIG`."
        )
    actual = _checksum(data)
    if actual != expected:
        raise DamagedError(f"{str(path)!r} is damaged: its checksum should be {expected}, it is {actual}. {WAY_OUT}")
    segments = tuple(SegmentInfo(**segment) for segment in data.pop("user_segments"))
    shared = SegmentInfo(**data.pop("shared_segment"))
    row_files = tuple(data.pop("row_files"))
    apart = tuple(LearnedRows(rows["until_us"], tuple(rows["row_files"])) for rows in data.pop("apart", ()))
    return Manifest(user_segments=segments, shared_segment=shared, row_files=row_files, apart=apart, **data)


def read_manifest(layout: StoreLayout, release_id: str) -> Manifest:
    """Read the manifest of one release.

    Raises:
        DamagedError: it is damaged, or says to be another release.
        FormatError: a newer memlearn wrote it.
        FileNotFoundError: there is no such release.
    """
    path = layout.manifest(release_id)
    manifest = parse_manifest(path.read_bytes(), path)
    if manifest.release_id != release_id:
        raise DamagedError(f"{str(path)!r} is damaged: it is the manifest of release {manifest.release_id!r}. {WAY_OUT}")
    return manifest


WAY_OUT = "Go back to an earlier release with `memlearn release rollback CONFIG`, or learn again with `memlearn learn CONFIG`."


def _plain(manifest: Manifest) -> dict[str, Any]:
    data = asdict(manifest)
    plain: dict[str, Any] = json.loads(json.dumps(data, default=dict))
    return plain


def _checksum(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
