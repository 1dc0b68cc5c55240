"""The verbs that read a release: show a user, recommend to a user."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from memlearn.errors import UnknownUserError
from memlearn.memory import Block, Statement
from memlearn.memory.cited import count_named
from memlearn.records.instants import iso_instant
from memlearn.serving import open_memory, user_history
from memlearn.sources.currencies import MINOR_DIGITS
from memlearn.store import CitedRow as StoredRow
from memlearn.store import StoreLayout, open_release
from memlearn.store.namesakes import did_you_mean
from memlearn.wiring.instants import learned_until
from memlearn.wiring.jobs import instant_us
from memlearn.wiring.load import LoadedConfig, load_config
from memlearn.wiring.reports import BlockView, CitedRow, HistoryEntry, Recommendation, RecommendedItem, StatementView, UserView

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def show(config: str | Path | LoadedConfig, user: str, *, history: bool = False, evidence: bool = False) -> UserView:
    """What is known about a user, and what is known about all.

    Args:
        config: the config file, or one that is loaded already.
        user: id of the user.
        history: True adds what each kept release changed.
        evidence: True adds the rows that each line cites.

    Raises:
        UnknownUserError: the current release does not hold the user.
        NoReleaseError: nothing was published yet.
        DamagedError: a file of the release is missing or damaged.
    """
    loaded = config if isinstance(config, LoadedConfig) else load_config(config)
    layout = StoreLayout(loaded.config.store)
    with open_release(layout) as release:
        record = release.user(user)
        blocks = () if record is None else release.blocks(user) + release.shared_blocks()
        manifest = release.manifest
        meant = did_you_mean(release.namesakes(user)) if record is None else ""
    if record is None:
        users = manifest.counts.get("users", 0)
        raise UnknownUserError(f"Release {manifest.release_id!r} knows no user {user!r}; it holds {users:,} users.{meant}")
    rows = {row.row_id: _cited_row(row) for row in record.cited_rows} if evidence else {}
    return UserView(
        user_id=user,
        release_id=manifest.release_id,
        blocks=tuple(_block_view(block, rows) for block in blocks),
        events=record.events,
        as_of=learned_until(manifest),
        history=_history(layout, user) if history else (),
    )


def recommend(
    config: str | Path | LoadedConfig,
    user: str,
    *,
    k: int = 10,
    at: str | datetime | None = None,
    release: str | None = None,
    only_new: bool = False,
) -> Recommendation:
    """What a user should see now, with reasons.

    A user whom the release does not know gets what is popular, with a note.

    Args:
        config: the config file, or one that is loaded already.
        user: id of the user.
        k: how many items, at least 1.
        at: the moment to recommend for, not before where learning ended; a text is ISO 8601, without an offset in the config's zone.
            Default: where learning ended.
        release: id of the release to ask; default: the current one.
        only_new: True leaves out what the user has bought, as far as memory knows.

    Raises:
        UsageError: `at` is no instant, or one before where learning ended; or `k` is less than 1.
        NoReleaseError: nothing was published yet, or there is no such release.
        DamagedError: a file of the release is missing or damaged.
    """
    loaded = config if isinstance(config, LoadedConfig) else load_config(config)
    moment = None if at is None else instant_us(at, loaded.config.timezone, "at")
    with open_memory(StoreLayout(loaded.config.store), release) as memory:
        answer = memory.recommend(user, k, moment, only_new=only_new)
        until = learned_until(memory.manifest)
        note = None if answer.note is None else answer.note + did_you_mean(memory.namesakes(user))
    items = tuple(RecommendedItem(item.item_id, item.score, item.reason, item.evidence, item.name) for item in answer.items)
    return Recommendation(user, answer.release_id, answer.tier, items, until if moment is None else iso_instant(moment), note)


def _block_view(block: Block, rows: Mapping[str, CitedRow]) -> BlockView:
    return BlockView(
        label=block.label,
        description=block.spec.description,
        limit=block.spec.limit,
        read_only=block.spec.read_only,
        shared=block.spec.shared,
        value=block.value,
        statements=tuple(_statement_view(statement, rows) for statement in block.statements),
    )


def _statement_view(statement: Statement, rows: Mapping[str, CitedRow]) -> StatementView:
    return StatementView(
        text=statement.text,
        fact=statement.fact.to_json() if statement.fact is not None else None,
        evidence=statement.evidence.to_json(),
        status=statement.status,
        rows=tuple(rows[row] for row in statement.evidence.rows if row in rows),
        cited=max(len(statement.evidence.rows), count_named(statement.evidence.statistic)),
    )


def _cited_row(row: StoredRow) -> CitedRow:
    local = _EPOCH + timedelta(microseconds=row.time_us, seconds=row.offset_s)
    text = local.strftime("%Y-%m-%dT%H:%M:%S") if row.has_clock else local.strftime("%Y-%m-%d")
    return CitedRow(
        row_id=row.row_id,
        time=text + _offset(row.offset_s) if row.has_clock else text,
        source=row.source,
        kind=row.kind,
        label=row.label or row.text or row.kind,
        amount=None if row.amount is None else _major(row.amount, row.currency),
        currency=row.currency,
        quantity=None if row.quantity is None else row.quantity / 1000,
    )


def _offset(seconds: int) -> str:
    hours, rest = divmod(abs(seconds), 3600)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}:{rest // 60:02d}"


def _major(amount: int, currency: str | None) -> str:
    digits = MINOR_DIGITS.get(currency or "", 2)
    whole, rest = divmod(abs(amount), 10**digits)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{rest:0{digits}d}" if digits else f"{sign}{whole}"


def _history(layout: StoreLayout, user: str) -> tuple[HistoryEntry, ...]:
    return tuple(
        HistoryEntry(change.manifest.release_id, learned_until(change.manifest), change.added, change.removed)
        for change in user_history(layout, user)
    )
