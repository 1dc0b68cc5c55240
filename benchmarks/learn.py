"""Speed and size of `memlearn learn` on generated Parquet files, beside a bare Polars scan, sort and group-by.

    python benchmarks/learn.py [--scale 1.0] [--sizes 0.1,0.3,1.0] [--keep DIR]

Scale 1 is 10 million events of 100,000 users (skewed) over 20,000 items in three levels, 8 columns, 10 files. Every learn
runs in a process of its own, whose peak memory is the operating system's. The incremental run follows one new file with
events of 1 % of the users on the next day. Embedding, full-text indexing and the training of the ranker, whose length does not grow
with the data beyond 20,000 users, are part of no rate but the one that says so; they are printed apart, and belong to the peak.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.random import Generator, default_rng

import memlearn

EVENTS, USERS, ITEMS, FILES = 10_000_000, 100_000, 20_000, 10
START, DAYS = 1_735_689_600, 480  # 2025-01-01, in seconds

CONFIG = """\
version: 1
store: store
timezone: Europe/Berlin
currency: EUR
sources:
  sales:
    role: events
    path: events
    columns: {user: customer, time: booked_at, item: product, kind: kind, amount: amount, currency: currency, quantity: quantity}
    kinds: {sale: purchase, return: refund}
    attributes: {store: store}
  products:
    role: items
    path: products.parquet
    columns: {item: product, name: name}
    levels: {department: department, category: category, brand: brand}
"""


def make_items(folder: Path) -> None:
    """The catalogue: 12 departments, 300 categories, 2,500 brands."""
    number = np.arange(ITEMS)
    category = (number * 7919) % 300
    pl.DataFrame(
        {
            "product": [f"P{n:05d}" for n in number],
            "name": [f"Product {n}" for n in number],
            "department": [f"Department {n % 12}" for n in category],
            "category": [f"Category {n}" for n in category],
            "brand": [f"Brand {n}" for n in (number * 104729) % 2500],
        }
    ).write_parquet(folder / "products.parquet")


def make_events(random: Generator, events: int, users: np.ndarray, weight: np.ndarray, first_day: int, days: int) -> pl.DataFrame:
    """Purchases of skewed users: each buys half of the time among 30 items of their own."""
    user = random.choice(users, events, p=weight)
    own = (user.astype(np.int64) * 31 + random.integers(0, 30, events) ** 2 * 17) % ITEMS
    popular = (random.zipf(1.25, events) - 1) % ITEMS
    item = np.where(random.random(events) < 0.5, own, popular)
    second = START + (first_day + random.integers(0, days, events)) * 86_400 + random.normal(15 * 3600, 4 * 3600, events).astype(np.int64) % 86_400
    products = pl.Series([f"P{n:05d}" for n in range(ITEMS)])
    stores = pl.Series([f"Store {n}" for n in range(40)])
    return pl.DataFrame(
        {
            "customer": user,
            "booked_at": pl.Series(second * 1_000_000).cast(pl.Datetime("us")),
            "product": products.gather(item),
            "kind": pl.Series(["sale", "return"]).gather((random.random(events) < 0.01).astype(np.int64)),
            "amount": np.round(random.lognormal(2, 1, events), 2),
            "currency": pl.Series(["EUR"]).new_from_index(0, events),
            "quantity": random.integers(1, 4, events),
            "store": stores.gather((user + (random.random(events) < 0.1)) % 40),
        }
    ).sort("booked_at")


def make_data(folder: Path, scale: float, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Write the files; returns the users and their weights."""
    random = default_rng(seed)
    users = np.arange(max(200, int(USERS * scale)))
    weight = random.pareto(1.6, len(users)) + 0.3
    weight /= weight.sum()
    (folder / "events").mkdir()
    events = int(EVENTS * scale)
    for number in range(FILES):
        part = make_events(random, events // FILES, users, weight, number * DAYS // FILES, DAYS // FILES)
        part.write_parquet(folder / "events" / f"sales-{number:03d}.parquet", compression="zstd")
    make_items(folder)
    (folder / "memlearn.yaml").write_text(CONFIG)
    return users, weight


def add_file(folder: Path, scale: float, users: np.ndarray, seed: int = 6) -> None:
    """One new file: the next day's events of 1 % of the users, ten each."""
    random = default_rng(seed)
    chosen = random.choice(users, max(2, len(users) // 100), replace=False)
    events = make_events(random, len(chosen) * 10, chosen, np.full(len(chosen), 1 / len(chosen)), DAYS, 1)
    events.write_parquet(folder / "events" / "sales-999.parquet", compression="zstd")
    del scale


def run_floor(folder: Path) -> float:
    """Seconds of a bare Polars scan, sort and group-by of the same files."""
    script = (
        "import sys, time, polars as pl\n"
        "begun = time.perf_counter()\n"
        "rows = pl.scan_parquet(sys.argv[1] + '/events/*.parquet').collect().sort('customer', 'booked_at')\n"
        "rows.group_by('customer', 'product').agg(pl.len(), pl.col('amount').sum(), pl.col('booked_at').max())\n"
        "print(time.perf_counter() - begun)\n"
    )
    return float(subprocess.run([sys.executable, "-c", script, str(folder)], check=True, capture_output=True, text=True).stdout)


def run_learn(folder: Path) -> tuple[dict[str, object], float, float]:
    """One learn in a process of its own: its report, wall-clock seconds, peak memory in MiB."""
    script = "import sys, memlearn, json; print(json.dumps(memlearn.learn(sys.argv[1]).to_json()))"
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", script, str(folder / "memlearn.yaml")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(f"learn failed with exit code {process.returncode}")
    return json.loads(output), seconds, usage.ru_maxrss / 1024


def folder_size(folder: Path) -> float:
    """MiB of all files under a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def measure(folder: Path, scale: float) -> dict[str, float]:
    """Measure one size, and print it."""
    users, _ = make_data(folder, scale)
    events = int(EVENTS * scale) // FILES * FILES
    # What the generator wrote goes to the disk before anything is measured.
    os.sync()
    floor = run_floor(folder)
    report, seconds, peak = run_learn(folder)
    timings = dict(report["timings"])  # type: ignore[call-overload]
    apart = timings.get("publish.embedding", 0.0) + timings.get("publish.text_index", 0.0)
    disk = folder_size(folder / "store")
    add_file(folder, scale, users)
    again, incremental, _ = run_learn(folder)
    _, nothing, _ = run_learn(folder)
    training = timings.get("ranker", 0.0)
    net = seconds - apart - training
    rows = {
        "events": events,
        "users": len(users),
        "events_per_second": events / net,
        "full_seconds": net,
        "embedding_and_index_seconds": apart,
        "training_seconds": training,
        "events_per_second_with_training": events / (net + training),
        "floor_seconds": floor,
        "floor_ratio": net / floor,
        "peak_rss_mib": peak,
        "incremental_seconds": incremental,
        "incremental_steps": float(str(again["steps_done"])),
        "nothing_new_seconds": nothing,
        "store_mib": disk,
        **{f"full.{name}": value for name, value in timings.items()},
        **{f"incremental.{name}": value for name, value in dict(again["timings"]).items()},  # type: ignore[call-overload]
    }
    print(f"\nscale {scale:g}")
    for name, value in rows.items():
        print(f"  {name:36s} {value:14,.2f}")
    return rows


def extrapolate(sizes: Sequence[dict[str, float]]) -> None:
    """A straight line through the sizes, read off at one million users of 100 events each."""
    users = np.array([size["users"] for size in sizes])
    print("\none million users of 100 events, a straight line through the sizes above")
    for name, unit in (("full_seconds", "s"), ("peak_rss_mib", "MiB"), ("store_mib", "MiB")):
        slope, base = np.polyfit(users, [size[name] for size in sizes], 1)
        print(f"  {name:36s} {base + slope * 1_000_000:14,.0f} {unit}")


def main() -> None:
    """Measure, print, and end with one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 10 million events and 100,000 users")
    parser.add_argument("--sizes", default=None, help="several scales for an extrapolation, the last one is reported")
    parser.add_argument("--keep", type=Path, default=None, help="keep the data and stores in this folder")
    options = parser.parse_args()
    # An installed package is compiled, a working copy perhaps not.
    compileall.compile_dir(Path(memlearn.__file__).parent, quiet=2)
    scales = [float(part) for part in options.sizes.split(",")] if options.sizes else [options.scale]
    root = options.keep or Path(tempfile.mkdtemp(prefix="memlearn-bench-"))
    sizes = []
    try:
        for number, scale in enumerate(scales):
            folder = root / f"size-{number}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            sizes.append(measure(folder, scale))
    finally:
        if options.keep is None:
            shutil.rmtree(root, ignore_errors=True)
    if len(sizes) >= 3:
        extrapolate(sizes)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n(the generator itself took {own:,.0f} MiB at its peak; that is no part of peak_rss_mib)")
    last = sizes[-1]
    names = (
        "events_per_second",
        "peak_rss_mib",
        "incremental_seconds",
        "full_seconds",
        "floor_ratio",
        "training_seconds",
        "events_per_second_with_training",
    )
    print(json.dumps({**{name: round(last[name], 3) for name in names}, "scale": scales[-1]}))


if __name__ == "__main__":
    main()
