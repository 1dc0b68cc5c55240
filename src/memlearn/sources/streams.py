"""Text files as a bounded stream of UTF-8 bytes: decompressed, decoded, byte order marks and NUL bytes removed."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from memlearn.errors import ConfigError, SourceError
from memlearn.sources.locate import Delivery, bare_ending, unreadable

_PIECE = 4 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FOREIGN = (
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a ZIP archive or spreadsheet"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3", "an SQLite file"),
)


class Utf8Stream(io.RawIOBase):
    """Reads another stream in pieces and hands out its text as UTF-8 without NUL characters."""

    def __init__(self, raw: IO[bytes], encoding: str) -> None:
        self._raw = raw
        self._decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)(errors="replace")
        self._pending = b""
        self._ended = False

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer with as much as is at hand."""
        while not self._pending and not self._ended:
            self._pending = self._next_piece()
        size = min(len(buffer), len(self._pending))
        buffer[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, fewer only at the end; everything where `size` is negative."""
        pieces, wanted = [self._pending], -1 if size is None else size
        length = len(self._pending)
        while (wanted < 0 or length < wanted) and not self._ended:
            piece = self._next_piece()
            pieces.append(piece)
            length += len(piece)
        joined = b"".join(pieces)
        cut = length if wanted < 0 else wanted
        self._pending = joined[cut:]
        return joined[:cut]

    def _next_piece(self) -> bytes:
        piece = self._raw.read(_PIECE)
        self._ended = not piece
        if self._decoder is not None:
            piece = self._decoder.decode(piece, final=self._ended).encode("utf-8", "replace")
        return piece.replace(b"\x00", b"") if b"\x00" in piece else piece


@contextmanager
def open_text(delivery: Delivery, encoding: str) -> Iterator[Utf8Stream]:
    """Open a text file, compressed or not, as UTF-8.

    Args:
        delivery: the file.
        encoding: name of a Python codec, or `auto`: a byte order mark, then UTF-8, then Windows-1252.

    Raises:
        SourceError: the file is empty, cannot be read, is damaged, or is not text.
        ConfigError: the encoding is unknown.
    """
    with translated(delivery):
        chosen = _choose_encoding(delivery, encoding)
        with _open_raw(delivery) as raw:
            yield Utf8Stream(raw, chosen)


@contextmanager
def translated(delivery: Delivery) -> Iterator[None]:
    """Turn the errors of reading a file into ours."""
    name = f"Source {delivery.source!r}: {delivery.name!r}"
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{name} is a damaged or cut off gzip file ({error}). Deliver the file again.") from error
    except pa.ArrowInvalid as error:
        raise SourceError(f"{name} cannot be read: {error}.") from error
    except OSError as error:
        if "zstd" in str(error).lower() or "truncated" in str(error).lower():
            raise SourceError(f"{name} is a damaged or cut off Zstandard file ({error}). Deliver the file again.") from error
        raise unreadable(delivery.source, delivery.name, error) from error


@contextmanager
def _open_raw(delivery: Delivery) -> Iterator[IO[bytes]]:
    path = cast("Path", delivery.path)
    compression = bare_ending(path)[1]
    if compression == ".gz":
        with gzip.open(path, "rb") as unzipped:
            yield cast("IO[bytes]", unzipped)
    elif compression == ".zst":
        with pa.input_stream(str(path), compression="zstd") as stream:
            yield cast("IO[bytes]", stream)
    else:
        with path.open("rb") as plain:
            yield plain


def _choose_encoding(delivery: Delivery, encoding: str) -> str:
    """The codec that reads the file; `utf-8` only where the bytes can be passed on as they are."""
    with _open_raw(delivery) as raw:
        start = raw.read(1 << 16)
        if not start:
            raise SourceError(f"Source {delivery.source!r}: {delivery.name!r} is empty (0 bytes). Deliver the file again or leave it out.")
        for magic, what in _FOREIGN:
            if start.startswith(magic):
                raise SourceError(f"Source {delivery.source!r}: {delivery.name!r} is {what}, not text. Set `format` or correct `path`.")
        if encoding != "auto":
            return _checked_codec(delivery, encoding)
        for mark, codec in _MARKS:
            if start.startswith(mark):
                return codec
        return _unmarked_wide(start) or _utf8_or_western(start, raw)


def _checked_codec(delivery: Delivery, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise ConfigError(f"Source {delivery.source!r}: encoding {encoding!r} is unknown. Use 'auto', 'utf-8', 'cp1252', ...") from error
    if name == "utf-8":
        # The decoder replaces broken bytes, which the plain path would pass on.
        return "utf-8-sig"
    return name


def _unmarked_wide(start: bytes) -> str | None:
    """UTF-16 without a mark shows as NUL in every other byte of mostly Latin text."""
    sample = start[:4096]
    half = len(sample) // 2
    if half and sample[1::2].count(0) > 0.6 * half:
        return "utf-16-le"
    if half and sample[0::2].count(0) > 0.6 * half:
        return "utf-16-be"
    return None


def _utf8_or_western(start: bytes, raw: IO[bytes]) -> str:
    """Decide over the whole file: UTF-8 if valid, or if it has more valid than broken sequences; else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    broken = foreign = 0
    piece = start
    while True:
        if not piece.isascii() or not piece:
            text = decoder.decode(piece, final=not piece)
            broken_here = text.count("\ufffd")
            broken += broken_here
            if broken or broken_here:
                foreign += sum(not character.isascii() for character in text) - broken_here
            elif not text.isascii():
                foreign += len(text.encode()) - len(text)
        elif decoder.getstate()[0]:
            # A sequence that the last piece began is not continued here.
            broken += 1
            decoder.reset()
        if not piece:
            break
        piece = raw.read(_PIECE)
    if not broken:
        return "utf-8"
    return "utf-8-sig" if foreign > broken else "cp1252"
