"""What memory costs: to learn, train and rank everything for Ta-Feng in a process of its own, and to rank candidates with reasons."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import memlearn
from memlearn.ranking import RankingConfig, prepare_items
from memlearn.ranking.learned import LearnedRanker
from memlearn.ranking.learned.recommend import Place, rank_learned
from memlearn.serving import user_memory
from memlearn.serving.memory import bought_facts
from memlearn.store import Release, StoreLayout, open_release
from quality.section import OURS, Asked, Demand, Found, Section

MOST_SECONDS, MOST_MIB = 240, 4096
CANDIDATES = {128: 1.0, 500: 4.0}
"""How many candidates are ranked, and the most milliseconds that this may take."""
PLACES = 10
# So many users are asked for, each so many times; the quickest time of each counts, since the machine has other work as well.
_USERS, _TIMES = 200, 5
# Candidates by closeness beside the popular ones, so that all of the way is gone.
_CLOSE = 50

_WORK = """
import json, sys, time
import polars as pl
import memlearn
from memlearn.serving import open_memory
from memlearn.store import StoreLayout, open_release
loaded = memlearn.load_config(sys.argv[1], json.loads(sys.argv[2]))
layout = StoreLayout(loaded.config.store)
begun = time.perf_counter()
report = memlearn.learn(loaded)
learned = time.perf_counter()
with open_release(layout) as release:
    requests = release.users().select("user_id", at_us=pl.lit(release.manifest.as_of_us))
with open_memory(layout, warm=True) as memory:
    lists = memory.rank(requests, 20)
ended = time.perf_counter()
tiers = dict(lists.filter(pl.col("place") == 0)["tier"].value_counts().iter_rows())
told = {"learn": learned - begun, "rank": ended - learned, "users": len(requests), "tiers": tiers, "timings": dict(report.timings)}
print(json.dumps(told))
"""


def run(asked: Asked) -> Found:
    """Learn, train and rank Ta-Feng without its test baskets, from nothing; then rank for single users on one core."""
    store = asked.store("cost")
    shutil.rmtree(store, ignore_errors=True)
    variables = {**asked.variables, "STORE": str(store), "BASKETS": "not is_test"}
    config = Path(__file__).with_name("tafeng.yaml")
    told, seconds, peak = _work(config, variables)
    figures = {"tafeng_seconds": _single(seconds), "tafeng_peak_mib": _single(peak)}
    times = {}
    with open_release(StoreLayout(memlearn.load_config(config, variables).config.store), warm=True) as release, _one_core():
        times = {number: _rank(release, number) for number in CANDIDATES}
    figures |= {
        f"rank_{number}_ms": _single(None)
        if own is None
        else {"mean": float(own.mean()), "low": float(np.quantile(own, 0.05)), "high": float(np.quantile(own, 0.95))}
        for number, own in times.items()
    }
    lines = (
        f"{told['users']:,} users ranked ({', '.join(f'{number:,} {tier}' for tier, number in told['tiers'].items())}) on {os.cpu_count()} cores",
        f"  learn and train {told['learn']:,.1f} s, rank {told['rank']:,.1f} s, all with starting {seconds:,.1f} s; peak {peak:,.0f} MiB",
        "  of learning: " + ", ".join(f"{name} {value:,.1f} s" for name, value in told["timings"].items() if value >= 0.5),
    )
    return Found({OURS: figures}, lines, tuple(_demands(asked, seconds, peak, times)))


def _demands(asked: Asked, seconds: float, peak: float, times: Mapping[int, NDArray[np.float64] | None]) -> Iterator[Demand]:
    part = "" if asked.scale == 1 else f"{asked.scale:g} of the users only; "
    whole = asked.scale == 1
    yield Demand(
        f"learning, training and ranking Ta-Feng takes at most {MOST_SECONDS} s",
        f"{part}{seconds:,.0f} s",
        seconds <= MOST_SECONDS if whole else None,
    )
    yield Demand(f"and less than {MOST_MIB:,} MiB", f"{part}{peak:,.0f} MiB", peak < MOST_MIB if whole else None)
    for number, most in CANDIDATES.items():
        what = f"ranking {number} candidates with reasons for {PLACES} takes at most {most:g} ms on one core"
        own = times[number]
        if own is None:
            yield Demand(what, "the release has no trained ranker", None)
        else:
            low, high = np.quantile(own, [0.05, 0.95])
            yield Demand(
                what, f"{own.mean():.2f} ms on average over users, 5 to 95 %: {low:.2f} to {high:.2f} ms", bool(own.mean() <= most)
            )


def _single(value: float | None) -> dict[str, float | None]:
    """What was measured once."""
    return dict.fromkeys(("mean", "low", "high"), value if value is None else round(value, 3))


def _work(config: Path, variables: Mapping[str, str]) -> tuple[dict[str, Any], float, float]:
    """What the process told, its wall-clock seconds, and its peak memory in MiB."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", _WORK, str(config), json.dumps(dict(variables))], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        raise SystemExit(f"learning Ta-Feng failed with exit code {process.returncode}")
    return json.loads(output.splitlines()[-1]), time.perf_counter() - begun, usage.ru_maxrss / 1024


def _rank(release: Release, number: int) -> NDArray[np.float64] | None:
    """Milliseconds of ranking at least so many candidates for each of some users, candidates found and reasons told; None without a ranker."""
    rows = release.shared("ranker")
    if rows.is_empty():
        return None
    config, moment = RankingConfig(), release.manifest.as_of_us
    index = prepare_items(*(release.shared(name) for name in ("items", "popularity", "pairs", "key_levels")), config)
    ranker = replace(LearnedRanker.from_bytes(rows["content"][0], rows["digest"][0]), close=_CLOSE, popular=number)
    place = Place.of(ranker, index)
    users = release.users()["user_id"]
    found = []
    for user_id in users.gather_every(max(1, len(users) // _USERS)):
        record = release.user(user_id)
        if record is None or record.bought is None:
            continue
        memory, times = user_memory(record), []
        for _ in range(_TIMES):
            begun = time.perf_counter()
            rank_learned(place, bought_facts(ranker, record.bought, moment), memory, PLACES, moment, config)
            times.append(1000 * (time.perf_counter() - begun))
        found.append(min(times))
    return np.array(found)


@contextmanager
def _one_core() -> Iterator[None]:
    """Keep this process to one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


SECTIONS = (Section("cost", "What it costs", run),)
