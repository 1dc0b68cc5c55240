"""Which release is current: the CURRENT file, its history, publishing, promoting and rolling back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from memlearn.duck import fetch, open_database
from memlearn.errors import DamagedError, FormatError, NoReleaseError, StoreError
from memlearn.store.apart import LearnedApart, read_apart, write_apart
from memlearn.store.files import disk_full_reported, file_sha256, move_durably, sync_file, write_durably
from memlearn.store.layout import StoreLayout
from memlearn.store.locks import release_claims, workspace, writing_releases
from memlearn.store.manifest import WAY_OUT, Manifest, SegmentInfo, read_manifest, write_manifest
from memlearn.store.segments import users_digest, winners_query

_HISTORY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class ReleaseDraft:
    """What a new release shall be; the fields are those of `Manifest`.

    `apart` tells who was learned apart too; `content_alone` True needs no new release for equal content, whatever it was computed from.
    `config` is the config that it came of, as JSON.
    """

    run_id: str
    as_of_us: int
    config_digest: str
    user_segments: tuple[SegmentInfo, ...]
    shared_segment: SegmentInfo
    population: Mapping[str, Any] = field(default_factory=dict)
    lance: Mapping[str, int] = field(default_factory=dict)
    row_files: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    rows_until_us: int | None = None
    apart: LearnedApart = field(default_factory=LearnedApart.nobody)
    content_alone: bool = False
    config: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseEntry:
    """A line of the list of releases.

    Args:
        release_id: which.
        current: True for the release that is served.
        manifest: None where it cannot be read.
        problem: why it cannot be read.
        refused: why it was refused when it was learned; None where it was not.
    """

    release_id: str
    current: bool
    manifest: Manifest | None
    problem: str | None = None
    refused: str | None = None


def publish_release(layout: StoreLayout, draft: ReleaseDraft, *, switch: bool = True) -> Manifest:
    """Write the manifest of a new release and make it current.

    Where content and pinned inputs equal those of the current release (or content alone, where that is enough) and its files are sound,
    nothing is written and the current manifest is returned.

    Args:
        layout: the store.
        draft: what the release names; its segments must be there.
        switch: False writes the release without making it current.

    Raises:
        StoreError: the disk is full, or a segment is missing.
        BusyError: another process is changing the releases.
    """
    with writing_releases(layout):
        for segment in (*draft.user_segments, draft.shared_segment):
            check_segment(layout, segment, verify=False)
        apart = write_apart(draft.apart)
        manifest = _manifest(layout, replace(draft, shared_segment=_unchanged_shared(layout, draft.shared_segment)), apart)
        same = _same_as_current(layout, manifest, content_alone=draft.content_alone)
        if same is None:
            _write_release(layout, manifest, apart, draft.config)
            if switch:
                _switch(layout, manifest.release_id)
        release_claims(segment.file for segment in (*draft.user_segments, draft.shared_segment))
        return same or manifest


def current_release_id(layout: StoreLayout) -> str:
    """Id of the current release.

    Raises:
        NoReleaseError: nothing was published yet.
        DamagedError: CURRENT names no release.
    """
    try:
        release_id = layout.current.read_text().strip()
    except FileNotFoundError:
        raise NoReleaseError(f"Nothing is published in {str(layout.root)!r} yet. Run `memlearn learn CONFIG` first.") from None
    if not release_id or not layout.manifest(release_id).is_file():
        known = ", ".join(_release_ids(layout)) or "none"
        raise DamagedError(
            f"{str(layout.current)!r} names the release {release_id!r}, which is not there (releases: {known}). "
            "Choose one with `memlearn release promote CONFIG RELEASE`, or learn again with `memlearn learn CONFIG`."
        )
    return release_id


def list_releases(layout: StoreLayout) -> list[ReleaseEntry]:
    """All releases, oldest first; a damaged one is listed with what is wrong."""
    current = layout.current.read_text().strip() if layout.current.is_file() else None
    entries = []
    for release_id in _release_ids(layout):
        try:
            manifest = read_manifest(layout, release_id)
            entries.append(ReleaseEntry(release_id, release_id == current, manifest, refused=refusal(layout, release_id)))
        except FileNotFoundError:
            continue
        except (DamagedError, FormatError) as error:
            entries.append(ReleaseEntry(release_id, release_id == current, None, str(error)))
    return entries


def promote(layout: StoreLayout, release_id: str) -> Manifest:
    """Make a release current, after checking all its files.

    Raises:
        NoReleaseError: there is no such release.
        DamagedError: a file of it is missing or not what its checksum says; the current release stays.
    """
    with writing_releases(layout):
        manifest = _checked(layout, release_id)
        _switch(layout, release_id)
        return manifest


def refuse_release(layout: StoreLayout, release_id: str, reason: str) -> None:
    """Note that a release is not to be served, and why; it stays, and `promote` serves it all the same.

    Raises:
        BusyError: another process is changing the releases.
    """
    with writing_releases(layout):
        write_durably(layout.refusal(release_id), json.dumps({"reason": reason}, ensure_ascii=False).encode() + b"\n")


def refusal(layout: StoreLayout, release_id: str) -> str | None:
    """Why a release was refused; None where it was not."""
    try:
        return str(json.loads(layout.refusal(release_id).read_text(encoding="utf-8"))["reason"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return f"{str(layout.refusal(release_id))!r} says why, and is damaged"


def kept_config(layout: StoreLayout, release_id: str) -> str | None:
    """The config that a release came of, as JSON; None where it does not hold it."""
    try:
        return layout.config(release_id).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def rollback(layout: StoreLayout) -> Manifest:
    """Make the release current that was so before; again and again goes further back.

    Raises:
        NoReleaseError: there is none to go back to.
        DamagedError: a file of it is damaged; the current release stays.
    """
    with writing_releases(layout):
        history = _history(layout)
        there = set(_release_ids(layout))
        earlier = [index for index, release_id in enumerate(history[:-1]) if release_id in there and release_id != history[-1]]
        if not earlier:
            raise NoReleaseError(
                f"There is no earlier release to go back to in {str(layout.root)!r}. "
                "`memlearn release list CONFIG` shows the releases, `memlearn release promote CONFIG RELEASE` chooses one."
            )
        manifest = _checked(layout, history[earlier[-1]])
        # CURRENT first: a crash in between leaves a history that is cut back to CURRENT when it is next read.
        write_durably(layout.current, manifest.release_id.encode() + b"\n")
        _write_history(layout, history[: earlier[-1] + 1])
        return manifest


def check_segment(layout: StoreLayout, segment: SegmentInfo, *, verify: bool) -> None:
    """See that a segment file is there and whole.

    Args:
        layout: the store.
        segment: as the manifest names it.
        verify: True reads the whole file and compares its SHA-256; else only the size is compared.

    Raises:
        DamagedError: it is missing or differs.
    """
    path = layout.segment(segment.file)
    if not path.is_file():
        raise DamagedError(f"{str(path)!r} is missing; a release needs it. {WAY_OUT}")
    size = path.stat().st_size
    if size != segment.bytes:
        raise DamagedError(f"{str(path)!r} is damaged: it should have {segment.bytes} bytes, it has {size}. {WAY_OUT}")
    actual = file_sha256(path) if verify else segment.sha256
    if actual != segment.sha256:
        raise DamagedError(f"{str(path)!r} is damaged: its SHA-256 should be {segment.sha256}, it is {actual}. {WAY_OUT}")


def _checked(layout: StoreLayout, release_id: str) -> Manifest:
    if release_id not in _release_ids(layout):
        known = ", ".join(_release_ids(layout)) or "none"
        raise NoReleaseError(f"There is no release {release_id!r} in {str(layout.root)!r}. The releases are: {known}.")
    manifest = read_manifest(layout, release_id)
    for segment in manifest.segments:
        check_segment(layout, segment, verify=True)
    read_apart(layout, manifest)
    return manifest


def _manifest(layout: StoreLayout, draft: ReleaseDraft, apart: bytes | None) -> Manifest:
    users = _effective_users(layout, draft.user_segments)
    content = hashlib.sha256(f"{users_digest(users)};{draft.shared_segment.content_digest}".encode()).hexdigest()
    return Manifest(
        release_id=f"r{_next_number(layout):06d}-{content[:8]}",
        run_id=draft.run_id,
        as_of_us=draft.as_of_us,
        population=draft.population,
        config_digest=draft.config_digest,
        user_segments=draft.user_segments,
        shared_segment=draft.shared_segment,
        lance=draft.lance,
        row_files=draft.row_files,
        counts={**draft.counts, "users": users.height},
        content_digest=content,
        rows_until_us=None if draft.rows_until_us == draft.as_of_us else draft.rows_until_us,
        apart=draft.apart.versions,
        apart_users=None if apart is None else hashlib.sha256(apart).hexdigest(),
    )


def _unchanged_shared(layout: StoreLayout, shared: SegmentInfo) -> SegmentInfo:
    """The current release's shared segment where it says the same, so that generations share the file."""
    try:
        current = read_manifest(layout, current_release_id(layout)).shared_segment
        if current.content_digest == shared.content_digest:
            check_segment(layout, current, verify=True)
            return current
    except (StoreError, FileNotFoundError):
        pass
    return shared


def _effective_users(layout: StoreLayout, segments: Sequence[SegmentInfo]) -> pl.DataFrame:
    if not segments:
        return pl.DataFrame(schema={"user_id": pl.String, "content_digest": pl.String})
    with open_database(memory_limit="700MB") as connection:
        for index, segment in enumerate(segments):
            path = str(layout.segment(segment.file)).replace("'", "''")
            connection.execute(f"attach '{path}' as s{index} (read_only)")
        return fetch(connection, f"select user_id, content_digest from ({winners_query(len(segments))})")


def _same_as_current(layout: StoreLayout, manifest: Manifest, *, content_alone: bool) -> Manifest | None:
    try:
        current = read_manifest(layout, current_release_id(layout))
        if current.content_digest != manifest.content_digest or not (content_alone or current.inputs == manifest.inputs):
            return None
        # A damaged release must not stand in the way of the one that would heal it.
        for segment in current.segments:
            check_segment(layout, segment, verify=True)
        read_apart(layout, current)
    except (StoreError, FileNotFoundError):
        return None
    return current


def _write_release(layout: StoreLayout, manifest: Manifest, apart: bytes | None, config: str) -> None:
    files = {layout.manifest(manifest.release_id).name: write_manifest(manifest)}
    if config:
        files[layout.config(manifest.release_id).name] = config.encode()
    if apart is not None:
        files[layout.apart(manifest.release_id).name] = apart
    needed = sum(map(len, files.values()))
    with workspace(layout) as folder, disk_full_reported(layout.manifest(manifest.release_id), needed):
        aside = folder / manifest.release_id
        aside.mkdir()
        for name, content in files.items():
            (aside / name).write_bytes(content)
            sync_file(aside / name)
        move_durably(aside, layout.release(manifest.release_id))


def _switch(layout: StoreLayout, release_id: str) -> None:
    # History first: a crash in between leaves one entry too many, which is cut off when the history is next read.
    history = _history(layout)
    if not history or history[-1] != release_id:
        _write_history(layout, [*history, release_id])
    write_durably(layout.current, release_id.encode() + b"\n")


def _history(layout: StoreLayout) -> list[str]:
    """Releases that were current, oldest first; ends with the current one where there is one."""
    try:
        stored = json.loads(layout.history.read_text())
    except (FileNotFoundError, ValueError):
        stored = []
    history = [entry for entry in stored if isinstance(entry, str)] if isinstance(stored, list) else []
    current = layout.current.read_text().strip() if layout.current.is_file() else ""
    if not current:
        return []
    while history and history[-1] != current and current in history:
        history.pop()
    return history if history and history[-1] == current else [*history, current]


def _write_history(layout: StoreLayout, history: Sequence[str]) -> None:
    write_durably(layout.history, json.dumps(list(history[-_HISTORY_LENGTH:])).encode() + b"\n")


def _release_ids(layout: StoreLayout) -> list[str]:
    """Ids of the releases that have a manifest, oldest first."""
    return sorted((path.parent.name for path in layout.releases.glob("r*/manifest.json")), key=_number)


def _next_number(layout: StoreLayout) -> int:
    known = [*(path.name for path in layout.releases.glob("r*")), *_history(layout)]
    return 1 + max((_number(release_id) for release_id in known), default=0)


def _number(release_id: str) -> int:
    digits = release_id.removeprefix("r").partition("-")[0]
    return int(digits) if digits.isdigit() else 0
