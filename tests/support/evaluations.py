"""Made-up evaluations for tests of the report, with every part that a report may have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memlearn.evaluation.item_sets import pair_sets
from memlearn.evaluation.judge import Bootstrap, Categories, Lists, Question, judge
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import (
    BlockUse,
    Changes,
    Cut,
    Evaluation,
    Facts,
    MemoryQuality,
    Missing,
    Staleness,
    Subject,
    Tried,
    Tuning,
)

HOSTILE = '</style></title><script>alert(\'1\')</script>" onload="x" & \u202eevil \x00]]> <b>'

MEMORY = MemoryQuality(
    Facts(1890, 3, 412),
    Staleness(21.0, 180.0, 0.083),
    Missing("no two statements speak of the same thing"),
    {"items": Interval(0.412, 0.39, 0.434), "categories": Missing("the items have no categories")},
    (BlockUse("tastes", 0.93, 0.41), BlockUse("offers", 0.12, 0.08)),
    Changes("2026-10-01", 120, 34, 61),
)


def evaluation(
    users: int = 80,
    cuts: int = 4,
    skills: tuple[float, ...] = (0.9, 0.6, 0.3, 0.0),
    *,
    hostile: bool = False,
    ours: str | None = "memlearn",
    seed: int = 5,
) -> Evaluation:
    """Methods that know more and less of what users buy again, the first of them ours.

    Args:
        users: how many.
        cuts: how many lists each of them gets.
        skills: for each method how much it knows.
        hostile: give everything a name that no page should take for markup.
        ours: name of the first method, none to mark none.
        seed: of everything.
    """
    random = np.random.default_rng(seed)
    rows, items = users * cuts, 40
    bought = pair_sets(np.repeat(np.arange(rows), 6), random.integers(0, items, rows * 6), rows)
    owner = np.repeat(np.arange(rows), 4)
    again = bought.items[bought.starts[owner]]
    came = np.where(random.random(rows * 4) < 0.5, again, random.integers(0, items, rows * 4))
    some = np.repeat(random.random(rows) < 0.9, 4)
    noise = random.random((rows, items))
    known = bought.contains(np.arange(rows)[:, None], np.broadcast_to(np.arange(items), (rows, items)))
    titles = ["Memlearn", "TIFU-KNN", "Item-kNN", "Popularity", "EASE", "iALS", "UP-CF@r"]
    names = [ours or "first", *(title.lower() for title in titles[1:])]
    lists = [
        Lists(names[place], titles[place] + (HOSTILE if hostile else ""), np.argsort(-(noise + skill * known), axis=1)[:, :20])
        for place, skill in enumerate(skills)
    ]
    label = HOSTILE if hostile else "decay"
    settings: tuple[dict[str, str | int | float | bool | None], ...] = ({label: 0.9, "groups": 7}, {label: 0.8, "groups": 3})
    tuning = Tuning("ndcg@10", settings[1], 0.25, (Tried(settings[0], 0.2), Tried(settings[1], 0.25)))
    lists[0] = replace(lists[0], tiers={HOSTILE if hostile else "trained": rows - 4, "popular": 4})
    lists[1:2] = [replace(one, tuning=tuning) for one in lists[1:2]]
    held = Categories(bought.row, bought.items, np.ones(len(bought.items)), np.arange(items) % 7)
    asked = Question(
        pair_sets(owner[some], came[some], rows),
        bought,
        random.integers(1, 9, users),
        np.bincount(bought.items, minlength=items),
        rows,
        np.tile(np.arange(users), cuts),
        np.repeat(np.arange(cuts), users),
        held,
    )
    places = tuple(
        Cut(f"2026-0{place + 1}", f"2026-0{place + 1}-01T00:00:00Z", f"2026-0{place + 2}-01T00:00:00Z", f"r{place}")
        for place in range(cuts)
    )
    name = HOSTILE if hostile else "A shop"
    subject = Subject(name, name if hostile else "shop.yaml", "0.1.0", "2026-11-23", final=False, cuts=places)
    memory = replace(MEMORY, blocks=(BlockUse(HOSTILE, 0.5, 0.5),)) if hostile else MEMORY
    left = {name if hostile else "nothing bought before the cut": 3}
    return judge(subject, asked, lists, ours, (10, 20), left_out=left, notes=(name,), memory=memory, bootstrap=Bootstrap(draws=300))
