"""Verify a release: execute every published fact again on the rows that it was learned from, which the release pins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from memlearn.grounding.check import CONTRADICTED, SOURCE_GONE, VERIFIED, check_facts
from memlearn.grounding.population import SCHEMA as POPULATION_SCHEMA
from memlearn.grounding.population import add_sums, sum_population
from memlearn.grounding.tables import NEEDED_ROWS, FactTables, Settings
from memlearn.store import LearnedRows, Release, StoreLayout
from memlearn.store.rows import read_rows, user_hash

_REPORTED = 100
BLOCK_USERS = 16_384
Progress = Callable[[int, int], None]
JudgeLines = Callable[[pl.DataFrame], pl.DataFrame]
"""Adds `outcome` and `reason` to statements of users that have no fact."""


@dataclass(frozen=True, slots=True)
class FactProblem:
    """A published fact that the rows do not bear out, or that cannot be checked any more.

    Args:
        user_id: whose memory; empty for shared memory.
        label: the block.
        text: the statement.
        reason: what differs.
        outcome: `contradicted` or `source_gone`.
    """

    user_id: str
    label: str
    text: str
    reason: str
    outcome: str = CONTRADICTED


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """How the facts of a release fared.

    Args:
        release_id: the release.
        facts: facts that were executed: verified, contradicted or with their source gone.
        verified: those that hold.
        contradicted: those that the rows contradict.
        hypotheses: statements that make no claim to be checked.
        source_gone: facts whose rows are no longer there, or are not as many as the user was learned from.
        problems: the first hundred that do not hold, contradicted ones first.
    """

    release_id: str
    facts: int
    verified: int
    contradicted: int
    hypotheses: int
    source_gone: int
    problems: tuple[FactProblem, ...]


def verify_release(
    release: Release,
    layout: StoreLayout,
    *,
    weak: Mapping[str, Sequence[str]],
    attributes: Sequence[str],
    min_users: int,
    progress: Progress | None = None,
    judge_lines: JudgeLines | None = None,
) -> VerifyResult:
    """Execute every fact of a release again on the rows it was computed from: those that the user was learned from.

    Shared memory and shares of all users are computed from the rows that they were learned from, those of everybody then.

    Args:
        release: an open release.
        layout: its store.
        weak: source → what it is no evidence for, as when the release was learned.
        attributes: names of the free attributes, as when the release was learned.
        min_users: fewest users behind a figure, as when the release was learned.
        progress: told how many pieces of work are done, and of how many.
        judge_lines: judges verified lines of users that have no fact, such as an agent's, by their words; without it they do not hold.
    """
    population_of = release.manifest.population
    settings = Settings(weak, attributes, min_users, int(population_of.get("boundary", 0)), int(population_of.get("sample", 1)))
    shards = _shards(release.manifest.learned_rows, layout)
    parts = [(shard, None) for shard in shards] + _shards_apart(release, layout)
    work = len(shards) + len(parts)

    def tell(done: int) -> None:
        if progress is not None:
            progress(done, work)

    population, held = _sum_all(release, shards, settings, tell)
    users = release.users().select("user_id", "events")
    common = users.join(release.apart().users, on="user_id", how="anti")
    complete = len(common) == len(_sound(common, held)) and all(shard.whole for shard in shards)
    empty = FactTables(settings, pl.DataFrame(schema=_ROW_TYPES), release.shared("items"), population=population, complete=complete)
    tally = _Tally()
    tally.add(_check_shared(release, empty))
    checked = [users["user_id"].clear()]
    for done, (shard, chosen) in enumerate(parts, start=len(shards) + 1):
        rows = shard.read(attributes, chosen)
        mine = common if chosen is None else users.filter(pl.col("user_id").is_in(chosen.implode()))
        sound = _sound(mine, _count_rows(rows))
        for block in _blocks_of(sound):
            of_block = rows.filter(pl.col("user_id").is_in(block.implode()))
            tally.add(_check_users(release, block, replace(empty, rows=of_block), judge_lines))
        checked.append(sound)
        tell(done)
    gone = users["user_id"].filter(~users["user_id"].is_in(pl.concat(checked).implode()))
    tally.add(_check_users(release, gone, replace(empty, complete=False), judge_lines and _gone))
    return tally.result(release.release_id)


@dataclass(frozen=True, slots=True)
class _Shard:
    folder: Path
    files: tuple[str, ...]
    until_us: int

    @property
    def whole(self) -> bool:
        """True where all files are there."""
        return all((self.folder / name).exists() for name in self.files)

    def read(self, attributes: Sequence[str], users: pl.Series | None = None) -> pl.DataFrame:
        """Its rows, or those of some users."""
        if not self.whole:
            return pl.DataFrame(schema=_ROW_TYPES)
        hashes = None if users is None else pl.Series(user_hash(users))
        rows = read_rows(self.folder, self.files, hashes, [*NEEDED_ROWS, *(f"attr_{name}" for name in attributes)])
        return rows.filter(pl.col("time_us") < self.until_us)


_ROW_TYPES = {"user_id": pl.String, "user_hash": pl.UInt64, "row_id": pl.UInt64}


def _shards(rows: LearnedRows, layout: StoreLayout) -> list[_Shard]:
    return [_Shard(folder, files, rows.until_us) for folder, files in rows.shards(layout.root).items()]


def _shards_apart(release: Release, layout: StoreLayout) -> list[tuple[_Shard, pl.Series | None]]:
    """The shards of users who were learned apart, each time with the users who were learned from these rows."""
    apart = release.apart()
    return [
        (shard, apart.users.filter(pl.col("version") == version)["user_id"])
        for version, rows in enumerate(apart.versions)
        for shard in _shards(rows, layout)
    ]


def _sound(users: pl.DataFrame, held: pl.DataFrame) -> pl.Series:
    """Users who have as many rows as they were learned from."""
    return users.join(held, on=["user_id", "events"], how="semi")["user_id"]


def _count_rows(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("user_id").agg(pl.len().cast(pl.Int64).alias("events"))


def _sum_all(
    release: Release, shards: Sequence[_Shard], settings: Settings, tell: Callable[[int], None]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sums over all users, and how many rows each user has: user_id, events."""
    items = release.shared("items")
    pairs = release.shared("shared_statements").filter(pl.col("kind").is_in(["with", "after"]))["dim"].drop_nulls().to_list()
    total, held = pl.DataFrame(schema=POPULATION_SCHEMA), [pl.DataFrame(schema={"user_id": pl.String, "events": pl.Int64})]
    for done, shard in enumerate(shards, start=1):
        rows = shard.read(settings.attributes)
        total = add_sums(pl.concat([total, sum_population(FactTables(settings, rows, items), pairs).select(total.columns)]))
        held.append(_count_rows(rows))
        tell(done)
    return total, pl.concat(held)


def _blocks_of(users: pl.Series) -> Iterator[pl.Series]:
    """So many users at a time, that what is kept of them and what is computed for them stays small beside a shard's rows."""
    chosen = users.sort()
    for start in range(0, len(chosen), BLOCK_USERS):
        yield chosen[start : start + BLOCK_USERS]


def _check_users(release: Release, users: pl.Series, tables: FactTables, judge_lines: JudgeLines | None = None) -> pl.DataFrame:
    names = users.sort().to_list()
    kept = {name: release.table(name, names) for name in ("statements", "persons", "item_facts", "cited_rows")}
    given = replace(
        tables,
        persons=kept["persons"],
        stances=kept["item_facts"].select("user_id", "dim", "key", "stance", "stance_until_us"),
        kept_rows=kept["cited_rows"].select("user_id", "row_id"),
    )
    return _check(kept["statements"], given, judge_lines)


def _gone(lines: pl.DataFrame) -> pl.DataFrame:
    reason = pl.lit("the rows that the user's memory was learned from are not all there any more")
    return lines.with_columns(pl.lit(SOURCE_GONE).alias("outcome"), reason.alias("reason"))


def _check_shared(release: Release, tables: FactTables) -> pl.DataFrame:
    statements = release.shared("shared_statements").with_columns(pl.lit(None, pl.String).alias("user_id"))
    return _check(statements, replace(tables, passages=release.shared("passages")))


def _check(statements: pl.DataFrame, tables: FactTables, judge_lines: JudgeLines | None = None) -> pl.DataFrame:
    """user_id, label, text, outcome, reason of every statement; a hypothesis has the outcome `hypothesis`."""
    claimed = statements.filter(pl.col("status") == "verified")
    held = claimed.filter(pl.col("fact").is_not_null())
    checked = check_facts(held, tables)
    columns = ["user_id", "label", "text", "outcome", "reason"]
    same = _fact_of_columns(held)
    checked = checked.with_columns(
        pl.when(same | (pl.col("outcome") == SOURCE_GONE)).then("outcome").otherwise(pl.lit(CONTRADICTED)).alias("outcome"),
        pl.when(same)
        .then("reason")
        .otherwise(pl.coalesce("reason", pl.lit("the fact is about something else than its statement")))
        .alias("reason"),
    )
    bare = claimed.filter(pl.col("fact").is_null())
    if judge_lines is not None and len(bare):
        bare = judge_lines(bare)
    else:
        bare = bare.with_columns(pl.lit(CONTRADICTED).alias("outcome"), pl.lit("it is marked verified and has no fact").alias("reason"))
    free = statements.filter(pl.col("status") != "verified").with_columns(
        pl.lit("hypothesis").alias("outcome"), pl.lit(None, pl.String).alias("reason")
    )
    return pl.concat([part.select(columns) for part in (checked, bare, free)])


def _fact_of_columns(statements: pl.DataFrame) -> pl.Series:
    """True where kind, dim and key of a statement are those of its fact."""
    paths = {name: pl.col("fact").str.json_path_match(f"$.{name}") for name in ("kind", "dim", "key")}
    return statements.select(pl.all_horizontal(pl.col(name).eq_missing(path) for name, path in paths.items()).alias("same"))["same"]


@dataclass(slots=True)
class _Tally:
    """Counts of outcomes, and the first problems; what holds is not kept, so that memory does not grow with the facts."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: pl.DataFrame | None = None

    def add(self, found: pl.DataFrame) -> None:
        """Add some statements that were checked."""
        self.counts.update({outcome: int(n) for outcome, n in found.group_by("outcome").len().iter_rows()})
        wrong = found.filter(pl.col("outcome").is_in([CONTRADICTED, SOURCE_GONE]))
        held = wrong if self.wrong is None else pl.concat([self.wrong, wrong])
        self.wrong = held.sort("outcome", "user_id", "label", "text", nulls_last=True).head(_REPORTED)

    def result(self, release_id: str) -> VerifyResult:
        """How all of them fared."""
        rows = self.wrong.iter_rows(named=True) if self.wrong is not None else ()
        problems = tuple(FactProblem(row["user_id"] or "", row["label"], row["text"], row["reason"], row["outcome"]) for row in rows)
        verified, contradicted, gone = (self.counts[name] for name in (VERIFIED, CONTRADICTED, SOURCE_GONE))
        facts = verified + contradicted + gone
        return VerifyResult(release_id, facts, verified, contradicted, self.counts["hypothesis"], gone, problems)
