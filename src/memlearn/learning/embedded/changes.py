"""Claims about change: what began, what ended, where a user moved."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.counting import changes
from memlearn.learning.embedded.evidence import g_statistic, needed, silence
from memlearn.learning.embedded.habits import core_days
from memlearn.learning.embedded.state import Ints, Monthly, State
from memlearn.learning.embedded.telling import top_rows

Floats = NDArray[np.float64]

CHANGE_COUNT = 6
CHANGE_DAYS = 5
# On the silent side of a change at most one purchase in so many may lie.
STRAY = 7
# The pace on the silent side, by the day and relative to the user's purchases, is at most so much of that on the other.
SILENT_PACE = 0.2
# A key that began is still bought, one that ended was bought from early on: within so many days of the user's own ends, and with
# no more purchases missing there, by the key's own pace, than chance may leave out. Else it came and went, as a season does.
EDGE_DAYS, EDGE_MISSING = 62, 2.0
# The month is told where the change lies in it or in a month beside it with at least this probability.
MONTH_SURE = 0.5
# What changed had lasted, or lasts since: so many days without gaps longer than a month and a half.
LASTING_GAP, LASTING_DAYS = 45, 42
# Counts of a steady key vary at most so much of what Poisson counts would; G is divided by it (McCullagh and Nelder,
# Generalized Linear Models, section 4.5).
STEADY_DISPERSION = 0.25
# Every month is tried as the moment of change, of a beginning and of an end, by the share and by the pace: so many tests in a year.
SPLITS = 12 * 2 * 2

MOVE_COUNT = 5
MOVE_SHARE = 0.8
MOVE_KEYS = 5

_KEY = ["u", "dim", "key"]


def find_beginnings_and_ends(state: State, monthly: Monthly, steady: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keys that a user began, or stopped, to buy while buying other things all along.

    Every month is tried as the moment of change: one side has to be all but silent, both against all other purchases of the user
    (a G test) and against the key's own pace on the other side. Of the months where it is, the one that the counts by day make
    likeliest is told, and none where they leave the month open.

    Args:
        state: the shard's state.
        monthly: the keys that may have changed.
        steady: keys bought at a steady interval.

    Returns:
        Two frames (started, stopped): the columns of `monthly.keys`, and month (the first month after the change), before,
        after, user_before, user_after, score.
    """
    enough = (monthly.keys["n"].to_numpy() >= CHANGE_COUNT) & (monthly.keys["days"].to_numpy() >= CHANGE_DAYS)
    tests = monthly.count_chosen(enough)
    chosen = monthly.take(enough & _may_change(monthly, tests, _dispersion(monthly.keys, steady)), tests=tests)
    key, user = chosen.of_key.cumsum(axis=1), chosen.users.cumsum(axis=1)[chosen.owner]
    begun, ended = _silent_sides(chosen, key, user)
    dispersion = _dispersion(chosen.keys, steady)
    scores = _scores(chosen, begun | ended, key, user, dispersion)
    wanted = _wanted(chosen.keys["tests"].to_numpy())
    sure = np.where(scores >= wanted[:, None], _month_ranks(chosen, np.any(scores > 0, axis=1), key, dispersion), 0.0)
    started, stopped = (_best_split(chosen, np.where(side, sure, 0.0), scores, key, user) for side in (begun, ended))
    return _lasting(state, started), _lasting(state, stopped)


def _wanted(tests: NDArray[np.uint32]) -> Floats:
    """Nats that a change has to reach, for each number of keys tried."""
    return pl.DataFrame({"tests": tests}).select(needed(pl.col("tests") * SPLITS)).to_series().to_numpy()


def _may_change(monthly: Monthly, tests: NDArray[np.uint32], dispersion: Floats) -> NDArray[np.bool_]:
    """The keys whose silence before or after all but a few purchases lasts long enough, were there none at all in it.

    No change of another key can reach the nats it needs: `silence` is at most the number expected, and what is expected on the
    silent side grows with its length. So most keys need not be looked at split by split.
    """
    key, n = monthly.of_key.cumsum(axis=1), monthly.keys["n"].to_numpy().astype(np.int64)
    width, few = key.shape[1], n // STRAY
    # Sums grow, and the last one is too many: the first one that is tells how many are not.
    few_before = (key > few[:, None]).argmax(axis=1)
    few_after = width - (key >= (n - few)[:, None]).argmax(axis=1)
    possible = np.zeros(len(n))
    # The last split with next to nothing before it, and the first one with next to nothing after it.
    for rows, split, silent in ((few_before > 0, few_before - 1, 0), (few_after > 0, width - few_after, 1)):
        row = np.flatnonzero(rows)
        days = _days_by_split(monthly, row, split[row])
        possible[row] = np.maximum(possible[row], n[row] / np.maximum(days[1 - silent], 1) * days[silent])
    # Not to lose to rounding what is just enough.
    return possible * (1 + 1e-9) >= _wanted(tests) * dispersion


def _scores(chosen: Monthly, silent: NDArray[np.bool_], key: Ints, user: Ints, dispersion: Floats) -> Floats:
    """How clearly each silent side stands out, in nats: both from the user's other purchases and from the key's own pace.

    Args:
        chosen: the keys.
        silent: where there is a silent side; only there is anything computed.
        key: purchases of each key up to each month's end.
        user: all purchases of its user up to then.
        dispersion: of each key's counts, relative to Poisson's.
    """
    row, column = np.nonzero(silent)
    at, total, n, all_of_user = key[row, column].astype(np.float64), user[row, column].astype(np.float64), key[row, -1], user[row, -1]
    share = g_statistic(at, n - at, total - at, (all_of_user - total) - (n - at)) / 2
    before, after = _days_by_split(chosen, row, column)
    pace = np.maximum(
        *(
            silence(few, many / np.maximum(days, 1) * quiet)
            for few, many, quiet, days in ((at, n - at, before, after), (n - at, at, after, before))
        )
    )
    scores = np.zeros(key.shape)
    scores[row, column] = np.minimum(share, pace) / dispersion[row]
    return scores


def _month_ranks(chosen: Monthly, rows: NDArray[np.bool_], key: Ints, dispersion: Floats) -> Floats:
    """How likely each month's end is the moment of change, give or take a month; 0 where less likely than `MONTH_SURE`.

    The posterior of the change-point of a Poisson process under a flat prior over months, with the most likely paces before
    and after each (Raftery and Akman, Biometrika 1986, section 2, who integrate over the paces).

    Args:
        chosen: the keys.
        rows: the keys wanted; others get 0.
        key: purchases of each key up to each month's end.
        dispersion: of each key's counts, relative to Poisson's.

    Returns:
        The probability of the three months to two places, and where that is equal, the likelier month first.
    """
    ranks = np.zeros(key.shape)
    at = np.flatnonzero(rows)
    if len(at) == 0:
        return ranks
    before, after = (days.reshape(len(at), -1) for days in _days_by_split(chosen, *_grid(at, key.shape[1])))
    n_before = key[at].astype(np.float64)
    n_after = n_before[:, -1:] - n_before
    likelihood = _pace_likelihood(n_before, before) + _pace_likelihood(n_after, after)
    likelihood = np.where((before > 0) & (after > 0), likelihood, -np.inf) / dispersion[at, None]
    month = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    month /= month.sum(axis=1, keepdims=True)
    near = month.copy()
    near[:, 1:] += month[:, :-1]
    near[:, :-1] += month[:, 1:]
    ranks[at] = np.where(near >= MONTH_SURE, near.round(2) + month.round(6) / 200, 0.0)
    return ranks


def _grid(rows: Ints, width: int) -> tuple[Ints, Ints]:
    return np.repeat(rows, width), np.tile(np.arange(width), len(rows))


def _pace_likelihood(count: Floats, days: Floats) -> Floats:
    """Log likelihood of Poisson counts over so many days at their most likely pace, up to what all splits share."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(count > 0, count * np.log(count / np.maximum(days, 1)), 0.0)


def _silent_sides(chosen: Monthly, key: Ints, user: Ints) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """At which months' ends each key may have begun, and ended, as far as plain counts tell.

    Args:
        chosen: the keys.
        key: purchases of each key up to each month's end.
        user: all purchases of its user up to then.
    """
    n, total = key[:, -1:], user[:, -1:]
    later = n - key
    begun = (key * STRAY <= n) & (later >= CHANGE_COUNT)
    ended = (later * STRAY <= n) & (key >= CHANGE_COUNT)
    days = {name: chosen.keys[name].to_numpy() for name in ("first_day", "last_day", "user_first_day", "user_last_day")}
    begun &= (days["user_last_day"] - days["last_day"] <= EDGE_DAYS)[:, None]
    ended &= (days["first_day"] - days["user_first_day"] <= EDGE_DAYS)[:, None]
    # Less before than the user's own pace would give: a beginning; less after: an end.
    row, column = np.nonzero(begun | ended)
    before, after, past = key[row, column], later[row, column], user[row, column]
    rest = total[row, 0] - past
    begun[row, column] &= before * rest < SILENT_PACE * after * past
    ended[row, column] &= after * past < SILENT_PACE * before * rest
    # And less by the day: a share also grows where the user stops to buy something else.
    days_before, days_after = _days_by_split(chosen, row, column)
    begun[row, column] &= before * days_after < SILENT_PACE * after * days_before
    ended[row, column] &= after * days_before < SILENT_PACE * before * days_after
    since, until = ((days[f"user_{name}"] - days[name]).astype(np.float64)[row] for name in ("last_day", "first_day"))
    begun[row, column] &= since * after <= EDGE_MISSING * np.maximum(days_after - since, 1)
    ended[row, column] &= -until * before <= EDGE_MISSING * np.maximum(days_before + until, 1)
    return begun, ended


def _days_by_split(chosen: Monthly, row: Ints, column: Ints) -> tuple[Floats, Floats]:
    """Days of the user's time before and after the end of a month (column), for some keys (row)."""
    months = np.arange(chosen.first + 1, chosen.first + chosen.of_key.shape[1] + 1)
    ends = (months - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)[column]
    low, high = (chosen.keys[name].to_numpy().astype(np.int64)[row] for name in ("user_first_day", "user_last_day"))
    return np.maximum(ends - low, 0).astype(np.float64), np.maximum(high + 1 - ends, 0).astype(np.float64)


def _dispersion(chosen: pl.DataFrame, steady: pl.DataFrame) -> Floats:
    known = np.isin(chosen["row"].to_numpy(), steady["row"].to_numpy())
    return np.where(known, STEADY_DISPERSION, 1.0)


def _lasting(state: State, found: pl.DataFrame) -> pl.DataFrame:
    return found.filter(pl.Series(core_days(state, found, LASTING_GAP) >= LASTING_DAYS))


def _best_split(chosen: Monthly, rank: Floats, score: Floats, key: Ints, user: Ints) -> pl.DataFrame:
    """The split of each key with the highest rank, where there is one."""
    best = rank.argmax(axis=1)
    rows = np.flatnonzero(rank[np.arange(len(rank)), best] > 0)
    best = best[rows]
    counts = {
        "before": key[rows, best],
        "after": key[rows, -1] - key[rows, best],
        "user_before": user[rows, best],
        "user_after": user[rows, -1] - user[rows, best],
    }
    return chosen.keys[rows].with_columns(
        pl.Series("score", score[rows, best]),
        pl.Series("month", best + chosen.first + 1).cast(pl.Int64),
        *(pl.Series(name, values).cast(pl.Int64) for name, values in counts.items()),
    )


def find_moves(state: State, monthly: Monthly, parents: pl.DataFrame, places: list[int]) -> pl.DataFrame:
    """Users who went from one key to another of the same kind: another shop of a chain, another merchant of a category.

    Args:
        state: the shard's state.
        monthly: the keys that may be part of a move.
        parents: dim, key, parent: keys are compared only under the same parent (the category of a merchant).
        places: dimensions whose keys have no parent and are compared with each other all the same: attributes such as the store.

    Returns:
        u, dim, key (moved to), other (moved from), month (first month after), from_before, from_after, to_before,
        to_after, first_row (of the new), last_row (of the old), score.
    """
    group = ["u", "dim", "parent"]
    told = ("row", "n", "first_row", "last_row", "user_first_day", "user_last_day")
    at, parent = _rivals(state, monthly, parents, places)
    often = monthly.keys.select(*_KEY, *told)[at].with_columns(pl.Series("at", at), pl.Series("parent", parent))
    often = often.filter(pl.Series(core_days(state, often, LASTING_GAP) >= LASTING_DAYS))
    often = often.with_columns(*_edges_of_moves(monthly, often["at"].to_numpy()))
    new = often.select("at", *group, "key", "first_row", "user_first_day", "user_last_day", "latest")
    old = often.select(pl.col("at").alias("old"), *group, pl.col("key").alias("other"), "last_row", "earliest")
    pairs = new.join(old, on=group).filter(pl.col("key") != pl.col("other")).with_columns(pl.len().over("u").alias("tests"))
    pairs = pairs.filter(pl.col("earliest") <= pl.col("latest")).drop("earliest", "latest").sort(*_KEY, "other")
    to, of = (monthly.of_key[pairs[name].to_numpy()].cumsum(axis=1).astype(np.float64) for name in ("at", "old"))
    n_to, n_of = to[:, -1:], of[:, -1:]
    clear = (of >= MOVE_SHARE * n_of) & (n_to - to >= MOVE_SHARE * n_to) & (of >= MOVE_COUNT) & (n_to - to >= MOVE_COUNT)
    score = np.where(clear, g_statistic(of, n_of - of, to, n_to - to) / 2, 0.0)
    rows, best = np.arange(len(pairs)), score.argmax(axis=1)
    counts = {
        "from_before": of[rows, best],
        "from_after": n_of[:, 0] - of[rows, best],
        "to_before": to[rows, best],
        "to_after": n_to[:, 0] - to[rows, best],
    }
    found = pairs.with_columns(
        pl.Series("score", score[rows, best]),
        pl.Series("month", best + monthly.first + 1).cast(pl.Int64),
        *(pl.Series(name, values).cast(pl.Int64) for name, values in counts.items()),
    )
    sure = found.filter(pl.col("score") >= needed(pl.col("tests") * SPLITS))
    best_of = sure.sort("u", "dim", "parent", "score", "key", "other", descending=[False, False, False, True, False, False])
    return best_of.unique(group, keep="first", maintain_order=True)


def _rivals(state: State, monthly: Monthly, parents: pl.DataFrame, places: list[int]) -> tuple[Ints, Ints]:
    """The keys that share a parent with others of their user, those bought most; and their parents, -1 for those of places."""
    often = np.flatnonzero(monthly.keys["n"].to_numpy() >= MOVE_COUNT)
    dim, key = (monthly.keys[name].to_numpy()[often] for name in ("dim", "key"))
    sizes = np.array([len(labels) for labels in state.keys.labels])
    starts = np.cumsum(sizes) - sizes
    parent_of = np.full(int(sizes.sum()), -1, dtype=np.int64)
    parent_of[starts[parents["dim"].to_numpy()] + parents["key"].to_numpy()] = parents["parent"].to_numpy()
    parent = parent_of[starts[dim] + key]
    known = np.flatnonzero((parent >= 0) | np.isin(dim, places))
    often, dim, parent = often[known], dim[known].astype(np.int64), parent[known]
    user, n = (monthly.keys[name].to_numpy()[often].astype(np.int64) for name in ("u", "n"))
    group = (user * len(sizes) + dim) * (int(parent.max(initial=0)) + 2) + parent + 1
    order = np.argsort(group, kind="stable")
    # One key more than others needs none to compare with.
    top = order[top_rows(group[order], n[order], np.full(len(order), MOVE_KEYS))]
    first = changes(group[top])
    shared = top[~(first & np.append(first[1:], True))] if len(top) else top
    return often[shared], parent[shared]


def _edges_of_moves(monthly: Monthly, rows: NDArray[np.generic]) -> tuple[pl.Series, pl.Series]:
    """The first month's end at which enough of a key's purchases are past to move from it, and the last one to move to it."""
    sums = monthly.of_key[rows].cumsum(axis=1)
    n = sums[:, -1:]
    left = (sums >= MOVE_SHARE * n) & (sums >= MOVE_COUNT)
    joined = (n - sums >= MOVE_SHARE * n) & (n - sums >= MOVE_COUNT)
    width = sums.shape[1]
    return pl.Series("earliest", left.argmax(axis=1)), pl.Series(
        "latest", np.where(joined.any(axis=1), width - 1 - joined[:, ::-1].argmax(axis=1), -1)
    )
