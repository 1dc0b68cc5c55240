"""The journal of model requests: append-only segments of checked records, on disk before anything relies on them.

A segment is a file of frames; a frame is its payload's size, the CRC-32 of the payload and that of these eight bytes, four
bytes each, and the payload, a JSON object compressed with zlib. A segment has one writer, of one process, and is never
written again once that writer closed it. Only the end of a segment may be torn, by a crash amid a write; what is torn was
never relied on, and is left out.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, BinaryIO

from memlearn.errors import DamagedError, StoreError
from memlearn.store.files import disk_full_reported, sync_folder

Record = Mapping[str, Any]

_HEAD, _SIZE = struct.Struct("<III"), struct.Struct("<II")
_MAGIC = b"memlearn journal 1\n"
# Quick rather than small: rows and prompts shrink to a fifth all the same.
_LEVEL = 1
_MOST_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies.

    Args:
        segment: the segment's file name.
        offset: position of its frame, in bytes.
    """

    segment: str
    offset: int


class JournalWriter:
    """Appends records to one new segment; several threads may.

    A record's future is done when the record is on the disk. Records that wait for the disk together are synced together,
    so that many requests a second cost few syncs.

    Args:
        folder: the journal's folder; made where it is missing.
        name: the segment's name; no segment of that name may exist.

    Raises:
        StoreError: there is such a segment.
    """

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}.journal"
        try:
            self._file = self.path.open("xb")
        except FileExistsError as error:
            raise StoreError(f"There is a journal {self.path.name!r} already; each run writes one of its own.") from error
        self._waiting: SimpleQueue[tuple[bytes, Future[Place]] | None] = SimpleQueue()
        self._failed: StoreError | None = None
        self._offset = 0
        with disk_full_reported(self.path):
            self._write(_MAGIC)
        sync_folder(folder)
        self._thread = Thread(target=self._work, name=f"journal {name}", daemon=True)
        self._thread.start()

    def append(self, record: Record) -> Future[Place]:
        """Hand a record over to be written; the future tells where it lies once it is on the disk, or what went wrong."""
        content = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
        future: Future[Place] = Future()
        self._waiting.put((content, future))
        return future

    def close(self) -> None:
        """Write what waits, and close the segment."""
        self._waiting.put(None)
        self._thread.join()
        self._file.close()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, ended = [first], False
            while len(batch) < _MOST_AT_ONCE:
                try:
                    entry = self._waiting.get_nowait()
                except Empty:
                    break
                if entry is None:
                    ended = True
                    break
                batch.append(entry)
            self._write_batch(batch)
            if ended:
                return

    def _write_batch(self, batch: list[tuple[bytes, Future[Place]]]) -> None:
        # Compressed here, which lets other threads run meanwhile.
        frames = [_frame(content) for content, _ in batch]
        starts = list(accumulate(map(len, frames[:-1]), initial=self._offset))
        error = self._failed or self._try_to_write(b"".join(frames))
        for (_, future), start in zip(batch, starts, strict=True):
            if error is None:
                future.set_result(Place(self.path.name, start))
            else:
                future.set_exception(error)

    def _try_to_write(self, content: bytes) -> StoreError | None:
        try:
            with disk_full_reported(self.path, len(content)):
                self._write(content)
        except (StoreError, OSError) as error:
            # The file's end is unknown now; nothing behind it could be relied on.
            self._failed = StoreError(f"The journal {self.path.name!r} cannot be written any more. {error}")
            return error if isinstance(error, StoreError) else self._failed
        return None

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._offset += len(content)


def _frame(content: bytes) -> bytes:
    payload = zlib.compress(content, _LEVEL)
    size = _SIZE.pack(len(payload), zlib.crc32(payload))
    return size + zlib.crc32(size).to_bytes(4, "little") + payload


def read_segment(path: Path, start: int = 0) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The records of a segment in order, with their places.

    A frame that the file's end cuts off is left out, and so is a last one whose checksum is wrong: it was being written when
    the process died.

    Args:
        path: the segment.
        start: offset of the first frame wanted; 0: of the first there is.

    Raises:
        DamagedError: it is no segment, or a frame before the last one is not what was written.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if (magic := file.read(len(_MAGIC))) != _MAGIC:
            if _MAGIC.startswith(magic):
                return
            raise DamagedError(_damage(path, 0))
        offset = max(start, len(_MAGIC))
        while offset + _HEAD.size <= size:
            file.seek(offset)
            length, checksum, of_both = _HEAD.unpack(file.read(_HEAD.size))
            if zlib.crc32(_SIZE.pack(length, checksum)) != of_both:
                if _is_end(file):
                    return
                raise DamagedError(_damage(path, offset))
            end = offset + _HEAD.size + length
            if end > size:
                return
            payload = file.read(length)
            if zlib.crc32(payload) != checksum:
                if _is_end(file):
                    return
                raise DamagedError(_damage(path, offset))
            yield Place(path.name, offset), _decode(path, offset, payload)
            offset = end


def _is_end(file: BinaryIO) -> bool:
    """Whether nothing follows; some file systems leave zeros where a write was cut off."""
    return not file.read().strip(b"\0")


def read_record(folder: Path, place: Place) -> dict[str, Any]:
    """One record.

    Raises:
        DamagedError: there is none, or it is not what was written.
    """
    path = folder / place.segment
    try:
        with path.open("rb") as file:
            file.seek(place.offset)
            length, checksum, of_both = _HEAD.unpack(file.read(_HEAD.size))
            if zlib.crc32(_SIZE.pack(length, checksum)) != of_both:
                raise DamagedError(_damage(path, place.offset))
            payload = file.read(length)
    except (OSError, struct.error) as error:
        raise DamagedError(_damage(path, place.offset)) from error
    if len(payload) != length or zlib.crc32(payload) != checksum:
        raise DamagedError(_damage(path, place.offset))
    return _decode(path, place.offset, payload)


def _decode(path: Path, offset: int, payload: bytes) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(zlib.decompress(payload))
    except (ValueError, zlib.error) as error:
        raise DamagedError(_damage(path, offset)) from error
    return record


def _damage(path: Path, offset: int) -> str:
    return (
        f"The journal {path.name!r} is damaged at byte {offset}, so that the model's answers in it are lost. Restore the store from its backup. "
        "Or: Remove that file and learn again; steps whose answers it held are asked, and paid, again."
    )
