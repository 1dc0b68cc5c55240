"""The same claims in many wordings: figures beside names, superlatives, what is left of a number, prices over time; and each turned false.

What is false here says it in words that a line that is true also uses: the direction is turned, or the currency, the name or the order.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from memlearn.grounding.freetext import Verdict

Check = Callable[..., Verdict]

TRUE = [
    "Blue Bottle: 5 visits, Green Market: 2 visits.",
    "Blue Bottle (5 visits) is used more than Green Market (2 visits).",
    "Blue Bottle is preferred over Green Market (5 versus 2 visits).",
    "Blue Bottle leads with 5 visits, ahead of Green Market with 2.",
    "Spends more at Green Market (€100.00) than at Blue Bottle (€20.00).",
    "The two most visited merchants are Blue Bottle and Green Market.",
    "Goes to Blue Bottle more often than anywhere else.",
    "No merchant is used as often as Blue Bottle (5 payments).",
    "The category with most purchases is coffee.",
    "January 2026 was the busiest month with 5 purchases.",
    "More purchases were made in January 2026 than in any other month.",
    "Four of the coffee purchases were made in January 2026, the other one in February 2026.",
    "4 of the 5 visits to Blue Bottle were in January 2026; the rest were in February 2026.",
    "The only purchase at Green Market in January 2026 cost 42.00 EUR.",
    "The second visit to Blue Bottle was 7 days after the first.",
    "The first two visits to Blue Bottle were on 5 and 12 January 2026.",
    "Blue Bottle bills range from 3.10 EUR to 7.00 EUR.",
    "Amounts at Blue Bottle vary between €3.10 and €7.00.",
    "Coffee got more expensive.",
    "The price of coffee went up from 3.10 to 7.00 EUR.",
    "Coffee prices rose from 3.10 EUR to 3.40 EUR during January 2026.",
    "No purchase at Blue Bottle was larger than the one of €7.00 in February 2026.",
    "Every bill at Blue Bottle was between 3 and 7 euros.",
    "Never went more than 7 days without visiting Blue Bottle.",
    "O-1 was redeemed two days after it was shown.",
    "It took two days from seeing O-1 to redeeming it.",
    "After being shown O-1 on 10 March 2026, the user redeemed it two days later.",
    "O-1 was shown on 10 March 2026 and redeemed on 12 March 2026.",
    "Five coffee purchases in Q1 2026.",
    "Four visits to Blue Bottle in January 2026 alone.",
    "Two visits to Blue Bottle in the ten days up to 28 January 2026.",
    "No longer goes to Blue Bottle; nothing since February 2026.",
    "Nothing from Green Market between 24 January 2026 and 21 February 2026.",
    "Blue Bottle entered the picture in January 2026 with a bill of €3.10.",
    "First came to Blue Bottle on 5 January 2026 and has been back four times since then.",
    "Bought at Green Market on 24 January 2026, again on 21 February 2026.",
    "At Bottle, 20.00 EUR were spent in total.",
    "Four visits to Blue Bottle fell in January 2026.",
    "All five coffee purchases fell on Mondays.",
]  # fmt: skip
NEVER = [
    "Blue Bottle: 2 visits, Green Market: 2 visits.",
    "Green Market is preferred over Blue Bottle (2 versus 5 visits).",
    "Blue Bottle is preferred over Green Market (2 versus 5 visits).",
    "The two most visited merchants are Blue Bottle and Paperlantern.",
    "Blue Bottle is the most expensive merchant.",
    "Coffee is the cheapest category.",
    "Green Market is the user's go-to merchant.",
    "Top merchant: Green Market (2 visits).",
    "February 2026 was the busiest month with 2 purchases.",
    "The quietest month was January 2026.",
    "Four of the coffee purchases were made in January 2026, the other one in March 2026.",
    "Three of the coffee purchases were made in January 2026, the rest in February 2026.",
    "The only purchase at Green Market cost 42.00 EUR.",
    "The second visit to Blue Bottle was 7 days before the first.",
    "The second visit to Blue Bottle was 8 days after the first.",
    "The last two visits to Blue Bottle were on 5 and 12 January 2026.",
    "Blue Bottle bills range from 3.50 EUR to 7.00 EUR.",
    "Blue Bottle: minimum 3.50 EUR.",
    "Blue Bottle: a minimum of 10 EUR.",
    "Blue Bottle bills never exceeded 7 USD.",
    "Coffee became cheaper over time.",
    "The price of coffee went down from 7.00 to 3.10 EUR.",
    "€58.00 at Green Market was the smallest purchase.",
    "Paid €58.00 at Green Market on 21 February 2026, the lowest amount of all.",
    "On 2 February 2026, the user made the smallest purchase at Blue Bottle: €7.00.",
    "No purchase at Blue Bottle was larger than the one of €3.40 in January 2026.",
    "O-1 was shown on 10 March 2026 and ignored on 12 March 2026.",
    "O-2 was redeemed one day after it was shown.",
    "Shops at Blue Bottle alone.",
    "Blue Bottle and Green Market were bought together 7 times.",
    "Blue Bottle visits ended in January 2026.",
    "Moved to Blue Bottle in January 2026.",
    "Has been going to Blue Bottle until January 2026.",
    "There was not no purchase at Green Market before 24 January 2026.",
    "The longest stretch with Blue Bottle was 7 days.",
    "Since October 2025 a payment to Blue Bottle has come in about every week.",
    "Received 20.00 EUR in 5 visits to Blue Bottle.",
    "Bought at Green Market on 24 January 2026, again on 25 February 2026.",
    "Three visits to Blue Bottle in the ten days up to 28 January 2026.",
    "First came to Blue Bottle on 5 January 2026 and has been back five times since then.",
    "Regularly shops at Green Market.",
]  # fmt: skip
# What says more than the rows do by a single word: another role, way, purpose, state or direction.
MORE = [
    "Sold coffee 5 times.",
    "Sells coffee.",
    "Works at Blue Bottle.",
    "Works at Blue Bottle 5 times.",
    "Runs Blue Bottle.",
    "Served coffee 5 times.",
    "Hosted 5 visits at Blue Bottle.",
    "Welcomes Blue Bottle five times.",
    "Processed 5 payments at Blue Bottle.",
    "Invoiced Blue Bottle five times.",
    "Pays for coffee by credit card.",
    "Bought coffee online.",
    "Orders coffee by phone.",
    "Goes to Blue Bottle on vacation.",
    "Goes to Blue Bottle on holiday.",
    "Flew to Blue Bottle.",
    "Keeps a bank account at Blue Bottle.",
    "Keeps a household account at Blue Bottle.",
    "Buys coffee in pairs.",
    "Buys coffee on behalf of her household.",
    "Buys coffee for a shop she runs.",
    "Drinks coffee five times.",
    "Gave five coffee.",
    "Sent five coffee.",
    "Carried coffee five times.",
    "Holds five coffee.",
    "Invested 20.00 EUR in Blue Bottle.",
    "Applied for a coffee coupon.",
    "Coffee redemptions resulted in coffee purchases.",
    "Coffee is out.",
    "Coffee purchases are down in February 2026.",
    "Spending fell in January 2026.",
    "Spending fell on weekends.",
    "Coffee spending fell on Mondays.",
    "Purchases fell on Mondays.",
    "Coffee purchases fell on Mondays.",
    "Coffee prices fell on Mondays.",
    "The average of 5 visits fell in January 2026.",
    "Spending on 5 coffee purchases fell in January 2026.",
    "The price of five coffees fell in January 2026.",
    "Five coffee purchases fell in January 2026.",
    "The offer O-2 led to a redemption.",
    "Coffee purchases led to a redemption of O-2.",
    "In the run from 3 January 2026, five coffee purchases.",
    "Coffee spending fell in January 2026.",
    "Coffee spending fell in January 2026 to 13.00 EUR.",
]


_TURNED = [
    ("Blue Bottle", "Green Market"), ("more", "less"), ("busiest", "quietest"), ("most", "least"), ("first", "last"), ("€", "$"), ("EUR", "USD"), ("went up", "went down"),
    ("rose", "fell"), ("larger", "smaller"), ("after", "before"), ("January", "March"), ("redeemed", "ignored"), ("second", "third"), ("Never", "Always"), ("visits", "refunds"),
]  # fmt: skip
# Turned, and true as well.
_TRUE_AS_WELL = {"Five coffee purchases in Q1 2026."}


@pytest.mark.parametrize("text", TRUE)
def test_what_the_rows_say_is_verified(check: Check, text: str) -> None:
    verdict = check(text)
    assert verdict.status == "verified", verdict.reason


@pytest.mark.parametrize("text", NEVER + MORE)
def test_what_they_do_not_say_is_never_verified(check: Check, text: str) -> None:
    assert check(text).status != "verified"


@pytest.mark.parametrize(("one", "other"), _TURNED)
def test_no_turned_word_is_verified(check: Check, one: str, other: str) -> None:
    turned = [
        text.replace(one, other)
        for text in TRUE
        if re.search(rf"(?<!\w){re.escape(one)}(?!\w)|{re.escape(one)}\d", text) and other not in text
    ]
    assert turned
    assert {text for text in turned if check(text).status == "verified"} <= _TRUE_AS_WELL


def test_a_time_of_two_readings_must_hold_in_both(check: Check) -> None:
    # The day itself counts, or it does not.
    assert check("Two visits to Blue Bottle in the ten days leading up to 28 January 2026.").status == "verified"
    assert check("Two visits to Blue Bottle in the ten days leading up to 29 January 2026.").status != "verified"


def test_a_part_of_a_name_stands_for_it_where_it_stands_for_nothing_else(check: Check) -> None:
    assert check("Five visits to Bottle.").status == "verified"
    assert check("Six visits to Bottle.").status == "refused"
    assert check("Bought a bottle five times.").status != "verified"
