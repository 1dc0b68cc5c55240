from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from memlearn.grounding import FactTables, Settings, check_facts
from memlearn.records import EVENT_SCHEMA

SETTINGS = Settings(weak={"poor": ["intervals", "ignored_offers", "preferences"]}, attributes=("city",), min_users=2, boundary=2026 * 12)
START = datetime(2025, 3, 3, 9, tzinfo=UTC)


def event(user: str, day: int, number: int, **values: Any) -> dict[str, Any]:
    """A purchase at nine in the morning, so many days after Monday 3 March 2025."""
    time_us = int((START + timedelta(days=day)).timestamp()) * 1_000_000
    plain = {
        "user_id": user,
        "time_us": time_us,
        "offset_s": 0,
        "has_clock": True,
        "seq": 0,
        "source": "good",
        "kind": "purchase",
        "tombstone": False,
    }
    return {**plain, "row_id": number, "user_hash": sum(map(ord, user)), **values}


def make_tables(rows: list[dict[str, Any]], **others: Any) -> FactTables:
    schema = {**EVENT_SCHEMA, "user_hash": pl.UInt64(), "row_id": pl.UInt64(), "attr_city": pl.String()}
    return FactTables(SETTINGS, pl.DataFrame(rows, schema=schema), **others)


def check(tables: FactTables, user: str | None, text: str, fact: dict[str, Any], rows: tuple[str, ...] = ()) -> tuple[str, str | None]:
    facts = pl.DataFrame(
        {"user_id": [user], "label": ["block"], "text": [text], "fact": [json.dumps(fact)], "rows": [list(rows)]},
        schema_overrides={"user_id": pl.String, "rows": pl.List(pl.String)},
    )
    (found,) = check_facts(facts, tables).select("outcome", "reason").rows()
    return found


def weekly(user: str, first: int, count: int, number: int, **values: Any) -> list[dict[str, Any]]:
    return [event(user, first + 7 * at, number + at, merchant="CAFE 9", merchant_category="coffee", **values) for at in range(count)]


HABIT = {"kind": "habit", "dim": "merchant", "key": "CAFE 9", "n": 8, "every_days": 7, "fitting": 7, "gaps": 7, "first": "2025-03-03", "last": "2025-04-21", "next": "2025-04-28"}  # fmt: skip
HABIT_TEXT = (
    "Pays at CAFE 9 about every 7 days (8 purchases since March 2025; the last on 21 April 2025, so the next is expected about 28 April)."
)
ACTIVITY = {"kind": "activity", "dim": None, "key": None, "n": 8, "days": 8, "first": "2025-03-03", "last": "2025-04-21"}
ACTIVITY_TEXT = "8 purchases on 8 days, from 3 March 2025 to 21 April 2025."


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("2 purchases on 3 March 2025.", "verified"),
        ("2 purchases on 1 day, from 3 March 2025 to 3 March 2025.", "contradicted"),
        ("2 purchases on 4 March 2025.", "contradicted"),
        ("2 purchases on 2 days, from 3 March 2025 to 4 March 2025.", "contradicted"),
    ],
)
def test_what_was_bought_on_one_day_is_told_of_that_day(text: str, outcome: str) -> None:
    tables = make_tables([event("u", 0, 1), event("u", 0, 2)])
    fact = {"kind": "activity", "dim": None, "key": None, "n": 2, "days": 1, "first": "2025-03-03", "last": "2025-03-03"}
    assert check(tables, "u", text, fact)[0] == outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Spent 9.00 EUR in 1 purchase.", "verified"),
        ("Spent 9.00 EUR in 2 purchases.", "contradicted"),
        ("Spent 8.00 EUR in 1 purchase.", "contradicted"),
    ],
)
def test_one_purchase_needs_no_average(text: str, outcome: str) -> None:
    tables = make_tables([event("u", 0, 1, amount=900, currency="EUR")])
    fact = {"kind": "spending", "dim": "currency", "key": "EUR", "n": 1, "amount": 900, "mean": 900}
    assert check(tables, "u", text, fact)[0] == outcome


def test_a_habit_that_holds_is_verified_with_the_rows_it_cites() -> None:
    tables = make_tables(weekly("u", 0, 8, 1))
    assert check(tables, "u", HABIT_TEXT, HABIT, ("0000000000000001", "0000000000000008")) == ("verified", None)


def test_the_reason_names_the_first_value_that_differs() -> None:
    tables = make_tables(weekly("u", 0, 8, 1))
    wrong = {**HABIT, "last": "2025-04-19"}
    assert check(tables, "u", HABIT_TEXT, wrong) == ("contradicted", "last is 2025-04-19 in the statement, 2025-04-21 in the rows")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HABIT_TEXT.replace("CAFE 9", "CAFE 8"), "does not name CAFE 9"),
        (HABIT_TEXT.replace("8 purchases", "9 purchases"), "has the figures"),
        (HABIT_TEXT.replace("21 April", "22 April"), "has the figures"),
        (HABIT_TEXT.replace("March", "May"), "has the figures"),
        (HABIT_TEXT.replace("about 28 April", "about 28 April or 5 May"), "has the figures"),
        (HABIT_TEXT.replace("Pays at", "Pays at CAFE 9 no more, never at"), "denies"),
        (HABIT_TEXT.replace("Pays at", "Used to pay at"), "does not say"),
    ],
)
def test_a_text_that_says_something_else_is_contradicted(text: str, reason: str) -> None:
    outcome, why = check(make_tables(weekly("u", 0, 8, 1)), "u", text, HABIT)
    assert outcome == "contradicted"
    assert reason in str(why)


def test_a_habit_that_the_user_gave_up_is_contradicted() -> None:
    later = [event("u", 49 + day, 100 + day, merchant="MARKET") for day in range(1, 40, 3)]
    outcome, why = check(make_tables([*weekly("u", 0, 8, 1), *later]), "u", HABIT_TEXT, HABIT)
    assert (outcome, why) == ("contradicted", "the user went on without it for more than four intervals")


def test_a_source_without_evidence_for_intervals_supports_no_habit() -> None:
    settings = replace(SETTINGS, weak={"poor": ["intervals"]})
    tables = replace(make_tables(weekly("u", 0, 8, 1, source="poor")), settings=settings)
    assert check(tables, "u", HABIT_TEXT, HABIT) == ("contradicted", "a source of these purchases is no evidence for intervals")


def test_a_source_without_evidence_for_preferences_counts_no_purchases() -> None:
    tables = make_tables([*weekly("u", 0, 8, 1), *weekly("u", 1, 3, 50, source="poor")])
    assert check(tables, "u", ACTIVITY_TEXT, ACTIVITY) == ("verified", None)


@pytest.mark.parametrize(
    ("row", "outcome", "reason"),
    [
        ("0000000000000063", "contradicted", "row 0000000000000063 is not about it"),
        ("0000000000000777", "contradicted", "the user has no row 0000000000000777"),
        ("not a row id", "contradicted", "the user has no row not a row id"),
        ("0000000000000888", "source_gone", "rows are gone: 0000000000000888"),
    ],
)
def test_cited_rows_must_be_there_and_be_about_it(row: str, outcome: str, reason: str) -> None:
    rows = [*weekly("u", 0, 8, 1), event("u", 3, 0x63, merchant="MARKET"), event("v", 3, 0x777, merchant="CAFE 9")]
    tables = make_tables(rows, kept_rows=pl.DataFrame({"user_id": ["u"], "row_id": ["0000000000000888"]}))
    assert check(tables, "u", HABIT_TEXT, HABIT, (row,)) == (outcome, reason)


@pytest.mark.parametrize(
    "fact",
    [
        {**ACTIVITY, "extra": 1},
        {name: value for name, value in ACTIVITY.items() if name != "days"},
        {**ACTIVITY, "kind": "rumour"},
        {**ACTIVITY, "n": 8.4},
        {**ACTIVITY, "n": None},
        {**ACTIVITY, "first": "March"},
    ],
)
def test_a_fact_with_other_or_unreadable_arguments_is_contradicted(fact: dict[str, Any]) -> None:
    assert check(make_tables(weekly("u", 0, 8, 1)), "u", ACTIVITY_TEXT, fact)[0] == "contradicted"


def test_local_days_decide_and_not_those_of_utc() -> None:
    rows = [event("u", day, day, offset_s=-10 * 3600) for day in range(1, 9)]
    fact = {**ACTIVITY, "last": "2025-03-10"}
    text = "8 purchases on 8 days, from 3 March 2025 to 10 March 2025."
    assert check(make_tables(rows), "u", text, fact) == ("verified", None)


def test_a_refund_takes_its_key_from_the_row_it_names() -> None:
    bought = weekly("u", 0, 8, 1)
    bought[0]["key"] = "k1"
    back = [event("u", 60, 90, kind="refund", refers_to="k1"), event("u", 61, 91, kind="cancellation", refers_to="gone")]
    others = [event("v", day, 200 + day, merchant="MARKET") for day in range(30)]
    fact = {"kind": "returns", "dim": "merchant", "key": "CAFE 9", "returned": 1, "of": 8, "population_rate": round(2 / 38, 6)}
    text = "Gives back 1 of 8 purchases at CAFE 9 (all users: 5.3 %)."
    tables = make_tables([*bought, *back, *others])
    assert check(tables, "u", text, fact, ("000000000000005a",)) == ("verified", None)
    assert check(tables, "u", text, fact, ("000000000000005b",)) == ("contradicted", "row 000000000000005b is not about it")


def test_shares_of_too_few_users_are_published_as_unknown() -> None:
    rows = [*weekly("u", 0, 8, 1), *[event("v", day, 200 + day, merchant="MARKET") for day in range(24)]]
    fact = {"kind": "likes", "dim": "merchant", "key": "CAFE 9", "n": 8, "of": 8, "share": 1.0, "population_share": None, "first": "2025-03-03", "last": "2025-04-21"}  # fmt: skip
    text = "Pays at CAFE 9: 8 of 8 purchases (100 %, few others do), from March 2025 to April 2025."
    assert check(make_tables(rows), "u", text, fact) == ("verified", None)
    assert check(make_tables(rows), "u", text.replace(", few others do", ""), fact) == ("verified", None)
    both = make_tables([*rows, *weekly("w", 0, 8, 300)])
    assert check(both, "u", text, fact) == ("contradicted", "population_share is nothing in the statement, 0.4 in the rows")
    known = {**fact, "population_share": 0.4}
    assert check(both, "u", text.replace("few others do", "against 40 % for all users"), known) == ("verified", None)
    assert check(replace(both, complete=False), "u", text, fact)[0] == "source_gone"


def test_months_from_the_boundary_on_are_no_part_of_the_population() -> None:
    rows = [*weekly("u", 0, 8, 1), *weekly("v", 0, 8, 100), *[event("v", 310 + day, 200 + day, merchant="MARKET") for day in range(30)]]
    rows += [event("v", day, 300 + day, merchant="MARKET") for day in range(16)]
    fact = {"kind": "likes", "dim": "merchant", "key": "CAFE 9", "n": 8, "of": 8, "share": 1.0, "population_share": 0.5, "first": "2025-03-03", "last": "2025-04-21"}  # fmt: skip
    text = "Pays at CAFE 9: 8 of 8 purchases (100 %, against 50 % for all users), from March 2025 to April 2025."
    assert check(make_tables(rows), "u", text, fact) == ("verified", None)


def test_discounts_say_more_or_less() -> None:
    rows = [
        event(user, day, 100 * at + day, amount=500, currency="EUR", discount=100 if day < reduced else 0)
        for at, (user, reduced) in enumerate([("u", 9), ("v", 1)])
        for day in range(10)
    ]
    for user, n, word in (("u", 9, "Looks for discounts"), ("v", 1, "Buys without waiting for discounts")):
        fact = {"kind": "discounts", "dim": None, "key": None, "n": n, "of": 10, "population_rate": 0.5}
        text = f"{word}: {n} of 10 purchases were reduced ({n * 10} %; all users: 50 %)."
        assert check(make_tables(rows), user, text, fact) == ("verified", None)
        turned = (
            text.replace("Looks for discounts", "Buys without waiting for discounts")
            if user == "u"
            else text.replace(word, "Looks for discounts")
        )
        assert check(make_tables(rows), user, turned, fact) == ("contradicted", "the text does not say what the fact says")


def outcome_of(rows: list[dict[str, Any]], text: str, fact: dict[str, Any], **others: Any) -> str | None:
    """Why what is said of user `u` does not hold; None where it does."""
    return check(make_tables(rows, **others), "u", text, fact)[1]


def sold(user: str, number: int, days: list[int], **values: Any) -> list[dict[str, Any]]:
    return [event(user, day, number + at, **{"merchant": "CAFE 9", **values}) for at, day in enumerate(days)]


def change_fact(kind: str, month: str, before: int, after: int, others: tuple[int, int], ends: tuple[str, str]) -> dict[str, Any]:
    sides = {"before": before, "after": after, "month": month, "user_before": before + others[0], "user_after": after + others[1]}
    return {"kind": kind, "dim": "merchant", "key": "CAFE 9", "n": before + after, **sides, "first": ends[0], "last": ends[1]}


def test_some_gaps_make_no_habit() -> None:
    fact = {**HABIT, "n": 4, "fitting": 3, "gaps": 3, "last": "2025-03-24", "next": "2025-03-31"}
    text = "Pays at CAFE 9 about every 7 days (4 purchases since March 2025; the last on 24 March 2025, so the next is expected about 31 March)."
    assert outcome_of(weekly("u", 0, 4, 1), text, fact) == "a few intervals make no habit"


@pytest.mark.parametrize(("evenings", "reason"), [(5, None), (4, "not even half of the purchases lie in this time")])
def test_a_time_of_the_week_holds_most_purchases(evenings: int, reason: str | None) -> None:
    rows = sold("u", 1, list(range(8))) + sold("v", 100, list(range(16)))
    for row in rows[:evenings]:
        row["time_us"] += 10 * 3_600_000_000
    rows += sold("v", 300, [20], time_us=rows[0]["time_us"])
    share, base = evenings / 8, (evenings + 1) / 25
    fact = {"kind": "time_habit", "dim": "time_of_week", "key": "evenings", "n": evenings, "of": 8, "share": round(share, 4), "population_share": round(base, 6)}  # fmt: skip
    text = f"Buys unusually often in the evenings ({evenings} of 8 purchases, {share:.0%}; all users: {base:.0%}).".replace("%", " %")
    assert outcome_of(rows, text, fact) == reason


def test_what_is_hardly_more_than_with_others_is_no_preference() -> None:
    rows = [*sold("u", 1, list(range(6))), *sold("u", 50, list(range(4)), merchant="MARKET")]
    rows += [*sold("v", 100, list(range(5))), *sold("v", 150, list(range(5)), merchant="MARKET")]
    fact = {"kind": "likes", "dim": "merchant", "key": "CAFE 9", "n": 6, "of": 10, "share": 0.6, "population_share": 0.55, "first": "2025-03-03", "last": "2025-03-08"}  # fmt: skip
    text = "Mostly pays at CAFE 9: 6 of 10 purchases (60 %, against 55 % for all users), from March 2025 to March 2025."
    assert outcome_of(rows, text, fact) == "the share is not twice that of all users"


@pytest.mark.parametrize(
    ("answered", "kind", "text", "reason"),
    [
        (4, "offer_answers", "Answers coffee offers (4 of 8; all users answer 25 %).", "not even half of the offers are answered"),
        (5, "offer_answers", "Answers coffee offers (5 of 8; all users answer 31 %).", None),
        (
            2,
            "offer_ignores",
            "Lets coffee offers pass (answered 2 of 8; all users answer 50 %).",
            "more than one in five offers is answered",
        ),
        (1, "offer_ignores", "Lets coffee offers pass (answered 1 of 8; all users answer 50 %).", None),
    ],
)
def test_offers_are_answered_mostly_or_hardly(answered: int, kind: str, text: str, reason: str | None) -> None:
    others = {"offer_answers": 0, "offer_ignores": 8 - answered}[kind]
    rows = [row for user in "uv" for row in sold(user, ord(user) * 100, list(range(8)), kind="exposure", item_id="O1")]
    rows += sold("u", 900, list(range(answered)), kind="redemption", item_id="O1")
    rows += sold("v", 950, list(range(others)), kind="redemption", item_id="O1")
    items = pl.DataFrame({"item_id": ["O1"], "name": ["5 % back"], "level_category": ["coffee"]})
    rate = (answered + others) / 16
    fact = {"kind": kind, "dim": "category", "key": "coffee", "answered": answered, "shown": 8, "rate": answered / 8, "population_rate": round(rate, 6)}  # fmt: skip
    assert outcome_of(rows, text, fact, items=items) == reason


@pytest.mark.parametrize(
    ("before", "after", "last", "reason"),
    [
        (1, 8, 0, None),
        (2, 8, 0, "too many purchases before, or too few since"),
        (0, 5, 0, "too many purchases before, or too few since"),
        (1, 8, 70, "the user has not bought it for more than two months"),
        (1, 6, 0, "before, it was bought at more than a fifth of the pace since"),
    ],
)
def test_new_is_what_was_hardly_bought_before_and_still_is(before: int, after: int, last: int, reason: str | None) -> None:
    # March is before, April since; the user buys other things all along.
    rows = [*sold("u", 1, list(range(before))), *sold("u", 50, list(range(30, 30 + after)))]
    rows += [*sold("u", 100, list(range(20)), merchant="MARKET"), *sold("u", 200, [*range(31, 50), 36 + last], merchant="MARKET")]
    ends = ("2025-03-03" if before else "2025-04-02", (START + timedelta(days=29 + after)).date().isoformat())
    fact = change_fact("started", "2025-04", before, after, (20, 20), ends)
    times = f"{after} purchases since, {before} before"
    assert outcome_of(rows, f"New: pays at CAFE 9 since April 2025 ({times}).", fact) == reason


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (13, 1, None),
        (12, 3, "too many purchases since, or too few before"),
        (12, 2, "since, it is bought at more than a fifth of the pace before"),
        (5, 0, "too many purchases since, or too few before"),
    ],
)
def test_what_a_user_used_to_buy_is_hardly_bought_since(before: int, after: int, reason: str | None) -> None:
    rows = [*sold("u", 1, list(range(before))), *sold("u", 50, list(range(30, 30 + after)))]
    rows += [*sold("u", 100, list(range(20)), merchant="MARKET"), *sold("u", 200, list(range(31, 51)), merchant="MARKET")]
    last = START + timedelta(days=29 + after if after else before - 1)
    fact = change_fact("stopped", "2025-04", before, after, (20, 20), ("2025-03-03", last.date().isoformat()))
    day, others = f"{last.day} {last:%B %Y}", "against 20 of other things"
    text = f"Used to pay at CAFE 9 until {day} ({before} purchases before April 2025, none since, {others})."
    if after:
        text = f"Used to pay at CAFE 9 before April 2025 ({before} purchases; {after} since, the last on {day}, {others})."
    assert outcome_of(rows, text, fact) == reason


@pytest.mark.parametrize(("stayed", "reason"), [(2, None), (3, "less than four in five purchases went over")])
def test_who_moved_took_most_purchases_along(stayed: int, reason: str | None) -> None:
    rows = [*sold("u", 1, list(range(8)), merchant="BAR 1"), *sold("u", 50, list(range(30, 30 + stayed)), merchant="BAR 1")]
    rows += sold("u", 100, list(range(30, 40)))
    counts = {"from_before": 8, "from_after": stayed, "to_before": 0, "to_after": 10}
    fact = {"kind": "moved", "dim": "merchant", "key": "CAFE 9", "from": "BAR 1", "month": "2025-04", **counts}
    text = f"Moved from BAR 1 to CAFE 9 in April 2025 (before: 8 and 0 purchases; since: {stayed} and 10)."
    assert outcome_of(rows, text, fact) == reason


@pytest.mark.parametrize(
    ("later", "months", "reason"),
    [
        (1300, 3, None),
        (1200, 3, "the mean monthly sums differ by less than a quarter"),
        (1300, 2, "less than three full months on a side"),
    ],
)
def test_spending_changed_by_a_quarter_for_three_months(later: int, months: int, reason: str | None) -> None:
    at = [31 * month for month in range(5 + months)]
    rows = [event("u", day, number + 1, amount=1000 if number < 4 else later, currency="EUR") for number, day in enumerate(at)]
    fact = {"kind": "spending_change", "dim": "currency", "key": "EUR", "month": "2025-07", "before": 1000, "after": later, "months_before": 3, "months_after": months}  # fmt: skip
    assert outcome_of(rows, f"Spends more since July 2025: {later // 100}.00 EUR a month, before that 10.00 EUR.", fact) == reason


def test_discounts_are_looked_for_by_who_buys_many_more_of_them() -> None:
    rows = [*sold("u", 1, list(range(10)), amount=500, currency="EUR"), *sold("v", 50, list(range(10)), amount=500, currency="EUR")]
    for row in (*rows[:6], *rows[10:14]):
        row["discount"] = 50
    fact = {"kind": "discounts", "dim": None, "key": None, "n": 6, "of": 10, "population_rate": 0.5}
    text = "Looks for discounts: 6 of 10 purchases were reduced (60 %; all users: 50 %)."
    assert outcome_of(rows, text, fact) == "the share is neither 1.4 times nor half that of all users"


def test_rates_of_too_few_users_judge_nobody() -> None:
    rows = [event("u", day, day, amount=500, currency="EUR", discount=100 if day < 9 else 0) for day in range(10)]
    rows += [event("v", day, 100 + day, amount=None) for day in range(10)]
    fact = {"kind": "discounts", "dim": None, "key": None, "n": 9, "of": 10, "population_rate": 0.9}
    text = "Looks for discounts: 9 of 10 purchases were reduced (90 %; all users: 90 %)."
    tables = make_tables(rows)
    reason = "population_rate is 0.9 in the statement, nothing in the rows"
    assert check(tables, "u", text, fact) == ("contradicted", reason)
    hidden = {**fact, "population_rate": None}
    assert check(tables, "u", text, hidden) == ("contradicted", "too few users are behind the rate of all users")


def test_an_offer_is_ignored_only_where_the_source_can_tell() -> None:
    def shown(user: str, source: str) -> list[dict[str, Any]]:
        return [event(user, day, ord(user) * 100 + day, kind="exposure", item_id="O1", source=source) for day in range(8)]

    answers = [event("v", day, 900 + day, kind="redemption", item_id="O1") for day in range(4)]
    items = pl.DataFrame({"item_id": ["O1"], "name": ["5 % back"], "level_category": ["coffee"]})
    fact = {"kind": "offer_ignores", "dim": "category", "key": "coffee", "answered": 0, "shown": 8, "rate": 0.0, "population_rate": 0.25}
    text = "Lets coffee offers pass (answered none of 8; all users answer 25 %)."
    tables = make_tables([*shown("u", "good"), *shown("v", "good"), *answers], items=items)
    assert check(tables, "u", text, fact) == ("verified", None)
    assert check(tables, "u", text.replace("Lets", "Answers").replace(" pass", ""), fact)[0] == "contradicted"
    item = {**fact, "dim": "item", "key": "O1"}
    assert check(tables, "u", "Lets the offer 5 % back pass (answered none of 8; all users answer 25 %).", item) == ("verified", None)
    poor = make_tables([*shown("u", "poor"), *shown("v", "good"), *answers], items=items)
    assert check(poor, "u", text, fact) == ("contradicted", "a source of these exposures cannot tell that offers were ignored")


def test_pairs_are_counted_by_day_and_by_the_next_day_with_purchases() -> None:
    rows = []
    for at, user in enumerate(("u", "v")):
        for trip in range(6):
            base = 1000 * at + 10 * trip
            rows += [event(user, 5 * trip, base + n, merchant_category=name) for n, name in enumerate(["bread", "cheese"])]
            rows += [event(user, 5 * trip + 2, base + 5, merchant_category="wine")]
    tables = make_tables(rows)
    # 24 days with purchases; bread and cheese on the same 12, wine on the next 12.
    fact = {"kind": "with", "dim": "category", "key": "bread", "other": "cheese", "n": 12, "users": 2, "lift": 2.0}
    assert check(tables, None, "Bought together: bread and cheese (2.0 times as often as by chance).", fact) == ("verified", None)
    after = {"kind": "after", "dim": "category", "key": "bread", "other": "wine", "n": 12, "users": 2, "lift": 2.0}
    text = "Often bought next after bread: wine (2.0 times as often as by chance)."
    assert check(tables, None, text, after) == ("verified", None)
    assert check(tables, None, "Often bought next after wine: bread (2.0 times as often as by chance).", after)[0] == "contradicted"
    assert check(tables, None, text, {**after, "n": 13}) == ("contradicted", "n is 13 in the statement, 12 in the rows")


def test_a_season_of_all_users_counts_every_year() -> None:
    rows = [
        event(user, 30 * month, 100 * at + month, merchant_category="garden" if month % 12 in (2, 3) else "food")
        for at, user in enumerate(("u", "v"))
        for month in range(10)
    ]
    fact = {"kind": "season", "dim": "category", "key": "garden", "month_of_year": 5, "n": 2, "total": 2, "all_n": 4, "factor": 5.0}
    text = "In season in May: garden (5.0 times its usual share of purchases)."
    assert check(make_tables(rows), None, text, fact) == ("verified", None)
    assert check(make_tables(rows), None, text.replace("May", "June"), fact)[0] == "contradicted"


def test_stances_are_what_operators_stated() -> None:
    stances = pl.DataFrame(
        {"user_id": ["u"], "dim": ["category"], "key": ["alcohol"], "stance": ["avoids"], "stance_until_us": [1_767_225_600_000_000]}
    )
    fact = {"kind": "stance", "dim": "category", "key": "alcohol", "stance": "avoids", "until": "2026-01-01T00:00:00Z"}
    facts = pl.DataFrame(
        {
            "user_id": ["u"] * 5,
            "label": ["block"] * 5,
            "text": [
                "Avoids alcohol until 1 January 2026 (stated).",
                "No wine, please.",
                "Likes alcohol (stated).",
                "Avoids wine (stated).",
                "No wine, please.",
            ],
            "fact": [json.dumps(fact)] * 5,
            "operator": [True, True, True, True, False],
        }
    )
    checked = check_facts(facts, replace(make_tables(weekly("u", 0, 8, 1)), stances=stances))
    assert checked["outcome"].to_list() == ["verified", "verified", "contradicted", "contradicted", "contradicted"]


def test_many_facts_keep_their_order_and_no_facts_are_no_trouble() -> None:
    tables = make_tables(weekly("u", 0, 8, 1))
    facts = pl.DataFrame(
        {
            "user_id": ["u", "u", "u"],
            "label": ["a", "b", "c"],
            "text": [ACTIVITY_TEXT, HABIT_TEXT, "?"],
            "fact": [json.dumps(ACTIVITY), json.dumps(HABIT), "{"],
        }
    )
    assert check_facts(facts, tables)["outcome"].to_list() == ["verified", "verified", "contradicted"]
    assert check_facts(facts.clear(), tables).is_empty()
