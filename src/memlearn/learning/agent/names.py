"""How documents are told from users in ledger and journal, and where their lines are left."""

from __future__ import annotations

WRITTEN_FILE = "documents.arrow"
"""What was written about documents, in the folder of a run."""
DOCUMENT_SHARD = -1
"""Documents belong to no shard of users."""
# Ids of users are trimmed, so none begins with a blank.
_MARK = " "


def document_name(document_id: str) -> str:
    """The name of a document beside the ids of users."""
    return _MARK + document_id


def is_document(name: str) -> bool:
    """True for the name of a document, False for the id of a user."""
    return name.startswith(_MARK)


def told_name(name: str) -> str:
    """A name as it is told: `user 'anna'` or `document 'rules:returns.md'`."""
    return f"document {name[len(_MARK) :]!r}" if is_document(name) else f"user {name!r}"
