"""Items that users buy, ranked by the ranker that the release was trained with; the way from files to answers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

import memlearn
from memlearn.errors import DamagedError
from memlearn.serving import Memory, open_memory
from memlearn.store import StoreLayout
from memlearn.store.release import open_release

FIRST = date(2026, 1, 1)
CATEGORIES = ("dairy", "bakery", "coffee", "fruit")
USERS, ITEMS = 160, 40


def purchases(seed: int = 5) -> pl.DataFrame:
    """Everybody has two staples that they buy in turn, and buys chance items beside them."""
    draw = np.random.default_rng(seed)
    rows = []
    for user in range(USERS):
        one, two = draw.choice(12, 2, replace=False)
        day = int(draw.integers(0, 7))
        for visit in range(12):
            items = {int(one if visit % 2 == 0 else two), *draw.integers(12, ITEMS, 2).tolist()}
            rows += [(f"u{user:03d}", (FIRST + timedelta(days=day)).isoformat(), f"p{item:02d}") for item in items]
            day += 7
    return pl.DataFrame(rows, schema=["user", "day", "item"], orient="row")


@dataclass
class Grocer:
    """A config, its store, and what was bought."""

    config: Path
    store: Path
    bought: pl.DataFrame

    def learn(self, stated: list[dict[str, str]] | None = None, **options: object) -> memlearn.LearnReport:
        rows = [{"user": "u007", "stance": "avoids", "key": "dairy", "until": "2026-01-02"}, *(stated or [])]
        told = [{"user": "", "time": "2026-01-01", "stance": "", "dim": "category", "key": "", "until": "", **row} for row in rows]
        pl.DataFrame(told).write_csv(self.config.with_name("stated.csv"))
        return memlearn.learn(self.config, **options)  # type: ignore[arg-type]


def make_grocer(folder: Path) -> Grocer:
    """Write the files."""
    bought = purchases()
    bought.write_csv(folder / "bought.csv")
    items = [{"item": f"p{item:02d}", "name": f"Product {item}", "category": CATEGORIES[item % 4]} for item in range(ITEMS)]
    pl.DataFrame(items).write_csv(folder / "items.csv")
    config = {
        "version": 1,
        "store": "store",
        "currency": "EUR",
        "learning": {"ranker": {"train": True}},
        "sources": {
            "bought": {"role": "events", "path": "bought.csv", "columns": {"user": "user", "time": "day", "item": "item"}},
            "items": {
                "role": "items",
                "path": "items.csv",
                "columns": {"item": "item", "name": "name"},
                "levels": {"category": "category"},
            },
            "stated": {
                "role": "statements",
                "path": "stated.csv",
                "columns": {"user": "user", "stance": "stance", "time": "time", "dim": "dim", "key": "key", "until": "until"},
            },
        },
    }
    (folder / "memlearn.yaml").write_text(yaml.safe_dump(config))
    return Grocer(folder / "memlearn.yaml", folder / "store", bought)


@pytest.fixture(scope="module")
def grocer(tmp_path_factory: pytest.TempPathFactory) -> Grocer:
    made = make_grocer(tmp_path_factory.mktemp("grocer"))
    made.learn()
    return made


@pytest.fixture
def memory(grocer: Grocer) -> Iterator[Memory]:
    with open_memory(StoreLayout(grocer.store)) as opened:
        yield opened


def staples(grocer: Grocer, user: str) -> set[str]:
    return set(grocer.bought.filter(pl.col("user") == user, pl.col("item") < "p12")["item"].unique())


def test_what_is_due_comes_first_with_what_moved_it_in_words(grocer: Grocer, memory: Memory) -> None:
    right = 0
    for number in range(0, USERS, 4):
        user = f"u{number:03d}"
        answer = memory.recommend(user, 3)
        assert answer.tier == "personal"
        mine = grocer.bought.filter(pl.col("user") == user)
        # Of the two the one that was not bought last.
        due = (staples(grocer, user) - set(mine.filter(pl.col("day") == mine["day"].max())["item"])).pop()
        right += answer.items[0].item_id == due
        for item in answer.items:
            assert item.reason.endswith(".")
            assert item.evidence["moved"]
            assert all(fact["by"] >= 0 for fact in item.evidence["moved"])
    assert right >= 32
    times = mine.filter(pl.col("item") == due)["day"].n_unique()
    said = memory.recommend(user, 1).items[0].reason
    assert f"{times} days" in said or f"{times} purchases" in said


def test_the_answer_is_the_same_when_the_events_are_gone(grocer: Grocer, memory: Memory, tmp_path: Path) -> None:
    moved = tmp_path / "store"
    shutil.copytree(grocer.store, moved)
    shutil.rmtree(moved / "rows")
    (moved / "ledger.duckdb").unlink()
    with open_memory(StoreLayout(moved)) as alone:
        for user in ("u001", "u050"):
            assert alone.recommend(user) == memory.recommend(user)


@pytest.mark.slow
def test_an_avoided_category_goes_and_comes_back_and_a_liked_one_rises(tmp_path: Path) -> None:
    grocer = make_grocer(tmp_path)

    def answer(stated: list[dict[str, str]]) -> list[str]:
        grocer.learn(stated)
        with open_memory(StoreLayout(grocer.store)) as memory:
            return [item.item_id for item in memory.recommend("u003", 12).items]

    def category(item: str) -> str:
        return CATEGORIES[int(item[1:]) % 4]

    plain = answer([])
    avoided = category(plain[0])
    without = answer([{"user": "u003", "stance": "avoids", "key": avoided}])
    assert avoided not in {category(item) for item in without}
    assert len(without) == 12
    assert answer([]) == plain
    other = next(name for name in CATEGORIES if name != category(plain[0]))
    raised = answer([{"user": "u003", "stance": "needs", "key": other}])
    before, after = ([place for place, item in enumerate(items) if category(item) == other] for items in (plain, raised))
    assert len(after) > len(before)
    assert np.mean(after) < np.mean(before)


def test_only_new_leaves_out_what_the_user_bought_and_exclusions_hold(grocer: Grocer, memory: Memory) -> None:
    mine = set(grocer.bought.filter(pl.col("user") == "u010")["item"])
    fresh = memory.recommend("u010", 8, only_new=True)
    assert fresh.items
    assert not mine & {item.item_id for item in fresh.items}
    first = memory.recommend("u010", 1).items[0].item_id
    assert first not in {item.item_id for item in memory.recommend("u010", 40, excluded=[first]).items}


def test_many_users_are_ranked_as_each_alone(memory: Memory) -> None:
    at = memory.manifest.as_of_us
    requests = pl.DataFrame({"user_id": ["u005", "nobody", "u090"], "at_us": [at, at, at + 86_400_000_000]})
    exclude = pl.DataFrame({"user_id": ["u090"], "item_id": ["p00"]})
    found = memory.rank(requests, 5, exclude)
    for user, moment in requests.iter_rows():
        alone = memory.recommend(user, 5, moment, excluded=["p00"] if user == "u090" else [])
        assert found.filter(pl.col("user_id") == user)["item_id"].to_list() == [item.item_id for item in alone.items]
        assert found.filter(pl.col("user_id") == user)["place"].to_list() == list(range(len(alone.items)))


def test_without_training_fixed_weights_rank(tmp_path: Path) -> None:
    grocer = make_grocer(tmp_path)
    config = yaml.safe_load(grocer.config.read_text())
    grocer.config.write_text(yaml.safe_dump({**config, "learning": {"ranker": {"train": False}}}))
    grocer.learn()
    with open_memory(StoreLayout(grocer.store)) as memory:
        items = memory.recommend("u001", 3).items
        assert items
        assert not any("moved" in item.evidence for item in items)


@pytest.mark.slow
def test_a_night_later_everybody_has_the_same_ranker_and_new_facts(tmp_path: Path) -> None:
    grocer = make_grocer(tmp_path)
    # Within the month, so that what all users tell stays.
    early, late = (grocer.bought.filter(pl.col("day") < "2026-03-18"), grocer.bought.filter(pl.col("day") < "2026-03-20"))
    early.write_csv(grocer.config.with_name("bought.csv"))
    grocer.learn()
    late.write_csv(grocer.config.with_name("bought.csv"))
    again = grocer.learn()
    assert again.published
    (tmp_path / "alone").mkdir()
    alone = make_grocer(tmp_path / "alone")
    late.write_csv(alone.config.with_name("bought.csv"))
    scratch = alone.learn()
    assert again.release_id.split("-")[1] == scratch.release_id.split("-")[1]
    with open_memory(StoreLayout(grocer.store)) as one, open_memory(StoreLayout(alone.store)) as other:
        for user in ("u001", "u044", "u120"):
            assert one.recommend(user).items == other.recommend(user).items


@pytest.mark.slow
def test_a_ranker_is_not_trained_again_on_the_same_purchases(tmp_path: Path) -> None:
    grocer = make_grocer(tmp_path)
    grocer.learn()
    with open_release(StoreLayout(grocer.store)) as release:
        first = release.shared("ranker")
    config = yaml.safe_load(grocer.config.read_text())

    def learned(**changed: object) -> tuple[str, str]:
        told: list[str] = []
        grocer.config.write_text(yaml.safe_dump({**config, **changed}))
        memlearn.learn(grocer.config, progress=lambda step: told.append(step.message) if step.stage == "ranker" else None)
        with open_release(StoreLayout(grocer.store)) as release:
            return told[-1], release.shared("ranker")["told"][0]

    # Everybody is learned anew, from the same purchases.
    assert learned(currency="USD") == (
        "the purchases that it learns from are the same, so that it stands",
        first["told"][0],
    )
    said, told = learned(learning={"item_facts": 16})
    assert said == "trained"
    assert told != first["told"][0]


def test_a_damaged_ranker_is_said_to_be_one() -> None:
    from memlearn.ranking.learned import LearnedRanker

    with pytest.raises(DamagedError, match="ranker of the release"):
        LearnedRanker.from_bytes(b"nothing", "00")
