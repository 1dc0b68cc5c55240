"""Users who were learned apart: from other rows than all the other users of a release.

A run that names users reads what is new of everybody and learns the named ones alone; the others stay as they are, learned from
the rows of an earlier run. The manifest names those rows and these, and a file beside it says who was learned from which.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from memlearn.errors import DamagedError
from memlearn.store.layout import StoreLayout
from memlearn.store.manifest import WAY_OUT, LearnedRows, Manifest

APART_SCHEMA: dict[str, pl.DataType] = {"user_id": pl.String(), "version": pl.Int32()}
"""Users who were learned apart, each once, and the position of their rows in `Manifest.apart`."""


@dataclass(frozen=True, slots=True)
class LearnedApart:
    """Who was learned apart, and from what.

    Args:
        versions: versions of the rows, each once.
        users: the users (`APART_SCHEMA`), by id; each version has some.
    """

    versions: tuple[LearnedRows, ...]
    users: pl.DataFrame

    @classmethod
    def nobody(cls) -> LearnedApart:
        """Everybody was learned from the same rows."""
        return cls((), pl.DataFrame(schema=APART_SCHEMA))

    def learn(self, users: Sequence[str], rows: LearnedRows) -> LearnedApart:
        """Who is apart after some users were learned anew.

        Args:
            users: those who were learned.
            rows: what they were learned from.
        """
        others = self.without(users)
        fresh = pl.DataFrame({"user_id": list(users), "version": len(others.versions)}, schema=APART_SCHEMA)
        return _settle((*others.versions, rows), pl.concat([others.users, fresh]))

    def without(self, users: Sequence[str]) -> LearnedApart:
        """Who is apart when these users are not, or have no memory any more."""
        return _settle(self.versions, self.users.filter(~pl.col("user_id").is_in(list(users))))


def write_apart(apart: LearnedApart) -> bytes | None:
    """The file that tells who was learned apart; None where nobody was."""
    if not apart.versions:
        return None
    content = io.BytesIO()
    apart.users.write_parquet(content)
    return content.getvalue()


def read_apart(layout: StoreLayout, manifest: Manifest) -> LearnedApart:
    """Who was learned apart in a release.

    Raises:
        DamagedError: the file that tells it is missing, or not what the manifest says.
    """
    if manifest.apart_users is None:
        return LearnedApart.nobody()
    path = layout.apart(manifest.release_id)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DamagedError(f"{str(path)!r} is missing; a release needs it. {WAY_OUT}") from None
    actual = hashlib.sha256(content).hexdigest()
    if actual != manifest.apart_users:
        raise DamagedError(f"{str(path)!r} is damaged: its SHA-256 should be {manifest.apart_users}, it is {actual}. {WAY_OUT}")
    return LearnedApart(manifest.apart, pl.read_parquet(io.BytesIO(content)))


def _settle(known: Sequence[LearnedRows], users: pl.DataFrame) -> LearnedApart:
    """Of the known versions those that users have, each once."""
    versions = tuple(dict.fromkeys(known[place] for place in users["version"].unique().sort()))
    places = {place: versions.index(rows) for place, rows in enumerate(known) if rows in versions}
    return LearnedApart(versions, users.with_columns(pl.col("version").replace(places)).sort("user_id"))
