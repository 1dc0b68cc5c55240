"""How single statements are worded."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.grounding import words
from memlearn.learning.embedded.render.lines import band_lines, like_lines
from memlearn.learning.embedded.render.profile import person_lines, profile_lines
from memlearn.learning.embedded.render.words import is_nested, percent, percent_of_all

ROWS = {"first_row": pl.Series([1], dtype=pl.UInt64), "last_row": pl.Series([2], dtype=pl.UInt64)}


def day(year: int, month: int, number: int) -> int:
    return (date(year, month, number) - date(1970, 1, 1)).days


def profile(n: int, days: int, last: int, returns: int = 0) -> list[str]:
    user = pl.DataFrame(
        {"user_id": ["u"], "user_n": [n], "user_days": [days], "user_first_day": [day(2025, 3, 3)], "user_last_day": [last], **ROWS}
    )
    paid = pl.DataFrame({"user_id": ["u"], "label": ["EUR"], "n": [n], "returns": [returns], "amount": [1260], "decimals": [2], **ROWS})
    shifts = pl.DataFrame(
        schema={
            "user_id": pl.String,
            "label": pl.String,
            "decimals": pl.Int64,
            "score": pl.Float64,
            "month": pl.Int64,
            "before": pl.Int64,
            "after": pl.Int64,
            "months_before": pl.Int64,
            "months_after": pl.Int64,
            "first_row": pl.UInt64,
            "last_row": pl.UInt64,
        }
    )
    return profile_lines(user, paid, shifts)["text"].to_list()


def test_one_purchase_or_one_day_has_neither_a_span_nor_an_average() -> None:
    assert profile(1, 1, day(2025, 3, 3)) == ["1 purchase on 3 March 2025.", "Spent 12.60 EUR in 1 purchase."]
    assert profile(3, 1, day(2025, 3, 3)) == ["3 purchases on 3 March 2025.", "Spent 12.60 EUR in 3 purchases, 4.20 EUR on average."]
    assert profile(3, 1, day(2025, 3, 3), 1)[1] == "Spent 12.60 EUR in 3 purchases, 4.20 EUR on average, less what was given back."
    assert profile(3, 2, day(2025, 3, 5))[0] == "3 purchases on 2 days, from 3 March 2025 to 5 March 2025."


@pytest.mark.parametrize(("few_are_few", "others"), [(True, ", few others do"), (False, "")])
def test_few_others_are_spoken_of_only_where_there_are_many_users(*, few_are_few: bool, others: str) -> None:
    liked = pl.DataFrame({"user_id": ["u"], "dim": ["item"], "label": ["m"], "display": ["milk"], "n": [25], "of": [60], "score": [9.0], "base": [0.0], "users": [None], "first_day": [day(2025, 1, 2)], "last_day": [day(2025, 6, 2)], **ROWS})  # fmt: skip
    (text,) = like_lines(liked, few_are_few=few_are_few)["text"]
    assert text == f"Often buys milk: 25 of 60 purchases (42 %{others}), from January 2025 to June 2025."


@pytest.mark.parametrize(
    ("n", "of", "base", "shares"),
    [
        (31, 2200, 0.003, "1.4 %, against 0.3 %"),
        (31, 2200, 0.000412, "1.4 %, against 0.04 %"),
        (31, 2200, 0.0, "1.4 %, against under 0.01 %"),
        (9, 199, 0.0222, "4.5 %, against 2.2 %"),
        (26, 100, 0.05, "26 %, against 5 %"),
        (998, 1000, 0.4, "99.8 %, against 40 %"),
        (99999, 100000, 0.4, "over 99.9 %, against 40 %"),
        (50, 50, 0.1, "100 %, against 10 %"),
    ],
)
def test_shares_are_as_precise_as_tells_them_apart(n: int, of: int, base: float, shares: str) -> None:
    liked = pl.DataFrame({"user_id": ["u"], "dim": ["item"], "label": ["m"], "display": ["milk"], "n": [n], "of": [of], "score": [9.0], "base": [base], "users": [70], "first_day": [day(2025, 1, 2)], "last_day": [day(2025, 6, 2)], **ROWS})  # fmt: skip
    (text,) = like_lines(liked)["text"]
    assert f"({shares} for all users)" in text


@settings(max_examples=200)
@given(st.integers(1, 10**6), st.data())
def test_a_share_reads_as_nothing_or_everything_only_where_it_is(of: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, of) | st.integers(0, min(of, 3)) | st.integers(max(of - 3, 0), of))
    text = pl.select(percent(pl.lit(n / of))).item()
    assert (text == "0 %") == (n == 0)
    assert (text == "100 %") == (n == of)
    said = float(text.removesuffix(" %").removeprefix("under ").removeprefix("over "))
    # A whole per cent at most is left open, less at both ends.
    assert abs(said - 100 * n / of) <= (0.5 if 9.95 <= said <= 99 else 0.1 if said >= 0.1 else 0.01) + 1e-9


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_the_check_of_texts_words_shares_as_they_are_worded(shares: list[float]) -> None:
    frame = pl.DataFrame({"share": shares})
    worded = frame.select(percent(pl.col("share")), percent_of_all(pl.col("share")).alias("all"))
    read = [
        frame.select(words.percent(pl.col("share"), nudge), words.percent_of_all(pl.col("share"), nudge).alias("all"))
        for nudge in (1e-6, -1e-6)
    ]
    for at in range(len(shares)):
        assert worded.row(at)[0] in {one.row(at)[0] for one in read}
        assert worded.row(at)[1] in {one.row(at)[1] for one in read}
    assert frame.with_columns(text=percent(pl.col("share"))).select(words.figures(pl.col("text")) == pl.col("text")).to_series().all()


def test_the_middle_of_the_day_is_midday() -> None:
    bands = pl.DataFrame({"user_id": ["u"], "label": ["middays"], "hits": [50], "of": [50], "base": [0.2], **ROWS})
    assert band_lines(bands)["text"].to_list() == ["Buys mostly at midday (50 of 50 purchases, 100 %; all users: 20 %)."]


def test_a_value_that_ends_with_a_dot_gets_no_second_one() -> None:
    persons = pl.DataFrame({"user_id": ["u", "u"], "attribute": ["firm", "home"], "value": ["Acme Inc.", "x" * 70]})
    assert person_lines(persons)["text"].to_list() == ["Firm: Acme Inc.", f"Home: {'x' * 57}..."]


@pytest.mark.parametrize(
    ("value", "nested"),
    [
        ('{"street": "391 Lakeview Drive", "zip": 4}', True),
        ("{'street': '391 Lakeview Drive'}", True),
        (' ["a", "b"] ', True),
        ("[371138, 324287]", True),
        ("[]", True),
        ("{}", True),
        ("[gold] member", False),
        ("[gold]", False),
        ("{curly}", False),
        ("a, b", False),
    ],
)
def test_what_is_written_as_json_is_no_words(value: str, *, nested: bool) -> None:
    assert pl.DataFrame({"value": [value]}).select(is_nested(pl.col("value"))).item() is nested
