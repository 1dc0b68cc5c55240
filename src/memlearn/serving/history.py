"""What each kept release changed in what is known of one user."""

from __future__ import annotations

from dataclasses import dataclass

from memlearn.errors import NoReleaseError
from memlearn.store import Manifest, StoreLayout, list_releases, open_release


@dataclass(frozen=True, slots=True)
class Change:
    """Lines that came and lines that went with one release, against the one before.

    Args:
        manifest: of the release.
        known: whether the release holds the user.
        added, removed: texts of lines.
    """

    manifest: Manifest
    known: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]


def user_history(layout: StoreLayout, user_id: str) -> tuple[Change, ...]:
    """Compare a user's lines from release to release.

    Args:
        layout: the store.
        user_id: the user.

    Returns:
        Oldest release first; from the first one that holds the user. Releases that cannot be read are passed over.
    """
    changes: list[Change] = []
    before: dict[tuple[str, str], None] = {}
    for entry in list_releases(layout):
        if entry.manifest is None:
            continue
        try:
            release = open_release(layout, entry.release_id)
        except NoReleaseError:
            # It was cleaned up since the list was made.
            continue
        with release:
            record = release.user(user_id)
        lines = {(statement.label, statement.text): None for statement in record.statements} if record is not None else {}
        if record is not None or changes:
            added = tuple(text for label, text in lines if (label, text) not in before)
            removed = tuple(text for label, text in before if (label, text) not in lines)
            changes.append(Change(entry.manifest, record is not None, added, removed))
        before = lines
    return tuple(changes)
