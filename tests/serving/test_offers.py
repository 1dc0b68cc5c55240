"""Offers, which are sent and answered and not bought, ranked by the ranker that the release was trained with; from files to answers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

import memlearn
from memlearn.errors import DamagedError
from memlearn.serving import Memory, open_memory
from memlearn.store import StoreLayout

FIRST = datetime.fromisoformat("2026-03-02T09:00")
KINDS = ("discount", "gift", "news")
USERS, OFFERS, SENDS = 240, 9, 8
DAYS = 3


def sends(seed: int = 3, users: int = USERS) -> pl.DataFrame:
    """A user answers nearly all discounts or nearly all gifts, the more the higher the income; what only informs nobody answers."""
    draw = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        for number in range(SENDS):
            offer, sent = int(draw.integers(OFFERS)), FIRST + timedelta(days=DAYS * number)
            rows.append((f"u{user:03d}", sent.isoformat(), f"o{offer}", "sent"))
            chance = {0: 0.85 if user % 2 else 0.2, 1: 0.2 if user % 2 else 0.85, 2: 0.0}[offer % 3] * (1.0 if user % 4 < 2 else 0.5)
            if draw.random() < chance:
                rows.append((f"u{user:03d}", (sent + timedelta(hours=int(draw.integers(1, 40)))).isoformat(), f"o{offer}", "answered"))
    return pl.DataFrame(rows, schema=["user", "time", "offer", "what"], orient="row").sort("time", maintain_order=True)


@dataclass
class Sender:
    """A config and its store."""

    config: Path
    store: Path

    def learn(self, stated: list[dict[str, str]] | None = None) -> memlearn.LearnReport:
        rows = [{"user": "u007", "stance": "avoids", "key": "gift", "until": "2026-01-02"}, *(stated or [])]
        told = [{"user": "", "time": "2026-01-01", "stance": "", "dim": "kind", "key": "", "until": "", **row} for row in rows]
        pl.DataFrame(told).write_csv(self.config.with_name("stated.csv"))
        return memlearn.learn(self.config)

    def ranked(self, user: str, k: int = OFFERS) -> list[str]:
        with open_memory(StoreLayout(self.store)) as memory:
            return [item.item_id for item in memory.recommend(user, k).items]


def make_sender(folder: Path, *, sensitive: bool = False, train: bool = True, users: int = USERS) -> Sender:
    sends(users=users).write_csv(folder / "sends.csv")
    # The last offer is new: it was never sent.
    offers = [{"offer": f"o{offer}", "name": f"Offer {offer}", "kind": KINDS[offer % 3]} for offer in range(OFFERS + 1)]
    pl.DataFrame(offers).write_csv(folder / "offers.csv")
    people = [{"user": f"u{user:03d}", "income": 90_000 + user if user % 4 < 2 else 30_000 + user} for user in range(users)]
    pl.DataFrame(people).write_csv(folder / "people.csv")
    config = {
        "version": 1,
        "store": "store",
        "learning": {"offers": {"train": train, "sensitive": sensitive}},
        "sources": {
            "sends": {
                "role": "events",
                "path": "sends.csv",
                "columns": {"user": "user", "time": "time", "item": "offer", "kind": "what"},
                "kind": "other",
                "kinds": {"sent": "exposure", "answered": "redemption"},
            },
            "offers": {"role": "items", "path": "offers.csv", "columns": {"item": "offer", "name": "name"}, "levels": {"kind": "kind"}},
            "people": {
                "role": "persons",
                "path": "people.csv",
                "user": "user",
                "attributes": {"income": "income"},
                "sensitive": ["income"],
            },
            "stated": {
                "role": "statements",
                "path": "stated.csv",
                "columns": {"user": "user", "stance": "stance", "time": "time", "dim": "dim", "key": "key", "until": "until"},
            },
        },
    }
    (folder / "memlearn.yaml").write_text(yaml.safe_dump(config))
    return Sender(folder / "memlearn.yaml", folder / "store")


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Sender:
    made = make_sender(tmp_path_factory.mktemp("sender"))
    made.learn()
    return made


@pytest.fixture
def memory(sender: Sender) -> Iterator[Memory]:
    with open_memory(StoreLayout(sender.store)) as opened:
        yield opened


def kind(item: str) -> str:
    return KINDS[int(item[1:]) % 3]


def test_what_a_user_answers_comes_first_with_the_facts_in_words(memory: Memory) -> None:
    right, told = 0, 0
    for number in range(0, USERS, 5):
        answer = memory.recommend(f"u{number:03d}", OFFERS + 1)
        assert answer.tier == "personal"
        assert all(0 < item.score < 1 for item in answer.items)
        assert [item.score for item in answer.items] == sorted((item.score for item in answer.items), reverse=True)
        right += kind(answer.items[0].item_id) == ("discount" if number % 2 else "gift")
        told += answer.items[0].reason.startswith("Answered ")
        assert all(item.reason.endswith(".") and item.evidence["moved"] for item in answer.items)
        # What nobody answers is last.
        assert {kind(item.item_id) for item in answer.items[-3:]} == {"news"}
    assert right >= 36
    assert told >= 36


def test_a_new_offer_is_ranked_as_others_of_its_kind(memory: Memory) -> None:
    scores = {item.item_id: item.score for item in memory.recommend("u001", OFFERS + 1).items}
    assert "o9" in scores
    assert scores["o9"] > max(scores[item] for item in scores if kind(item) == "news")


def test_a_sensitive_attribute_is_no_reason_and_by_default_not_seen(memory: Memory, tmp_path: Path) -> None:
    seeing = make_sender(tmp_path, sensitive=True)
    seeing.learn()
    with open_memory(StoreLayout(seeing.store)) as other:
        differs = 0
        for number in range(12):
            one, two = (opened.recommend(f"u{number:03d}", OFFERS).items for opened in (memory, other))
            differs += [item.score for item in one] != [item.score for item in two]
            assert not any("income" in item.reason.lower() or "income" in str(item.evidence) for item in (*one, *two))
        assert differs


def test_the_answer_is_the_same_when_the_events_are_gone(sender: Sender, memory: Memory, tmp_path: Path) -> None:
    moved = tmp_path / "store"
    shutil.copytree(sender.store, moved)
    shutil.rmtree(moved / "rows")
    (moved / "ledger.duckdb").unlink()
    with open_memory(StoreLayout(moved)) as alone, open_memory(StoreLayout(moved), warm=True) as warm:
        for user in ("u001", "u050"):
            assert alone.recommend(user) == memory.recommend(user) == warm.recommend(user)


@pytest.mark.slow
def test_an_avoided_kind_goes_and_comes_back_and_a_needed_one_rises(tmp_path: Path) -> None:
    sender = make_sender(tmp_path)
    sender.learn()
    plain = sender.ranked("u003")
    avoided = kind(plain[0])
    sender.learn([{"user": "u003", "stance": "avoids", "key": avoided}])
    assert avoided not in {kind(item) for item in sender.ranked("u003")}
    sender.learn()
    assert sender.ranked("u003") == plain
    other = "gift" if avoided == "discount" else "discount"
    sender.learn([{"user": "u003", "stance": "needs", "key": other}])
    assert kind(sender.ranked("u003")[0]) == other


def test_an_unknown_user_gets_what_all_answer_and_says_so(memory: Memory) -> None:
    answer = memory.recommend("nobody", 3)
    assert answer.tier == "popular"
    assert answer.note is not None
    assert "news" not in {kind(item.item_id) for item in answer.items}


def test_with_few_answers_fixed_weights_rank(tmp_path: Path) -> None:
    sender = make_sender(tmp_path, users=20)
    sender.learn()
    with open_memory(StoreLayout(sender.store)) as memory:
        items = memory.recommend("u001", 3).items
        assert items
        assert not any("moved" in item.evidence for item in items)


@pytest.mark.slow
def test_nights_give_what_learning_once_gives(tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    sender, alone = make_sender(tmp_path), make_sender(tmp_path / "alone")
    path = sender.config.with_name("sends.csv")
    whole = pl.read_csv(path)
    # So that most events lie in months before the last one.
    whole = whole.with_columns(pl.col("time").str.to_datetime() + pl.duration(days=11))
    for until in ("2026-04-02", "2026-04-04", "2026-05-01"):
        whole.filter(pl.col("time") < datetime.fromisoformat(until)).write_csv(path)
        report = sender.learn()
    whole.write_csv(alone.config.with_name("sends.csv"))
    assert report.release_id.split("-")[1] == alone.learn().release_id.split("-")[1]


def test_a_damaged_ranker_is_found(sender: Sender) -> None:
    from memlearn.ranking.offers import OfferRanker
    from memlearn.store import open_release

    with open_release(StoreLayout(sender.store)) as release:
        row = release.shared("offer_ranker").row(0, named=True)
    ranker = OfferRanker.from_bytes(row["content"], row["digest"])
    assert ranker.to_bytes() == (row["content"], row["digest"])
    with pytest.raises(DamagedError, match="ranker of offers"):
        OfferRanker.from_bytes(row["content"][:-40], row["digest"])
    with pytest.raises(DamagedError, match="digest should be"):
        OfferRanker.from_bytes(row["content"], "0" * 32)
