"""Which steps a shard's users need: their chunks against what stands in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.chunks.events import EMPTY_DIGEST
from memlearn.learning.agent.books import NOBODY, Standing, load_blocks, read_standing
from memlearn.learning.agent.chain import given_digest, standing
from memlearn.learning.agent.config import AgentConfig
from memlearn.learning.agent.due import DUE_SCHEMA
from memlearn.learning.agent.inputs import Shown, gather_inputs
from memlearn.learning.agent.run import UserSteps
from memlearn.learning.agent.step import Row, StepInput
from memlearn.learning.embedded.annotate import Annotated, Catalogue, Dimension, annotate, resolve_returns
from memlearn.learning.job import Job
from memlearn.store.ledger import Ledger
from memlearn.store.rows import read_rows

_DAY_US = 86_400 * 1_000_000
# Users that are looked at together. Few at first, so that requests leave soon; then more and more, since each look has its price.
_FIRST_USERS, _MORE, _MOST_USERS = 16, 4, 256
_MOST_ROWS = 250_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What decides which steps are done.

    Args:
        config: of the agent.
        version: of the agent.
        extra: what its tools can read beside the user's rows; part of every key.
        relearn: steps of another version do not stand.
        retry_skipped: nor do skipped ones.
        as_of_us: everything before this instant is learned.
    """

    config: AgentConfig
    version: str
    extra: tuple[str, ...]
    relearn: bool
    retry_skipped: bool
    as_of_us: int


@dataclass(frozen=True, slots=True)
class ShardSource:
    """Where a shard's rows are.

    Args:
        shard: its number.
        files: its row files that count, oldest first.
        users: hashes of the users to look at; None for all.
        until_us: leave out rows at or after this instant.
    """

    shard: int
    files: tuple[str, ...]
    users: pl.Series | None
    until_us: int | None


@dataclass(frozen=True, slots=True)
class UserWork:
    """What is to be done for one user.

    Args:
        steps: the steps; none where all stand.
        earlier: the user's rows before the first of them, as shown.
        standing: so many steps stand.
        shard: the user's shard.
    """

    steps: UserSteps
    earlier: tuple[Row, ...]
    standing: int
    shard: int


@dataclass(frozen=True, slots=True)
class ShardWork:
    """What some users of a shard need.

    Args:
        shard: its number.
        users: every one of them, in order.
        work: of those who have at least one chunk to be read.
        waiting: user_id, shard, due_us, reason: whose last chunk is to be read when nothing more comes.
    """

    shard: int
    users: tuple[str, ...]
    work: tuple[UserWork, ...]
    waiting: pl.DataFrame


def find_work(
    job: Job, ledger: Ledger, catalogue: Catalogue, shown: Shown, source: ShardSource, wanted: Wanted
) -> Iterator[ShardWork]:
    """Look at a shard's users, some at a time, so that the first can begin while the others are looked at.

    Args:
        job: what is learned.
        ledger: the books.
        catalogue: of items.
        shown: what is needed to show rows.
        source: where the rows are.
        wanted: what decides which steps are done.
    """
    rows = read_rows(job.layout.rows / f"{source.shard:04d}", source.files, source.users)
    if source.until_us is not None:
        rows = rows.filter(pl.col("time_us") < source.until_us)
    annotated = annotate(rows, catalogue, chunks=job.chunks, weak=job.weak, attributes=job.context.attributes)
    users = annotated.users["user_id"].to_list()
    held = read_standing(ledger, source.shard, None if source.users is None else users)
    chosen, waiting = choose_chunks(annotated, wanted)
    due = waiting.with_columns(pl.lit(source.shard, pl.Int32).alias("shard")).select(list(DUE_SCHEMA)).cast(DUE_SCHEMA)
    rows = resolve_returns(rows)
    for first, last in _slices(annotated):
        start, end = np.searchsorted(annotated.user, (first, last)).tolist()
        given = gather_inputs(rows[start:end], _some_users(annotated, first, last, start, end), chosen[start:end], shown)
        work = tuple(_user_work(inputs, held.get(user_id, NOBODY), shown, wanted, source.shard) for user_id, inputs in given)
        yield ShardWork(source.shard, tuple(users[first:last]), work, due.filter(pl.col("user_id").is_in(users[first:last])))


def _slices(annotated: Annotated) -> Iterator[tuple[int, int]]:
    """First user, and the one after the last: few at first, then more, and not too many rows at once."""
    sizes = np.bincount(annotated.user, minlength=len(annotated.users)).tolist()
    first, held, most = 0, 0, _FIRST_USERS
    for user, size in enumerate(sizes):
        if user > first and (user - first >= most or held + size > _MOST_ROWS):
            yield first, user
            first, held, most = user, 0, min(most * _MORE, _MOST_USERS)
        held += size
    if first < len(sizes):
        yield first, len(sizes)


def _some_users(annotated: Annotated, first: int, last: int, start: int, end: int) -> Annotated:
    """The rows from `start` to `end`, which are those of the users from `first` to `last`."""

    def cut(dimension: Dimension) -> Dimension:
        return replace(dimension, codes=dimension.codes[start:end])

    columns = {column.name: getattr(annotated, column.name) for column in fields(annotated)}
    arrays = {name: column[start:end] for name, column in columns.items() if isinstance(column, np.ndarray)}
    arrays["user"] = arrays["user"] - first
    return replace(
        annotated,
        users=annotated.users[first:last],
        currency=cut(annotated.currency),
        dimensions=tuple(map(cut, annotated.dimensions)),
        **arrays,
    )


def choose_chunks(rows: Annotated, wanted: Wanted) -> tuple[NDArray[np.bool_], pl.DataFrame]:
    """For each row whether its chunk is read now; and user_id, due_us, reason of those whose last chunk is read later.

    A user's last chunk may still grow; all others are closed.
    """
    users = len(rows.users)
    last, newest = np.full(users, -1, dtype=np.int64), np.full(users, np.iinfo(np.int64).min, dtype=np.int64)
    np.maximum.at(last, rows.user, rows.chunk)
    np.maximum.at(newest, rows.user, rows.time_us)
    due = newest + wanted.config.settle_days * _DAY_US
    policy = wanted.config.open_chunk
    read = np.full(users, policy == "always") | ((due <= wanted.as_of_us) if policy == "settled" else False)
    later = np.flatnonzero(~read & (last >= 0)) if policy == "settled" else np.zeros(0, dtype=np.int64)
    waiting = pl.DataFrame(
        {"user_id": rows.users["user_id"].gather(later).cast(pl.String), "due_us": due[later], "reason": ["open"] * len(later)},
        schema={"user_id": pl.String, "due_us": pl.Int64, "reason": pl.String},
    )
    return (rows.chunk < last[rows.user]) | read[rows.user], waiting


def _user_work(
    inputs: tuple[StepInput, ...], held: Standing, shown: Shown, wanted: Wanted, shard: int
) -> UserWork:
    given = [given_digest(step, wanted.extra) for step in inputs]
    count = standing(held.steps, given, wanted.version, relearn=wanted.relearn, retry_skipped=wanted.retry_skipped)
    specs = [block.spec for block in shown.blocks]
    blocks = load_blocks(held.blocks[count - 1], specs) if count else shown.blocks
    before = held.steps[count - 1].key if count else EMPTY_DIGEST
    earlier = tuple(row for step in inputs[:count] for row in step.rows)
    steps = UserSteps(inputs[0].user_id, inputs[count:], blocks, before, wanted.extra, given=tuple(given[count:]))
    return UserWork(steps, earlier, count, shard)


def published_blocks(ledger: Ledger, shard: int, counts: Mapping[str, int]) -> pl.DataFrame:
    """user_id, blocks: what the last of each user's standing steps has left, as JSON.

    Args:
        ledger: the books.
        shard: the shard.
        counts: so many steps of each user stand.
    """
    stand = pl.DataFrame({"user_id": list(counts), "n": list(counts.values())}, schema={"user_id": pl.String, "n": pl.Int64})
    held = ledger.fetch("select user_id, chunk, blocks from agent_steps where shard = ?", [shard])
    last = held.join(stand, on="user_id").filter(pl.col("chunk") == pl.col("n") - 1)
    return last.select("user_id", "blocks").sort("user_id")

