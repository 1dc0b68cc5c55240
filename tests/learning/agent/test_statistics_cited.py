"""Lines that cite a statistic are verified where it says so, whatever sort of figure it is, and never where it says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import figured
import pytest
from figured import Learned, cite

from memlearn.errors import EditError
from memlearn.learning.agent.check import check_again
from memlearn.learning.agent.step import Past, StepInput

# Beginning of the statistic → what it shows, and what it does not.
LINES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "all:": (
        ("297 purchases.", "Returned something 3 times."),
        (
            "296 purchases.", "297 purchases on 250 days.", "297 refunds.", "Returned something 4 times.", "297 purchases since 2025.",
            "297 purchases at OLD MARKET.",
        ),
    ),
    "weekdays:": (
        ("Buys most often on Saturdays.", "120 of 297 purchases were on Saturdays.", "40 % of purchases are on Saturdays.", "More purchases on Saturdays than on Tuesdays."),
        (
            "Buys most often on Tuesdays.", "Mostly buys on Saturdays.", "121 of 297 purchases were on Saturdays.", "120 of 290 purchases were on Saturdays.",
            "41 % of refunds are on Saturdays.", "More purchases on Tuesdays than on Saturdays.", "Never buys on Saturdays.", "Buys only on Saturdays.",
            "Answers 5 of 6 coffee coupons.",
        ),
    ),
    "hours:": (
        ("123 of 240 purchases between 18 and 23 o'clock.", "96 of 240 purchases between 5 and 11 am.", "Half of purchases are between 18:00 and 23:00."),
        (
            "123 of 297 purchases between 18 and 23 o'clock.", "96 of 240 purchases between 18 and 23 o'clock.", "Mostly buys in the morning.",
            "Never buys between 18:00 and 23:00.", "All purchases are between 18:00 and 23:00.", "Mostly buys at night.", "122 of 240 purchases between 18:00 and 23:00.",
        ),
    ),
    "months:": (
        ("The busiest month was July 2024 (16 purchases).", "16 purchases in July 2024."),
        (
            "The busiest month was July 2025 (16 purchases).", "The busiest month was July 2024 (15 purchases).", "17 purchases in July 2024.",
            "16 refunds in July 2024.", "The quietest month was July 2024.", "No purchases in July 2024.",
        ),
    ),
    "discounts:": (
        ("59 of 240 purchases were at a discount.", "Bought 59 of 240 purchases at a discount.", "A quarter of purchases are at a discount.", "25 % of purchases were discounted."),
        (
            "58 of 240 purchases were at a discount.", "59 of 297 purchases were at a discount.", "Mostly buys at a discount.", "Never buys at a discount.",
            "All purchases were at a discount.", "35 % of purchases were discounted.", "116 purchases at a discount.", "59 of 240 refunds were at a discount.",
            "All purchases at OLD MARKET were at a discount.", "59 of 240 purchases were not at a discount.",
        ),
    ),
    "offers:": (
        ("Answered 5 of 13 offers.", "Redeemed 5 of 13 coupons."),
        (
            "Answered 7 of 18 offers.", "Answered 7 of 13 offers.", "Answered 5 of 18 offers.", "Answered 4 of 13 offers.", "Ignored all 13 offers.",
            "Redeemed every offer.", "Redeemed none of the offers.", "Bought 5 of 13 offers.",
        ),
    ),
    "offers category coffee:": (
        ("Answers coffee coupons (5 of 6).", "Answered 5 of 6 coffee offers.", "Redeemed 5 of 6 coffee coupons.", "Redeemed most of the coffee coupons."),
        (
            "Answers coffee coupons (6 of 6).", "Answers coffee coupons (5 of 7).", "Answers household coupons (5 of 6).", "Answers dairy coupons (5 of 6).",
            "Ignored 5 of 6 coffee coupons.", "Ignored all 6 coffee offers.", "Bought coffee 5 of 6 times.", "Returned 5 of 6 coffee coupons.", "Redeemed none of the coffee coupons.",
            "Was shown 5 of 6 coffee coupons.",
        ),
    ),
    "offers category household:": (
        ("Ignored all 7 household offers.", "Left all household offers unused.", "Redeemed none of the household offers.", "Redeemed none of the 7 household offers.", "Answered 0 of 7 household offers."),
        (
            "Ignored all 6 household offers.", "Ignored all 7 coffee offers.", "Answered 1 of 7 household offers.", "Answered all 7 household offers.",
            "Redeemed none of the 8 household offers.", "Redeemed household offers 7 times.", "Ignored all 7 household products.",
        ),
    ),
    # Nobody knows which of these were seen.
    "offers category dairy:": (
        ("Redeemed 2 dairy offers.",),
        (
            "Answered 2 of 5 dairy offers.", "Ignored 3 of 5 dairy offers.", "Redeemed none of the dairy offers.", "Answered 40 % of dairy offers.", "Ignored all 5 dairy offers.",
            "Redeemed 3 dairy offers.", "Answered all dairy offers.",
        ),
    ),
    "rhythm item Espresso beans:": (
        ("Buys Espresso beans about every 9 days.", "Buys Espresso beans about every 9 days; last on 23 December 2025.", "Buys Espresso beans every 9 days, last on 23 December 2025."),
        (
            "Buys Espresso beans about every 7 days.", "Buys Espresso beans monthly.", "Buys Rye bread about every 9 days.", "Buys Espresso beans about every 9 days; last on 22 December 2025.",
            "Returned Espresso beans about every 9 days.", "Buys Espresso beans about every 9 hours.", "Stopped buying Espresso beans.", "Has bought no Espresso beans since July 2025.",
        ),
    ),
    "season category cosmetics:": (
        (
            "Buys cosmetics in June to August of any year.", "Buys cosmetics every summer.", "Buys cosmetics only in summers.", "14 of 14 cosmetics purchases in June to August of any year.",
            "All 14 cosmetics purchases were in June to August of any year.", "Buys cosmetics in June to August every year.",
        ),
        (
            "Buys cosmetics in June to July of any year (14 of 14).", "Buys cosmetics every December.", "Buys cosmetics mostly in winters.", "13 of 14 cosmetics purchases in June to August of any year.",
            "Never buys cosmetics in summers.", "Buys dairy every summer.", "Buys cosmetics every spring.", "15 of 15 cosmetics purchases in June to August of any year.",
            "Returned cosmetics every summer.", "Started buying cosmetics every summer.",
        ),
    ),
    "started category dairy:": (
        ("Started buying dairy in March 2025.", "20 dairy purchases since March 2025, none before.", "Has bought dairy since March 2025."),
        (
            "Started buying dairy in April 2025.", "Stopped buying dairy in March 2025.", "19 dairy purchases since March 2025.", "Started buying dairy in March 2024.", "Started buying coffee in March 2025.",
            "Has bought no dairy since March 2025.", "20 dairy purchases before March 2025.",
        ),
    ),
    "stopped category pets:": (
        ("Stopped buying pets in October 2024.", "Has bought no pets since November 2024.", "22 pets purchases before November 2024, none since."),
        (
            "Stopped buying pets in October 2025.", "Started buying pets in November 2024.", "22 pets purchases since November 2024.", "21 pets purchases before November 2024.",
            "Stopped buying dairy in October 2024.", "Still buys pets.", "Has bought no pets since June 2024.",
        ),
    ),
    "moved from merchant OLD MARKET:": (
        ("Moved from OLD MARKET to NEW MARKET in November 2024.", "25 purchases at OLD MARKET before November 2024, 32 at NEW MARKET since."),
        (
            "Moved from NEW MARKET to OLD MARKET in November 2024.", "Moved from OLD MARKET to NEW MARKET in May 2025.", "32 purchases at OLD MARKET before November 2024, 25 at NEW MARKET since.",
            "24 purchases at OLD MARKET before November 2024, 32 at NEW MARKET since.", "Moved from coffee to NEW MARKET in November 2024.", "Moved from NEW MARKET in November 2024.",
            "Goes to OLD MARKET and no longer to NEW MARKET.",
        ),
    ),
    "item Running shoes:": (
        ("Returned 3 of the 5 Running shoes.", "3 of 5 Running shoes were returned.", "60 % of Running shoes were returned.", "Gave back 3 of 5 Running shoes.", "Returned most Running shoes."),
        (
            "Returned 2 of the 5 Running shoes.", "3 of 6 Running shoes were returned.", "40 % of Running shoes were returned.", "Returned 3 of 5 Sun cream.", "Kept 3 of 5 Running shoes.",
            "Returned all Running shoes.", "Half of the Running shoes were returned.", "Never returned Running shoes.", "Redeemed 3 of 5 Running shoes.",
        ),
    ),
    # The bank's clock tells nothing.
    "merchant OLD MARKET:": (
        ("25 purchases at OLD MARKET.",),
        (
            "All purchases at OLD MARKET were at night.", "Mostly buys at OLD MARKET at night.", "Never goes to OLD MARKET at night.", "Never goes to OLD MARKET in the evening.",
            "Goes to OLD MARKET at 3 am.", "All purchases at OLD MARKET were at a discount.", "No purchase at OLD MARKET was at a discount.",
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Cited:
    learned: Learned
    step: StepInput

    def status(self, text: str, start: str) -> str:
        try:
            return self.learned.insert(self.step, text, cite(self.step, start)).status
        except EditError as error:
            return error.code or "refused"


@pytest.fixture(scope="module")
def cited(tmp_path_factory: pytest.TempPathFactory) -> Cited:
    learned = figured.learn(figured.write_site(tmp_path_factory.mktemp("cited")))
    return Cited(learned, learned.steps()["anna"][0])


@pytest.mark.parametrize(("start", "text"), [(start, text) for start, (true, _) in LINES.items() for text in true])
def test_what_a_statistic_says_is_verified(cited: Cited, start: str, text: str) -> None:
    assert cited.status(text, start) == "verified"


@pytest.mark.parametrize(("start", "text"), [(start, text) for start, (_, false) in LINES.items() for text in false])
def test_what_a_statistic_does_not_say_is_not(cited: Cited, start: str, text: str) -> None:
    assert cited.status(text, start) != "verified"


def test_there_are_lines_enough_of_each_kind(cited: Cited) -> None:
    kinds = {one.fact.kind for one in cited.step.statistics} - {"spending"}
    told = {next(one.fact.kind for one in cited.step.statistics if one.text.startswith(start)) for start in LINES}
    assert told == kinds
    assert all(len(false) >= 5 for _, false in LINES.values())


@pytest.mark.parametrize("start", list(LINES))
def test_a_statistic_of_something_else_shows_nothing_of_it(cited: Cited, start: str) -> None:
    """Neither one about another key, nor one about other events."""
    other = "rhythm item Rye bread:" if start != "all:" else "offers category household:"
    for text in LINES[start][0]:
        assert cited.status(text, other) != "verified"


def test_what_was_verified_is_so_again_by_the_names_of_the_statistics(cited: Cited) -> None:
    past = cited.step.past
    assert past is not None
    world = cited.learned.checker.worlds.make(Past(past.rows, past.person), cited.step.span[1])
    for start, (true, _) in LINES.items():
        for text in true:
            line = cited.learned.insert(cited.step, text, cite(cited.step, start))
            assert line.evidence.rows == ()
            assert check_again(line, world).status == "verified", text
