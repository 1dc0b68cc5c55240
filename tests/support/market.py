"""A market made from a seed: shoppers with favourites, a catalogue, a config that evaluates it; and what an evaluation should find, slowly."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

BEGIN = date(2025, 1, 6)
ITEMS = [f"i{number:02d}" for number in range(30)]
# Known to everybody and never recommended.
BAG = "bag"
ZONE = ZoneInfo("Europe/Berlin")

CONFIG = """
version: 1
store: store
timezone: Europe/Berlin
currency: EUR
sources:
  purchases:
    role: events
    path: purchases*.csv
    columns: {{user: who, time: at, key: line, item: what}}
  catalogue:
    role: items
    path: items.csv
    columns: {{item: what, name: name}}
    levels: {{category: category}}
  extras:
    role: items
    path: extras.csv
    columns: {{item: what, name: name}}
    recommend: false
evaluation:
  cuts: {cuts}
  draws: 200
  tries: 3
  baselines: [popularity, decayed_frequency, rag]
{more}
"""


@dataclass(frozen=True)
class Row:
    """One line of a receipt."""

    user: str
    at: datetime
    item: str


def make_rows(users: int = 40, days: int = 120, seed: int = 3) -> list[Row]:
    """Shoppers who mostly take what they like, on days of their own."""
    random = Random(seed)
    rows = []
    for number in range(users):
        user, liked, every = f"u{number:02d}", random.sample(ITEMS, 5), random.randint(2, 9)
        day = random.randint(0, every)
        while day < days:
            at = datetime.combine(BEGIN + timedelta(day), datetime.min.time(), ZONE) + timedelta(hours=random.randint(8, 22))
            basket = {random.choice(liked) if random.random() < 0.7 else random.choice(ITEMS) for _ in range(random.randint(1, 4))}
            rows += [Row(user, at, item) for item in sorted(basket)]
            rows.append(Row(user, at, BAG))
            day += max(1, every + random.randint(-1, 1))
    return rows


def write_market(folder: Path, rows: list[Row], *, cuts: int = 2, more: str = "") -> Path:
    """The market's files; `more` are further lines of the section `evaluation`. Returns the config."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "purchases.csv", rows)
    with (folder / "items.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["what", "name", "category"])
        lines.writerows([item, f"Article {number} of kind{number % 6}", f"kind {number % 6}"] for number, item in enumerate(ITEMS))
    (folder / "extras.csv").write_text(f"what,name\n{BAG},Paper bag\n", encoding="utf-8")
    config = folder / "market.yaml"
    config.write_text(CONFIG.format(cuts=cuts, more=more), encoding="utf-8")
    return config


def write_rows(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["line", "who", "at", "what"])
        lines.writerows([f"{path.stem}-{number}", row.user, row.at.isoformat(), row.item] for number, row in enumerate(rows))


def known_before(rows: list[Row], cut: date) -> dict[str, list[Row]]:
    """User → rows before a day, of items that may be recommended."""
    found = defaultdict(list)
    for row in rows:
        if row.item != BAG and row.at.astimezone(ZONE).date() < cut:
            found[row.user].append(row)
    return dict(found)


def next_visit(rows: list[Row], cut: date, until: date) -> dict[str, set[str]]:
    """User → what they had on their first day in the period with anything that may be recommended."""
    days = defaultdict(lambda: defaultdict(set))
    for row in rows:
        day = row.at.astimezone(ZONE).date()
        if row.item != BAG and cut <= day < until:
            days[row.user][day].add(row.item)
    return {user: own[min(own)] for user, own in days.items()}


def popular(rows: list[Row], cut: date) -> list[str]:
    """Items by the number of baskets before a day, then by id."""
    baskets = {(row.user, row.at.astimezone(ZONE).date(), row.item) for own in known_before(rows, cut).values() for row in own}
    count = Counter(item for _, _, item in baskets)
    return sorted(ITEMS, key=lambda item: (-count[item], item))


def ndcg(ranked: list[str], truth: set[str], k: int) -> float:
    """With the ideal over all of the truth."""
    gain = sum(1 / math.log2(place + 2) for place, item in enumerate(ranked[:k]) if item in truth)
    return gain / sum(1 / math.log2(place + 2) for place in range(len(truth)))
