"""Users whose ids differ from one that is not there in case or surrounding blanks only: most often they are who was meant."""

from __future__ import annotations

from collections.abc import Iterable

from memlearn.errors import StoreError, UnknownUserError
from memlearn.store.layout import StoreLayout
from memlearn.store.release import open_release

_MOST = 3


def did_you_mean(names: Iterable[str]) -> str:
    """` Did you mean 'anna'?`, or nothing where there are no names."""
    shown = [repr(name) for name in names][:_MOST]
    return f" Did you mean {' or '.join(shown)}?" if shown else ""


def unknown_user(layout: StoreLayout, user_id: str) -> UnknownUserError:
    """The error for a user of whom the sources have no rows.

    Args:
        layout: the store; users of its current release may be who was meant.
        user_id: who is not there.
    """
    try:
        with open_release(layout) as release:
            meant = did_you_mean(release.namesakes(user_id))
    except StoreError:
        meant = ""
    way_out = meant or " Check the spelling."
    return UnknownUserError(f"User {user_id!r} has no events in the sources.{way_out} Ids are compared exactly.")
