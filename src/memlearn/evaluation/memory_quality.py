"""The memory itself, beside what it ranks: is it true, how old is it, does it contradict itself, does it hold what came, is it used, does it move?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from memlearn.errors import MemlearnError
from memlearn.evaluation.paired import mean_intervals
from memlearn.evaluation.results import BlockUse, Changes, Facts, Figure, MemoryQuality, Missing, Staleness
from memlearn.grounding import verify_release
from memlearn.grounding.verify import JudgeLines
from memlearn.learning.job import Job
from memlearn.records import LEVEL_PREFIX
from memlearn.store import diff_releases
from memlearn.store.release import Release, open_release

_DAY_US = 86_400_000_000

# Kinds of facts that cannot both be said of one key.
_EXCLUDING = (("offer_answers", "offer_ignores"), ("started", "stopped"), ("habit", "stopped"))
_FOR = ("likes", "needs")
_AGAINST = "avoids"
# What is given or counted over everything has no newest evidence that could grow old.
_AGELESS = ("person", "stance")


def look_at_memory(
    job: Job,
    release_id: str,
    before: str | None,
    truth: pl.DataFrame,
    catalogue: pl.DataFrame,
    *,
    stale_days: int,
    draws: int,
    judge_lines: Callable[[Release], JudgeLines] | None = None,
) -> MemoryQuality:
    """Look at a release.

    Args:
        job: names the store with the release.
        release_id: the release.
        before: an earlier one to compare with; None: there is none.
        truth: user_id, item_id of what came after the release's instant.
        catalogue: the items with their levels.
        stale_days: an older newest evidence makes a statement stale.
        draws: of the bootstrap over users.
        judge_lines: what judges an agent's lines; None where there is no agent.

    Raises:
        StoreError: the release cannot be read.
    """
    with open_release(job.layout, release_id) as release:
        statements, item_facts = release.table("statements"), release.table("item_facts")
        return MemoryQuality(
            facts=_facts(job, release, judge_lines),
            staleness=_staleness(statements, release.table("cited_rows"), release.manifest.as_of_us, stale_days),
            contradictions=count_contradictions(statements),
            future=cover_future(statements, item_facts, truth, catalogue, draws),
            blocks=_blocks(release, statements),
            changes=_changes(job, release, before),
        )


def _facts(job: Job, release: Release, judge_lines: Callable[[Release], JudgeLines] | None) -> Facts | Missing:
    try:
        found = verify_release(
            release,
            job.layout,
            weak=job.weak,
            attributes=job.context.attributes,
            min_users=job.shared.min_users,
            judge_lines=None if judge_lines is None else judge_lines(release),
        )
    except MemlearnError as error:
        return Missing(f"the facts could not be executed again: {error}")
    return Facts(found.verified, found.contradicted, found.hypotheses)


def _staleness(statements: pl.DataFrame, cited: pl.DataFrame, as_of_us: int, limit_days: int) -> Staleness | Missing:
    """By the newest row that each statement cites."""
    # Where kinds are not known, Polars takes the comparison for unknown too.
    aging = statements.filter(~pl.col("kind").fill_null("").is_in(list(_AGELESS))).with_row_index("line_no")
    rows = aging.select("line_no", "user_id", pl.col("rows").alias("row_id")).explode("row_id").drop_nulls("row_id")
    times = rows.join(cited.select("user_id", "row_id", "time_us"), on=["user_id", "row_id"])
    newest = times.group_by("line_no").agg(pl.col("time_us").max())
    if newest.is_empty():
        return Missing("no statement cites a row")
    days = (as_of_us - newest["time_us"].to_numpy()) / _DAY_US
    return Staleness(round(float(np.median(days)), 3), float(limit_days), round(float((days > limit_days).mean()), 6))


def count_contradictions(statements: pl.DataFrame) -> int:
    """Pairs of statements of one user that cannot both hold.

    Args:
        statements: user_id, kind, dim, key, fact (JSON).
    """
    said = statements.filter(pl.col("kind").is_not_null(), pl.col("key").is_not_null())
    place = ["user_id", "dim", "key"]
    pairs = 0
    for one, other in _EXCLUDING:
        left, right = (said.filter(pl.col("kind") == kind).select(place) for kind in (one, other))
        pairs += left.join(right, on=place, nulls_equal=True).height
    stances = said.filter(pl.col("kind") == "stance").select(*place, pl.col("fact").str.json_path_match("$.stance").alias("stance"))
    for_it = stances.filter(pl.col("stance").is_in(list(_FOR))).select(place)
    against = stances.filter(pl.col("stance") == _AGAINST).select(place)
    return pairs + for_it.join(against, on=place, nulls_equal=True).height


def cover_future(
    statements: pl.DataFrame, item_facts: pl.DataFrame, truth: pl.DataFrame, catalogue: pl.DataFrame, draws: int
) -> dict[str, Figure]:
    """Which share of what a user wanted next their memory holds, the mean over users.

    Args:
        statements: user_id, dim, key of lines.
        item_facts: user_id, dim, key, n, answered of what is known of items and categories.
        truth: user_id, item_id of what came.
        catalogue: item_id and `level_*` columns.
        draws: of the bootstrap over users.

    Returns:
        What is looked at → the share: the item itself among the item facts, each of its levels, and whether any line names either.
    """
    levels = [name.removeprefix(LEVEL_PREFIX) for name in catalogue.columns if name.startswith(LEVEL_PREFIX)]
    wanted = truth.join(
        catalogue.select("item_id", *(pl.col(LEVEL_PREFIX + level).alias(level) for level in levels)), on="item_id", how="left"
    )
    wanted = wanted.with_columns(pl.col("item_id").alias("item")).with_row_index("pair")
    if wanted.is_empty():
        return {"the item itself": Missing("no user has any truth at the last cut")}
    dims = ["item", *levels]
    # What was only shown says nothing of what is wanted.
    known = item_facts.filter((pl.col("n") > 0) | (pl.col("answered") > 0)).select("user_id", "dim", "key").unique()
    told = statements.filter(pl.col("key").is_not_null()).select("user_id", "dim", "key").unique()
    columns = {("the item itself" if dim == "item" else f"its {dim}") + ", as an item fact": _held(wanted, known, [dim]) for dim in dims}
    columns["the item or a level of it, in a line of a block"] = _held(wanted, told, dims)
    users = wanted["user_id"].to_list()
    shares = pl.DataFrame({"user_id": users, **columns}).group_by("user_id", maintain_order=True).mean()
    intervals = mean_intervals({name: shares[name].to_numpy().astype(np.float64) for name in columns}, draws)
    return dict(intervals)


def _held(wanted: pl.DataFrame, keys: pl.DataFrame, dims: Sequence[str]) -> pl.Series:
    """Whether each pair's key in any of some dimensions is among the user's keys, as 0 and 1."""
    held = [
        wanted.select("pair", "user_id", pl.lit(dim).alias("dim"), pl.col(dim).cast(pl.String).alias("key"))
        .join(keys, on=["user_id", "dim", "key"], how="semi")
        .select("pair")
        for dim in dims
    ]
    return wanted["pair"].is_in(pl.concat(held)["pair"].implode()).cast(pl.Float64)


def _blocks(release: Release, statements: pl.DataFrame) -> tuple[BlockUse, ...]:
    users = max(int(release.manifest.counts.get("users", 0)), 1)
    # A block's value has one line break between two lines.
    filled = statements.group_by("user_id", "label").agg((pl.col("text").str.len_chars().sum() + pl.len() - 1).alias("chars"))
    sums = {label: (number, chars) for label, number, chars in filled.group_by("label").agg(pl.len(), pl.col("chars").mean()).iter_rows()}
    return tuple(
        BlockUse(
            label, round(sums[label][0] / users, 6) if label in sums else 0.0, round(sums[label][1] / limit, 6) if label in sums else 0.0
        )
        for label, limit, shared in release.shared("blocks").select("label", "limit", "shared").iter_rows()
        if not shared
    )


def _changes(job: Job, release: Release, before: str | None) -> Changes | Missing:
    if before is None:
        return Missing("there is no earlier release to compare with: only one cut was learned")
    if before == release.release_id:
        return Missing("the release of the cut before says the same")
    with open_release(job.layout, before) as earlier:
        found = diff_releases(earlier, release)
    kinds = dict(found.statements["change"].value_counts().iter_rows())
    added, removed, changed = (int(kinds.get(kind, 0)) for kind in ("added", "removed", "changed"))
    users = len(found.users_changed) + len(found.users_added) + len(found.users_removed)
    return Changes(before, added + changed, removed + changed, users)


def earlier_release(release_ids: Sequence[str]) -> str | None:
    """Of the releases of cuts in order of time the one before the last."""
    pairs = list(pairwise(release_ids))
    return pairs[-1][0] if pairs else None
