"""Claims of every sort about a small user: what is so, what is not, and what the verdict says then."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from made import LAST, make_rows

from memlearn.grounding.freetext import CitedEvidence, UserView, Verdict, build_view, check_text

Check = Callable[..., Verdict]

TRUE = [
    "Bought coffee five times.",
    "Five visits to Blue Bottle, the last one on 2 February 2026.",
    "Total spend at Blue Bottle: 20.00 EUR.",
    "Spends about 4 euros per visit at Blue Bottle.",
    "The median coffee purchase is €3.30.",
    "The largest bill at Blue Bottle was €7.00, on 2 February 2026 at 19:00.",
    "The second purchase at Blue Bottle cost €3.20.",
    "The second bill at Blue Bottle, €3.20, was higher than the one before it.",
    "Weekly visitor of Blue Bottle.",
    "Goes to Blue Bottle on Mondays.",
    "All visits to Blue Bottle took place on Mondays.",
    "Most of the coffee purchases were made in January 2026.",
    "80% of the coffee purchases (4 out of 5) were made in Berlin.",
    "Goes to Blue Bottle more often than to Green Market.",
    "Spends more money on groceries than on coffee.",
    "Never pays more than 7 euros at Blue Bottle.",
    "Discovered Blue Bottle in January 2026.",
    "Has not bought anything at Blue Bottle since 2 February 2026.",
    "Stopped going to Blue Bottle in February 2026.",
    "By the end of May 2026, had stayed away from Blue Bottle for at least 16 weeks.",
    "Was at Blue Bottle before ever going to Green Market.",
    "Foreign spending of £15.00 in London.",
    "Payments come from three cities: Berlin, Hamburg and London.",
    "By number of purchases, coffee is the user's most important category.",
    "Was shown two offers and redeemed one.",
    "Told support that a refund was missing.",
    "The longest break between two visits to Blue Bottle lasted 7 days.",
    "Two groceries purchases, adding up to €100.",
]  # fmt: skip
FALSE = [
    "Bought coffee six times.",
    "Five visits to Blue Bottle, the last one on 3 February 2026.",
    "Total spend at Blue Bottle: 21.00 EUR.",
    "Total spend at Blue Bottle: 20.00 USD.",
    "Average spend at Blue Bottle: 20.00 EUR.",
    "The largest bill at Blue Bottle was €7.00, on 26 January 2026.",
    "The smallest bill at Blue Bottle was €7.00.",
    "Every bill at Blue Bottle is over 5 euros.",
    "Fortnightly visitor of Blue Bottle.",
    "Goes to Blue Bottle on Sundays.",
    "Goes to Green Market more often than to Blue Bottle.",
    "Goes to Blue Bottle less often than to Green Market.",
    "Discovered Blue Bottle in February 2026.",
    "Has not bought anything at Blue Bottle since 5 January 2026.",
    "Never buys coffee.",
    "Was at Green Market before ever going to Blue Bottle.",
    "Payments come from two cities.",
    "Bought at Wohnidee five times.",
    "Foreign spending of €15.00 in London.",
    "22 bills over 3 euros at Blue Bottle.",
]
OPEN = [
    "Loves the smell of fresh coffee.",
    "Buys coffee because work is stressful.",
    "Will probably buy coffee five times next year.",
    "A fan of Blue Bottle.",
    "Returned everything bought at Blue Bottle.",
    "Visited Blue Bottle throughout 2026.",
    "Every Monday at Blue Bottle.",
    "Buys a lot at Blue Bottle.",
    "Both visits to Blue Bottle took place in January 2026.",
    "Paid more than 3 euros at Blue Bottle five times in a row.",
    "Customer of Blue Bottle since June 2025.",
    "All but one of the visits to Blue Bottle were pleasant.",
]


@pytest.mark.parametrize("text", TRUE)
def test_what_the_rows_say_is_verified(check: Check, text: str) -> None:
    verdict = check(text)
    assert verdict.status == "verified", verdict.reason
    assert verdict.claims >= 1
    assert verdict.reason == ""


@pytest.mark.parametrize("text", FALSE)
def test_what_the_rows_contradict_is_refused_with_what_they_say(check: Check, text: str) -> None:
    verdict = check(text)
    assert verdict.status == "refused"
    assert verdict.reason.startswith(("The rows say otherwise", "No row of this user"))


@pytest.mark.parametrize("text", OPEN)
def test_what_no_row_can_say_is_never_verified(check: Check, text: str) -> None:
    assert check(text).status != "verified"


def test_the_reason_gives_both_numbers(check: Check) -> None:
    assert "is 5, not 6" in check("Bought coffee six times.").reason


def test_evidence_must_bear_it_out(check: Check) -> None:
    assert "cite also 3 more row(s)" in check("Bought coffee five times.", (0, 1)).reason
    assert check("Bought coffee five times.", (), statistics=(("merchant_category", "coffee"),)).status == "verified"
    assert check("Was at Blue Bottle in January 2026.", (0,)).status == "verified"
    assert check("Was at Blue Bottle in January 2026.", (3,)).status == "refused"


def test_rows_of_somebody_else_and_no_rows_prove_nothing(view: UserView) -> None:
    strange = check_text("Bought coffee five times.", CitedEvidence(("ffffffffffffffff",)), view)
    assert (strange.status, "1 of the cited rows are none of this user" in strange.reason) == ("refused", True)
    assert "ffffffffffffffff" not in strange.reason
    assert check_text("Bought coffee five times.", CitedEvidence(), view).status == "refused"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Between 25 and 34 years old.", "verified"), ("Lives in the state of Berlin.", "verified"), ("Between 35 and 49 years old.", "refused"),
        ("Does not live in the state of Berlin.", "hypothesis"), ("Is not registered in Berlin.", "refused"), ("Registered in the federal state of Hessen.", "refused"),
    ],
)  # fmt: skip
def test_what_is_given_about_a_person(check: Check, text: str, status: str) -> None:
    assert check(text, (), persons=("age_band", "federal_state")).status == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Used all four coffee coupons she was sent.", "verified"), ("Redeemed all four coffee coupons.", "verified"), ("Used all 4 of the coffee coupons she was shown.", "verified"),
        ("Used all five coffee coupons she was sent.", "refused"), ("Used all four coupons she was sent.", "refused"), ("Used both book coupons she was sent.", "refused"),
        ("Redeemed four of the six coupons she was sent.", "verified"), ("Sent four coffee coupons.", "hypothesis"),
    ],
)  # fmt: skip
def test_all_of_the_offers_that_were_shown(text: str, status: str) -> None:
    coffee = {"O-1": "Coffee cashback", "O-2": "Book cashback"}
    told = (
        [("exposure", "O-1", day) for day in (2, 4, 6, 8)]
        + [("redemption", "O-1", day) for day in (3, 5, 7, 9)]
        + [("exposure", "O-2", day) for day in (10, 11)]
    )
    bought = make_rows().head(7)
    rows = pl.concat([bought, *(
        make_rows().filter(pl.col("kind") == "exposure").head(1).with_columns(
            pl.lit(100 + n, pl.UInt64).alias("row_id"), pl.lit(kind).alias("kind"), pl.lit(item).alias("item_id"), pl.lit(str(100 + n)).alias("key"),
            (pl.col("time_us") + day * 86_400_000_000).alias("time_us"),
        )
        for n, (kind, item, day) in enumerate(told)
    )])  # fmt: skip
    items = pl.DataFrame({"item_id": list(coffee), "name": list(coffee.values()), "level_category": ["coffee", "books"]})
    view = build_view(rows, items=items, last_day=LAST)
    verdict = check_text(text, CitedEvidence(view.row_ids), view)
    assert verdict.status == status, verdict.reason


def test_messages_name_items_as_they_are_called() -> None:
    items = pl.DataFrame({"item_id": ["O-1", "O-2"], "name": ["Coffee cashback", "Book cashback"], "level_category": ["coffee", "books"]})
    view = build_view(make_rows(), items=items, last_day=LAST)
    assert view.shown("item", ["O-1", "O-3"]) == "Coffee cashback, O-3"
    assert view.shown("merchant", [str(n) for n in range(9)]).endswith("7 …")


def test_a_message_tells_that_a_time_was_counted_alone(check: Check) -> None:
    assert "in the time that is named is 4, not 5" in check("Bought coffee five times in January 2026.").reason


def test_what_was_given_back_was_bought_all_the_same(view: UserView) -> None:
    returned = view.returned.copy()
    returned[7] = True
    held = type(view)(**{name: getattr(view, name) for name in view.__dataclass_fields__} | {"returned": returned})
    statistic = CitedEvidence(statistics=((None, None),))
    for text in ("Bought no books.", "Bought zero books.", "Never bought books."):
        assert check_text(text, statistic, held).status == "refused"


def test_a_purchase_given_back_counts_by_rows_and_not_by_statistics(view: UserView) -> None:
    returned = view.returned.copy()
    returned[0] = True
    held = type(view)(**{name: getattr(view, name) for name in view.__dataclass_fields__} | {"returned": returned})
    coffee = tuple(view.row_ids[row] for row in (0, 1, 2, 4, 5))
    assert check_text("Bought coffee five times.", CitedEvidence(coffee), held).status == "verified"
    assert check_text("Bought coffee four times.", CitedEvidence(coffee), held).status == "refused"
    statistic = CitedEvidence(statistics=(("merchant_category", "coffee"),))
    assert check_text("Bought coffee four times.", statistic, held).status == "verified"
