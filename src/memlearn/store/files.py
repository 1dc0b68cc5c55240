"""Durable files: written aside, synced, moved by one atomic rename; checksums; a full disk told apart."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from zlib import crc32

from memlearn.errors import StoreError

_PIECE = 1 << 20
_CHECKSUM_DIGITS = 8
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = ("No space left", "Disk quota exceeded", "File too large", "the disk is full", "max_temp_directory_size")


def write_durably(path: Path, content: bytes) -> None:
    """Put `content` under `path` so that a crash leaves the old file or the new one, never a part.

    Raises:
        StoreError: the disk is full; the old file is untouched.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_full_reported(path, len(content)):
        try:
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except BaseException:
            with suppress(OSError):
                aside.unlink()
            raise
        sync_folder(path.parent)


def move_durably(source: Path, target: Path) -> None:
    """Rename a finished file or folder to its final name, on disk when this returns."""
    sync_folder(source) if source.is_dir() else sync_file(source)
    source.replace(target)
    sync_folder(target.parent)
    sync_folder(source.parent)


def link_file(path: Path, place: Path) -> None:
    """Let a file that is never written again be found in another place too; copied where the file system has no links."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, place)
    except OSError:
        shutil.copyfile(path, place)


def move_checked(source: Path, folder: Path, name: str) -> str:
    """Move a finished file into a folder, under a name that tells its checksum.

    Args:
        source: the file, written and closed.
        folder: where it goes.
        name: its name without the checksum.

    Returns:
        The new name, `<stem>-<checksum><ending>`.
    """
    wanted = Path(name)
    target = folder / f"{wanted.stem}-{_checksum(source):08x}{wanted.suffix}"
    move_durably(source, target)
    return target.name


def is_whole(path: Path) -> bool:
    """Whether a file is there and its content is what its name tells; a name without a checksum tells nothing."""
    told = path.stem.rpartition("-")[2]
    if len(told) != _CHECKSUM_DIGITS:
        return path.is_file()
    return path.is_file() and told == f"{_checksum(path):08x}"


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            checksum = crc32(piece, checksum)
    return checksum


def sync_file(path: Path) -> None:
    """Flush a file to disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def disk_full_reported(path: Path, needed: int | None = None) -> Iterator[None]:
    """Turn a full disk inside the block into one clear message, whichever library met it.

    Args:
        path: what is being written, or the folder in which it is.
        needed: about how many bytes that takes; None where that is not known.

    Raises:
        StoreError: the disk, a quota or the process's limit of a file's size is exhausted.
    """
    try:
        yield
    except Exception as error:
        if not is_disk_full(error):
            raise
        raise _disk_full(path, needed) from error


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, of any library, says that there is no room."""
    if isinstance(error, _NoRoomError):
        return False
    return getattr(error, "errno", None) in _FULL or any(word in str(error) for word in _FULL_WORDS)


class _NoRoomError(StoreError):
    """A full disk that was told already."""


def _disk_full(path: Path, needed: int | None) -> StoreError:
    folder = next(parent for parent in (path, *path.parents) if parent.is_dir())
    wanted = "" if needed is None else f"about {_mib(needed)} are needed, "
    return _NoRoomError(
        f"No room to write {str(path)!r}: {wanted}{_mib(shutil.disk_usage(folder).free)} are free on its disk "
        "(a quota or a limit of the file size counts too). Nothing published was changed. "
        "Free some space, for instance with `memlearn release gc CONFIG`, then run again."
    )


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
