"""Files: what was uploaded, and what batches wrote."""

from __future__ import annotations

from collections import Counter
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Any

from memlearn.testing.api_error import ApiError
from memlearn.testing.prompts import digest_of


def read_form(content_type: str, body: bytes) -> dict[str, tuple[str | None, bytes]]:
    """The fields of a multipart form: file name (None for a plain field) and content, by field name.

    Raises:
        ApiError: it is no multipart form.
    """
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise ApiError(400, f"Files are uploaded as 'multipart/form-data'; the request has {content_type!r}.")
    found: dict[str, tuple[str | None, bytes]] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        head, gap, content = part.partition(b"\r\n\r\n")
        if not gap:
            continue
        headers = BytesHeaderParser().parsebytes(head.lstrip(b"\r\n") + b"\r\n\r\n")
        name = headers.get_param("name", header="content-disposition")
        if isinstance(name, str):
            found[name] = (headers.get_filename(), content)
    return found


class FileStore:
    """Files in memory.

    Args:
        max_bytes: of an upload.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._files: dict[str, tuple[dict[str, Any], bytes]] = {}
        self._same: Counter[str] = Counter()

    def upload(self, content_type: str, body: bytes, now: int) -> dict[str, Any]:
        """Keep an uploaded file.

        Raises:
            ApiError: it is too large, empty, no form, or of another purpose than `batch`.
        """
        form = read_form(content_type, body)
        purpose = form.get("purpose", (None, b""))[1].decode("utf-8", "replace")
        if purpose != "batch":
            raise ApiError(400, f"'{purpose}' is not one of ['batch'] - 'purpose'", param="purpose")
        name, content = form.get("file", (None, b""))
        if not content:
            raise ApiError(400, "'file' is a required property, and must not be empty.", param="file")
        if len(content) > self._max_bytes:
            raise ApiError(400, f"File is too large. Maximum file size is {self._max_bytes} bytes; yours has {len(content)}.", param="file")
        return self.add(name or "upload", purpose, content, now)

    def add(self, name: str, purpose: str, content: bytes, now: int) -> dict[str, Any]:
        """Keep a file; the same content again is another file."""
        digest = digest_of(name, purpose, content)
        self._same[digest] += 1
        record = {
            "id": f"file-{digest_of(digest, str(self._same[digest]))[:24]}",
            "object": "file",
            "bytes": len(content),
            "created_at": now,
            "filename": name,
            "purpose": purpose,
            "status": "processed",
            "expires_at": None,
        }
        self._files[str(record["id"])] = (record, content)
        return record

    def record(self, file_id: str) -> dict[str, Any]:
        """What is known of a file.

        Raises:
            ApiError: there is none (404).
        """
        return self._get(file_id)[0]

    def content(self, file_id: str) -> bytes:
        """Content of a file.

        Raises:
            ApiError: there is none (404).
        """
        return self._get(file_id)[1]

    def delete(self, file_id: str) -> dict[str, Any]:
        """Remove a file.

        Raises:
            ApiError: there is none (404).
        """
        self._get(file_id)
        del self._files[file_id]
        return {"id": file_id, "object": "file", "deleted": True}

    def records(self) -> dict[str, Any]:
        """All files, newest first."""
        return {"object": "list", "data": [record for record, _ in reversed(self._files.values())], "has_more": False}

    def _get(self, file_id: str) -> tuple[dict[str, Any], bytes]:
        found = self._files.get(file_id)
        if found is None:
            raise ApiError(404, f"No such File object: {file_id}", param="id")
        return found
