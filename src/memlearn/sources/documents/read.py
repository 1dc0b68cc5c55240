"""Documents of a source, read whole: decoded, cut into sections; what cannot be read is rejected with a reason."""

from __future__ import annotations

import codecs
import re
from pathlib import Path, PurePosixPath

import polars as pl

from memlearn.errors import SourceError
from memlearn.records import REJECT_SCHEMA, Document
from memlearn.sources.config import DocumentSource
from memlearn.sources.context import SourceContext
from memlearn.sources.documents.listing import FORMATS, DocumentFile, list_documents
from memlearn.sources.documents.markdown import parse_markdown
from memlearn.sources.documents.markup import parse_html
from memlearn.sources.documents.outline import Outline, build_sections
from memlearn.sources.documents.plain import parse_plain

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{2,40})", re.IGNORECASE)
_UNNAMED = frozenset({"index", "readme", "default", "main"})


class _RejectedError(ValueError):
    """This file cannot be used; the message says why."""


def read_documents(name: str, source: DocumentSource, context: SourceContext) -> tuple[list[Document], pl.DataFrame]:
    """Read every document of a source, ordered by relative path.

    Args:
        name: name of the source in the config.
        source: its config.
        context: gives the folder that paths are relative to, and the values of `${NAME}`.

    Returns:
        The documents, and the files that cannot be used with their reasons (columns of `REJECT_SCHEMA`, row 0).

    Raises:
        SourceError: a path does not exist, matches nothing, or none of its files can be read.
    """
    documents: list[Document] = []
    rejects: list[dict[str, object]] = []
    for file in list_documents(name, source, context.base, context.variables):
        try:
            documents.append(_read_document(name, source, file))
        except _RejectedError as error:
            rejects.append({"source": name, "file": file.relative, "row": 0, "reason": str(error), "content": ""})
    if not documents:
        first = rejects[0]
        raise SourceError(
            f"Source {name!r}: none of its {len(rejects)} file(s) can be used; the first is {first['file']!r}: {first['reason']}."
        )
    return documents, pl.DataFrame(rejects, schema=REJECT_SCHEMA)


def decode_text(content: bytes, encoding: str = "auto", *, is_html: bool = False) -> str:
    r"""Bytes to text with `\n` line ends.

    Args:
        content: the file's bytes.
        encoding: a codec's name, or `auto`: a byte order mark, then the charset that an HTML page declares,
            then UTF-8, then Windows-1252.
        is_html: look for a declared charset.

    Raises:
        ValueError: the bytes are not text in this encoding; the message says why.
    """
    tried = [encoding] if encoding != "auto" else _candidates(content, is_html=is_html)
    for codec in tried:
        try:
            text = content.decode(codec)
        except LookupError:
            if encoding != "auto":
                raise ValueError(f"the encoding {codec!r} is unknown") from None
        except UnicodeError:
            continue
        else:
            if "\x00" in text:
                raise ValueError("it holds NUL bytes, so it is not text")
            return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    raise ValueError(f"it is not text in the encoding {encoding!r}" if encoding != "auto" else "it is text in no known encoding")


def _candidates(content: bytes, *, is_html: bool) -> list[str]:
    marked = next((codec for mark, codec in _BYTE_ORDER_MARKS if content.startswith(mark)), None)
    if marked:
        return [marked]
    declared = _CHARSET.search(content[:4096]) if is_html else None
    return [*([declared.group(1).decode("ascii")] if declared else []), "utf-8", "cp1252"]


def _read_document(name: str, source: DocumentSource, file: DocumentFile) -> Document:
    outline = _parse(file.path, source.encoding)
    title, sections = build_sections(outline, _fallback_title(file.relative))
    if not sections:
        raise _RejectedError("it holds no text")
    return Document(f"{name}:{file.relative}", name, file.relative, title, source.kind, sections)


def _parse(path: Path, encoding: str) -> Outline:
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise _RejectedError(f"files ending in {path.suffix!r} cannot be read; known endings are {', '.join(sorted(FORMATS))}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _RejectedError(f"it cannot be opened: {error.strerror}") from error
    try:
        if form == "pdf":
            # Imported where it is needed: few sources hold PDF files, and every start would wait for it.
            from memlearn.sources.documents.portable import parse_pdf

            return parse_pdf(content)
        text = decode_text(content, encoding, is_html=form == "html")
    except ValueError as error:
        raise _RejectedError(str(error)) from error
    return {"markdown": parse_markdown, "plain": parse_plain, "html": parse_html}[form](text)


def _fallback_title(relative: str) -> str:
    path = PurePosixPath(relative)
    stem = path.parent.name if path.stem.lower() in _UNNAMED and path.parent.name else path.stem
    words = re.sub(r"[-_]+", " ", stem).strip()
    return words[:1].upper() + words[1:]
