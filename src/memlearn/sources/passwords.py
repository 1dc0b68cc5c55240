"""Names of databases without the passwords in them."""

from __future__ import annotations

import re


def redacted(database: str) -> str:
    """The name of a database without its password."""
    return re.sub(r"(?<=password=)[^&\s]+", "***", re.sub(r"(://[^:/@]*):.*@", r"\1:***@", database))
