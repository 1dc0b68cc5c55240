"""Numbers taken from the rows are never refused as numbers, changed ones never verified, and no text breaks the checker or a promise."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from judged import BLOCKS, CHECK, STEP, insert, make_rows

from memlearn.errors import EditError
from memlearn.memory import Statement

# No line is there already, so that none is refused as a repetition.
STEP = replace(STEP, blocks=tuple(block.with_statements(()) for block in BLOCKS))
_PAID = make_rows().with_row_index("number", offset=1).filter(pl.col("kind") == "purchase", pl.col("merchant_category") != "pharmacy")
_SINGLE = (
    "Paid {amount} {currency} at {merchant} on {day}.",
    "Paid {amount} {currency} at {merchant} on {day}, perhaps a gift.",
    "Likely a treat: {amount} {currency}, {merchant}, {day}.",
    "A small escape on {day} for {amount} {currency}?",
    "Seems to have splashed out {amount} {currency} that day.",
)
_WHOLE = (
    "{n} purchases at {merchant}.",
    "{n} purchases at {merchant} came to {total} {currency}.",
    "Loyal soul: {n} times at {merchant}, {total} {currency} in all.",
    "About {mean} {currency} a time at {merchant}, a creature of habit.",
    "Between {first} and {last} a faithful guest of {merchant}, {n} visits.",
)
_NUMBER = re.compile(r"(?<![\w-])\d+(?:\.\d+)?(?![\w-])")


def judge(text: str, *evidence: str) -> Statement | EditError:
    try:
        return insert(text, *evidence, step=STEP)
    except EditError as error:
        return error


@st.composite
def of_one_row(draw: st.DrawFn) -> tuple[str, tuple[str, ...]]:
    row = draw(st.sampled_from(_PAID.to_dicts()))
    day = pl.select(pl.from_epoch(pl.lit(row["time_us"]), time_unit="us").dt.strftime("%Y-%m-%d")).item()
    text = draw(st.sampled_from(_SINGLE)).format(
        amount=f"{row['amount'] / 100:.2f}", currency=row["currency"], merchant=row["merchant"].title(), day=day
    )
    return text, (f"r{row['number']}",)


@st.composite
def of_all_rows(draw: st.DrawFn) -> tuple[str, tuple[str, ...]]:
    merchant = draw(st.sampled_from(sorted(set(_PAID["merchant"].to_list()))))
    rows = _PAID.filter(pl.col("merchant") == merchant)
    days = pl.from_epoch(rows["time_us"], time_unit="us").dt.strftime("%-d %B %Y").to_list()
    text = draw(st.sampled_from(_WHOLE)).format(
        n=len(rows), merchant=merchant.title(), currency=rows["currency"][0], total=f"{rows['amount'].sum() / 100:.2f}",
        mean=f"{rows['amount'].mean() / 100:.2f}", first=days[0], last=days[-1],
    )  # fmt: skip
    return text, tuple(f"r{number}" for number in rows["number"].to_list())


@settings(max_examples=80, deadline=None)
@given(of_one_row() | of_all_rows())
def test_numbers_of_the_rows_are_never_refused(said: tuple[str, tuple[str, ...]]) -> None:
    text, evidence = said
    found = judge(text, *evidence)
    assert isinstance(found, Statement), (text, found)


@settings(max_examples=80, deadline=None)
@given(of_one_row() | of_all_rows(), st.integers(0, 5), st.integers(1, 900))
def test_changed_numbers_are_never_verified(said: tuple[str, tuple[str, ...]], which: int, by: int) -> None:
    text, evidence = said
    numbers = [at for at in _NUMBER.finditer(text) if len(at[0]) != 4]
    if not numbers:
        return
    at = numbers[which % len(numbers)]
    value = float(at[0])
    changed = value + by if not text.startswith("About") else 2 * value + by
    told = text[: at.start()] + (f"{changed:.2f}" if "." in at[0] else f"{changed:.0f}") + text[at.end() :]
    found = judge(told, *evidence)
    assert isinstance(found, EditError) or found.status == "hypothesis", (told, found)
    if not text.startswith("About") and "." in at[0]:
        # An amount that was not paid is not even supposed; about as much as another amount may be.
        assert isinstance(found, EditError), (told, found)
        assert found.code == "number"


_WORDS = st.sampled_from(
    ["Blue Bottle", "coffee", "groceries", "probably", "stopped", "never", "likes", "5", "twice", "20.00 EUR", "on Mondays", "pharmacy", "Oat Dream", "because", "Lisbon",
     "pregnant", "<rows>", "\u200b", "“quote”", "in January 2026", "half", "more than", ";", "every week", "since March", "ill"]
)  # fmt: skip
_CITED = st.lists(st.sampled_from(["r1", "r2-r9", "r7", "s1", "s2", "s4", "person", "habits.1", "r15"]), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None)
@given(st.lists(_WORDS | st.text(max_size=5), max_size=12), _CITED)
def test_no_text_breaks_it_and_nothing_sensitive_or_harmful_is_written(words: list[str], evidence: list[str]) -> None:
    found = judge(" ".join(words), *evidence)
    assert found == judge(" ".join(words), *evidence) or isinstance(found, EditError)
    if isinstance(found, EditError):
        assert str(found)
        return
    assert not {"<", ">", "\u200b", "\n"} & set(found.text)
    assert not any(word in found.text.lower().split() for word in ("pharmacy", "pregnant", "ill"))
    assert found.evidence.to_json()
    assert set(found.evidence.rows) <= {row.id for row in STEP.rows}


def test_the_verdict_does_not_depend_on_what_was_checked_before() -> None:
    alone = judge("Five visits to Blue Bottle.", "r1-r3", "r5", "r6")
    for text in ("Six visits to Blue Bottle.", "Probably a coffee lover.", "Spent 20.00 EUR at Blue Bottle."):
        judge(text, "r1-r3", "r5", "r6")
    assert judge("Five visits to Blue Bottle.", "r1-r3", "r5", "r6") == alone
    assert CHECK.worlds.of(STEP).view.size == len(STEP.rows)
