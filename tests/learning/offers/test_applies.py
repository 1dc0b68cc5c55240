"""What offers apply to, and how much users cared for it before each send: as memory would have told it, and nothing of later."""

from __future__ import annotations

import numpy as np
import polars as pl

from memlearn.learning.offers.applies import Purchases, enough_users, make_applies
from memlearn.learning.ranker.visits import SCHEMA
from memlearn.ranking.offers import Applies

DAY = 1440
ITEMS = pl.DataFrame(
    {
        "item_id": ["butter", "c1", "c2", "d1", "milk", "tea"],
        "source": ["shop", "coupons", "coupons", "letters", "shop", "shop"],
        "level_type": ["dairy", None, None, None, "dairy", "drinks"],
    }
)
IDS = pl.Series(["c1", "c2", "d1"])
PAIRS = pl.DataFrame({"offer_id": ["c1", "c2", "d1", "d1"], "item_id": ["milk", "tea", "milk", "tea"]})
USERS = pl.DataFrame({"item_id": ["milk", "tea"], "users": [30, 10]})


def applies(judged: tuple[bool, bool, bool] = (False, False, False), told: tuple[str, ...] = ("c1", "c2", "d1")) -> Applies:
    return make_applies(IDS, PAIRS, ITEMS, ["type"], USERS, np.array(judged), pl.Series(told, dtype=pl.String))


def visits(*rows: tuple[int, int, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def purchases(rows: pl.DataFrame, kept: int = 10) -> Purchases:
    return Purchases([rows], pl.Series([7, 8], dtype=pl.UInt64), ITEMS, applies(), kept)


def asked(found: Purchases, user: int, offer: int, at: int) -> float:
    return float(found.affinities(np.array([user]), np.array([offer]), np.array([at]))[0])


def test_offers_of_a_source_of_which_none_was_sent_are_ranked_by_what_they_apply_to_alone() -> None:
    assert applies().alone.tolist() == [True, True, True]
    # What was sent of one coupon tells that others were not sent; letters are of another source.
    assert applies((True, False, False)).alone.tolist() == [False, False, True]


def test_what_everybody_buys_is_told_against_the_most_of_the_source_and_only_of_enough_users() -> None:
    assert applies().crowd.tolist() == [1.0, round(10 / 30, 6), 1.0]
    assert applies(told=("c2",)).crowd.tolist() == [0.0, 1.0, 0.0]
    rows = visits(*((user, 3, "milk") for user in range(5)), *((user, 3, "tea") for user in range(3)))
    assert sorted(enough_users([rows], PAIRS, 5).to_list()) == ["c1", "d1"]
    apart = visits(*((user, 3, "milk") for user in range(3)), *((user, 3, "tea") for user in range(2, 5)))
    assert enough_users([apart], PAIRS, 5).to_list() == ["d1"]


def test_purchases_of_the_day_and_later_are_not_seen() -> None:
    sent = 50 * DAY + 600
    before = purchases(visits((7, 40, "milk"), (8, 40, "tea")))
    later = purchases(visits((7, 40, "milk"), (7, 50, "milk"), (7, 51, "milk"), (7, 90, "tea"), (8, 40, "tea")))
    for user, offer in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert asked(before, user, offer, sent) == asked(later, user, offer, sent)
    assert asked(before, 0, 0, sent) > asked(before, 0, 1, sent)
    assert asked(before, 1, 1, sent) > asked(before, 1, 0, sent)
    assert asked(later, 0, 0, 100 * DAY) > asked(later, 0, 0, sent)


def test_it_is_what_serving_tells_from_the_items_that_memory_holds() -> None:
    own = [(7, 10, "milk"), (7, 20, "milk"), (7, 30, "milk"), (7, 30, "butter"), (7, 30, "tea")]
    known = applies()
    serving = known.bought_of_one(["milk"], [["dairy"]], [3], [10], [30], 49.0)
    wanted = known.affinities(serving, np.zeros(2, dtype=np.int64), np.array([0, 1]))
    found = purchases(visits(*own), kept=1)
    assert [asked(found, 0, offer, 50 * DAY) for offer in (0, 1)] == wanted.tolist()
    # With room for all of them butter is dairy too, and tea is known.
    whole = purchases(visits(*own))
    assert asked(whole, 0, 0, 50 * DAY) > wanted[0]
    assert asked(whole, 0, 1, 50 * DAY) > wanted[1]
