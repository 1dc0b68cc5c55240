"""Is a new configuration good enough to be served in place of the current one? Both are ranked at the same cuts and judged by one truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.asked import stacked
from memlearn.evaluation.evaluate import rank_at
from memlearn.evaluation.learned import NONE
from memlearn.evaluation.metrics import measure
from memlearn.evaluation.paired import compare
from memlearn.evaluation.session import Session
from memlearn.records import LEVEL_PREFIX
from memlearn.store.release import Release

ITEM = "item"
AVOIDS = "avoids"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate found.

    Args:
        passed: whether the new configuration may be served.
        reason: in words, with the figures.
    """

    passed: bool
    reason: str


def compare_configurations(new: Session, current: Session, margin: float, min_users: int) -> Verdict:
    """Learn both configurations as of the same cuts of the validation period, rank, and compare user by user.

    The truth is that of the new configuration's sources. What the current one ranks and the new one cannot show counts as a miss.

    Args:
        new: the evaluation of the new configuration.
        current: that of the current one.
        margin: by which share of the current one's NDCG the new one may be worse, 0 to 1.
        min_users: fewest users with truth.
    """
    cuts = [[one.cut.name for one in session.judged] for session in (new, current)]
    if cuts[0] != cuts[1]:
        told = " against ".join(", ".join(names) for names in cuts)
        return Verdict(False, f"The two configurations cannot be compared: they cut the data at other instants, {told}.")
    lists = [
        (rank_at(new, number).ranked, translate(new, current, number, rank_at(current, number).ranked)) for number in range(len(cuts[0]))
    ]
    truth = stacked([one.truth for one in new.judged])
    user = np.concatenate([one.user for one in new.judged]).astype(np.int64)
    ours, theirs = (measure(np.concatenate(ranked), truth, new.config.ks, user) for ranked in zip(*lists, strict=True))
    if len(ours.user) < min_users:
        return Verdict(
            False,
            f"The two configurations cannot be compared: {len(ours.user)} users have truth, {min_users} are asked for (`releases.gate.min_users`).",
        )
    found = compare(ours.values[new.main], {"current": theirs.values[new.main]}, new.config.draws)["current"]
    figures = (
        f"{new.main} is {found.ours:.4f} with the new configuration and {found.theirs:.4f} with the current one, over {found.users:,} users"
    )
    if found.ratio is None:
        # Where the current one finds nothing there is nothing to be worse than.
        return Verdict(found.difference.low >= 0, f"{figures}.")
    low, mean, high = (100 * (value - 1) for value in (found.ratio.low, found.ratio.mean, found.ratio.high))
    said = f"{figures}: {mean:+.1f} %, 95 % interval {low:+.1f} to {high:+.1f} %; the low end must not lie below -{100 * margin:g} %."
    return Verdict(found.ratio.low >= 1 - margin, said)


def translate(new: Session, current: Session, number: int, ranked: NDArray[np.int32]) -> NDArray[np.int32]:
    """What the current configuration ranked at a cut, in the codes and rows of the new one.

    Args:
        new: whose codes and rows.
        current: whose lists.
        number: of the cut.
        ranked: codes of items; shape (rows of `current`, places).

    Returns:
        Shape (rows of `new`, places); rows of users whom the current one does not know are empty.
    """
    code = {item: place for place, item in enumerate(new.visits.items)}
    items = np.array([*(code.get(item, NONE) for item in current.visits.items), NONE], dtype=np.int32)
    row = {current.visits.users[user]: place for place, user in enumerate(current.judged[number].user)}
    users = [row.get(new.visits.users[user], NONE) for user in new.judged[number].user]
    found = np.full((len(users), ranked.shape[1]), NONE, dtype=np.int32)
    known = np.array([place >= 0 for place in users], dtype=np.bool_)
    found[known] = items[ranked[[place for place in users if place >= 0]]]
    return found


def broken_rules(release: Release, lists: pl.DataFrame) -> Verdict:
    """Whether lists hold anything that is never shown: what may not be recommended or is not valid, and what operators say that a user avoids.

    Looks at the tables of the release by itself, apart from what ranks.

    Args:
        release: that the lists come from.
        lists: user_id, at_us, item_id of what would be shown.

    Raises:
        UsageError: there are no lists to check.
    """
    if lists.is_empty():
        raise UsageError("No list was ranked, so there is nothing to check.")
    items = release.shared("items")
    shown = lists.join(items, on="item_id", how="left")
    at = pl.col("at_us")
    valid = (pl.col("valid_from_us").is_null() | (pl.col("valid_from_us") <= at)) & (
        pl.col("valid_until_us").is_null() | (pl.col("valid_until_us") > at)
    )
    never = shown.filter(~(pl.col("recommend").fill_null(value=False) & valid))
    stances = release.table("item_facts").filter(pl.col("stance") == AVOIDS).select("user_id", "dim", "key", "stance_until_us")
    levels = [name for name in items.columns if name.startswith(LEVEL_PREFIX)]
    keys = {name.removeprefix(LEVEL_PREFIX): name for name in levels} | {ITEM: "item_id"}
    parts = [
        shown.select("user_id", "at_us", "item_id", pl.col(column).cast(pl.String).alias("key"))
        .join(stances.filter(pl.col("dim") == dim), on=["user_id", "key"])
        .filter(pl.col("stance_until_us").is_null() | (pl.col("stance_until_us") > at))
        for dim, column in sorted(keys.items())
    ]
    avoided = pl.concat(parts)
    if never.is_empty() and avoided.is_empty():
        return Verdict(
            True, f"None of {len(lists):,} items in the lists of {lists['user_id'].n_unique():,} users is avoided or may not be shown."
        )
    first = _first(avoided, "that they avoid") if len(avoided) else _first(never, "that may not be shown then")
    return Verdict(
        False, f"{len(avoided):,} items are shown that users avoid, and {len(never):,} that may not be shown; for example {first}."
    )


def _first(frame: pl.DataFrame, what: str) -> str:
    user, item = frame.sort("user_id", "item_id").select("user_id", "item_id").row(0)
    return f"user {user!r} is shown item {item!r} {what}"


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict of several: passed where all are; the reasons are those of the failed ones, else of all."""
    failed = [one for one in verdicts if not one.passed]
    return Verdict(not failed, " ".join(one.reason for one in failed or verdicts))
