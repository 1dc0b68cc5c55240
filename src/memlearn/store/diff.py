"""What changed between two releases, for whom, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from memlearn.store.release import Release
from memlearn.store.tables import SHARED_TABLES

_BATCH = 10_000
_COLUMNS = ("user_id", "label", "line", "text", "kind", "dim", "key")
_IDENTITY = ("user_id", "kind", "dim", "key")
_TEXT_CUT = 160


@dataclass(frozen=True, slots=True)
class ReleaseDiff:
    """What is different in `after`.

    Args:
        before: id of the older release.
        after: id of the newer one.
        users_added: ids of the users that only `after` holds, sorted.
        users_removed: ids of those that only `before` holds, sorted.
        users_changed: ids of those whose content differs, sorted; item facts and cited rows count too.
        statements: `user_id, label, change ('added' | 'removed' | 'changed'), kind, text, before`; sorted; of changed users
            only, not of those that came or went. A statement is changed when one with the same kind, dim and key has another text.
        shared_statements: the same for the shared blocks, without `user_id`.
        shared_rows: for each other shared table that differs the number of rows added and removed.
    """

    before: str
    after: str
    users_added: tuple[str, ...]
    users_removed: tuple[str, ...]
    users_changed: tuple[str, ...]
    statements: pl.DataFrame
    shared_statements: pl.DataFrame
    shared_rows: Mapping[str, tuple[int, int]]

    @property
    def is_empty(self) -> bool:
        """True where the releases say the same."""
        users = self.users_added or self.users_removed or self.users_changed
        return not users and self.shared_statements.is_empty() and not self.shared_rows

    def describe(self, limit: int = 50) -> str:
        """The difference in words.

        Args:
            limit: most lines about users, and most about shared memory; what is left out is counted.
        """
        return "\n".join(self._lines(limit))

    def to_json(self, limit: int = 1000) -> dict[str, Any]:
        """As printed with `--json`: counts, and at most `limit` entries of each list."""
        return {
            "before": self.before,
            "after": self.after,
            "counts": self._counts(),
            "users_added": list(self.users_added[:limit]),
            "users_removed": list(self.users_removed[:limit]),
            "users_changed": list(self.users_changed[:limit]),
            "statements": self.statements.head(limit).to_dicts(),
            "shared_statements": self.shared_statements.head(limit).to_dicts(),
            "shared_rows": {name: {"added": added, "removed": removed} for name, (added, removed) in self.shared_rows.items()},
        }

    def _counts(self) -> dict[str, int]:
        changes = dict(self.statements["change"].value_counts().iter_rows())
        return {
            "users_added": len(self.users_added),
            "users_removed": len(self.users_removed),
            "users_changed": len(self.users_changed),
            **{f"statements_{change}": changes.get(change, 0) for change in ("added", "removed", "changed")},
            "shared_statements": self.shared_statements.height,
        }

    def _lines(self, limit: int) -> Iterator[str]:
        if self.is_empty:
            yield f"{self.before} and {self.after} say the same."
            return
        counts = self._counts()
        yield (
            f"From {self.before} to {self.after}: {_count(counts['users_added'], 'user')} new, {counts['users_removed']} gone, "
            f"{counts['users_changed']} changed ({_count(counts['statements_added'], 'statement')} new, {counts['statements_changed']} reworded, "
            f"{counts['statements_removed']} no longer)."
        )
        yield from _list_users("New users", self.users_added, limit)
        yield from _list_users("Gone", self.users_removed, limit)
        yield from _list_statements(self.statements, limit)
        silent = len(set(self.users_changed) - set(self.statements["user_id"]))
        if silent:
            yield f"{_count(silent, 'user')} changed in item facts, bought items, cited rows or the order of lines only."
        yield from _list_statements(self.shared_statements.with_columns(user_id=pl.lit("all users")), limit)
        for name, (added, removed) in self.shared_rows.items():
            yield f"Shared table {name}: {_count(added, 'row')} new, {removed} no longer."


def diff_releases(before: Release, after: Release) -> ReleaseDiff:
    """Compare two open releases; only users whose content digest differs are read."""
    old = before.users().select("user_id", old="content_digest")
    new = after.users().select("user_id", new="content_digest")
    both = old.join(new, on="user_id", how="full", coalesce=True).sort("user_id")
    changed = both.filter(pl.col("old").is_not_null(), pl.col("new").is_not_null(), pl.col("old") != pl.col("new"))["user_id"].to_list()
    pieces = [_compare(before.table("statements", batch), after.table("statements", batch)) for batch in _batches(changed)]
    shared = _compare(*(_with_user(release.shared("shared_statements")) for release in (before, after)))
    return ReleaseDiff(
        before=before.release_id,
        after=after.release_id,
        users_added=tuple(both.filter(pl.col("old").is_null())["user_id"].to_list()),
        users_removed=tuple(both.filter(pl.col("new").is_null())["user_id"].to_list()),
        users_changed=tuple(changed),
        statements=pl.concat(pieces) if pieces else shared.clear(),
        shared_statements=shared.drop("user_id"),
        shared_rows=dict(_compare_shared(before, after)),
    )


def _batches(users: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(users), _BATCH):
        yield users[start : start + _BATCH]


def _with_user(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(user_id=pl.lit(""))


def _compare(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    old, new = old.select(_COLUMNS), new.select(_COLUMNS)
    same = ["user_id", "label", "text"]
    gone = _numbered(old.join(new, on=same, how="anti"))
    come = _numbered(new.join(old, on=same, how="anti"))
    # Statements without a fact have no identity beyond their text.
    on = [*_IDENTITY, "occurrence"]
    reworded = come.filter(pl.col("kind").is_not_null()).join(gone.select(*on, before="text"), on=on, nulls_equal=True)
    keys = reworded.select(on)
    columns = ("user_id", "label", "line", "change", "kind", "text", "before")
    nothing = pl.lit(None, pl.String)
    pieces = [
        come.join(keys, on=on, how="anti", nulls_equal=True).with_columns(change=pl.lit("added"), before=nothing).select(columns),
        reworded.with_columns(change=pl.lit("changed")).select(columns),
        gone.join(keys, on=on, how="anti", nulls_equal=True).with_columns(change=pl.lit("removed"), before=nothing).select(columns),
    ]
    return pl.concat(pieces).sort("user_id", "label", "change", "line", "text").drop("line")


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    ordered = frame.sort("user_id", "label", "line", "text")
    return ordered.with_columns(occurrence=pl.int_range(pl.len()).over(_IDENTITY))


def _compare_shared(before: Release, after: Release) -> Iterator[tuple[str, tuple[int, int]]]:
    for name in SHARED_TABLES:
        if name == "shared_statements":
            continue
        old, new = (_row_texts(release.shared(name)) for release in (before, after))
        added, removed = (
            new.join(old, on=["row", "occurrence"], how="anti").height,
            old.join(new, on=["row", "occurrence"], how="anti").height,
        )
        if added or removed:
            yield name, (added, removed)


def _row_texts(frame: pl.DataFrame) -> pl.DataFrame:
    # Bytes are told by a digest beside them.
    told = sorted(name for name, dtype in frame.schema.items() if dtype != pl.Binary)
    rows = frame.select(row=pl.struct(told).struct.json_encode())
    return rows.with_columns(occurrence=pl.int_range(pl.len()).over("row"))


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _list_users(title: str, users: tuple[str, ...], limit: int) -> Iterator[str]:
    if users:
        rest = f" and {len(users) - limit} more" if len(users) > limit else ""
        yield f"{title}: {', '.join(users[:limit])}{rest}."


def _list_statements(frame: pl.DataFrame, limit: int) -> Iterator[str]:
    for row in frame.head(limit).iter_rows(named=True):
        text = _cut(row["text"])
        words = {
            "added": f"new in {row['label']}: {text}",
            "removed": f"no longer in {row['label']}: {text}",
            "changed": f"now in {row['label']}: {text} (before: {_cut(row['before'] or '')})",
        }
        yield f"{row['user_id']}: {words[row['change']]}"
    if frame.height > limit:
        yield f"… and {_count(frame.height - limit, 'more statement')}."


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_CUT else text[: _TEXT_CUT - 1] + "…"
