from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import figured
import numpy as np
import polars as pl
import pytest
import yaml
from figured import Learned, of_kind

from memlearn.learning.agent.chain import given_digest
from memlearn.learning.agent.inputs import gather_inputs
from memlearn.learning.agent.prompt import load_prompts
from memlearn.learning.agent.reading import shown_of
from memlearn.learning.agent.statistics.layout import MOST
from memlearn.learning.agent.step import Statistic, StepInput, statistic_names
from memlearn.learning.embedded.annotate import resolve_returns

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    return figured.learn(figured.write_site(tmp_path_factory.mktemp("figured")))


@pytest.fixture(scope="module")
def step(learned: Learned) -> StepInput:
    (only,) = learned.steps()["anna"]
    return only


def texts(step: StepInput, kind: str) -> list[str]:
    return [one.text for one in of_kind(step, kind)]


def the_one(step: StepInput, kind: str) -> Statistic:
    (found,) = of_kind(step, kind)
    return found


def purchases(learned: Learned) -> list[tuple[datetime, str, str | None]]:
    """When, source and item of each purchase."""
    bought = learned.rows.filter(pl.col("kind") == "purchase")
    times = [datetime.fromtimestamp(time / 1_000_000, UTC) for time in bought["time_us"].to_list()]
    return list(zip(times, bought["source"].cast(pl.String).to_list(), bought["item_id"].cast(pl.String).to_list(), strict=True))


def test_the_days_of_the_week_with_most_purchases(learned: Learned, step: StepInput) -> None:
    counted = Counter(DAYS[at.weekday()] for at, _, _ in purchases(learned))
    most = sorted(counted, key=lambda day: (-counted[day], DAYS.index(day)))[:3]
    told = the_one(step, "weekdays")
    assert told.text == f"weekdays: {', '.join(f'{day} {counted[day]}' for day in most)} of {sum(counted.values())} purchases"
    assert told.fact.values == {"of": sum(counted.values()), **{day: counted[day] for day in most}}


def test_times_of_the_day_are_of_the_sources_that_know_the_hour(learned: Learned, step: StepInput) -> None:
    clocked = [at.hour for at, source, _ in purchases(learned) if source == "shop"]
    evenings = sum(18 <= hour < 23 for hour in clocked)
    assert the_one(step, "hours").text.startswith(f"hours: 18-23h {evenings}, 5-11h ")
    assert the_one(step, "hours").text.endswith(f" of {len(clocked)} purchases with a time")
    assert len(clocked) < len(purchases(learned))


def test_the_months_with_most_purchases(learned: Learned, step: StepInput) -> None:
    counted = Counter(f"{at:%Y-%m}" for at, _, _ in purchases(learned))
    busiest = max(counted, key=lambda month: (counted[month], month))
    told = the_one(step, "months")
    assert told.fact.values == {"months": len(counted), "busiest": busiest, "n": counted[busiest]}
    assert told.text.startswith(f"months: {len(counted)} with purchases, most in {busiest} ({counted[busiest]}), ")
    assert told.text.endswith(f", last 2025-12 ({counted['2025-12']})")


def test_discounts_are_of_the_sources_that_tell_them(learned: Learned, step: StepInput) -> None:
    shop = learned.rows.filter((pl.col("kind") == "purchase") & (pl.col("source").cast(pl.String) == "shop"))
    every = learned.rows.filter(pl.col("kind") == "purchase")
    n = int((shop["discount"].fill_null(0) > 0).sum())
    assert 0 < n < int((every["discount"].fill_null(0) > 0).sum())
    assert the_one(step, "discounts").text == f"discounts: {n} of {len(shop)} paid purchases"


def test_each_offer_counts_once_and_what_nobody_saw_is_apart(step: StepInput) -> None:
    assert texts(step, "offers") == [
        "offers: 5 of 13 answered; 2 more answered, of how many is not known",
        "offers category household: 0 of 7 answered",
        "offers category coffee: 5 of 6 answered",
        "offers category dairy: 2 answered, of how many is not known",
        "offers department coupons: 5 of 13 answered; 2 more answered, of how many is not known",
    ]
    assert of_kind(step, "offers")[3].fact.values == {"more": 2}


def test_an_offer_shown_again_is_told_so(learned: Learned) -> None:
    shown = learned.rows.filter((pl.col("kind") == "exposure") & (pl.col("item_id").cast(pl.String) == "c1"))
    again = shown.with_columns(pl.col("time_us") + 3_600_000_000, pl.col("row_id") + 1)
    (step,) = learned.steps(rows=pl.concat([learned.rows, again]).sort("time_us", maintain_order=True))["anna"]
    assert "offers category coffee: 5 of 6 answered, shown 7 times" in texts(step, "offers")
    assert "offers item Coffee coupon 1: 1 of 1 answered, shown 2 times" in texts(step, "offers")


def test_rhythms_of_what_is_bought_at_a_steady_interval(learned: Learned, step: StepInput) -> None:
    days = sorted({at.date() for at, _, item in purchases(learned) if item == "i2"})
    gaps = [(late - early).days for early, late in itertools.pairwise(days)]
    assert set(gaps) == {9}
    assert f"rhythm item Espresso beans: every 9 days ({len(gaps)} of {len(gaps)} gaps), last {days[-1]}" in texts(step, "rhythm")
    # The only item of a category says what the category would.
    assert [one.fact.key for one in of_kind(step, "rhythm")] == ["i1", "i2", "groceries"]


def test_what_ended_has_a_rhythm_that_ended(learned: Learned) -> None:
    beans = pl.col("item_id").cast(pl.String) == "i2"
    cut = learned.rows.filter(
        ~(beans.fill_null(value=False) & (pl.col("time_us") > datetime(2025, 6, 1, tzinfo=UTC).timestamp() * 1_000_000))
    )
    (step,) = learned.steps(rows=cut)["anna"]
    assert [text for text in texts(step, "rhythm") if "Espresso" in text and text.endswith(", not since")]


def test_seasons_beginnings_ends_and_moves(step: StepInput) -> None:
    assert texts(step, "season") == ["season category cosmetics: 14 of 14 purchases in June to August of any year"]
    assert texts(step, "started") == [
        "started merchant NEW MARKET: 0 purchases before 2024-11, 32 since",
        "started category dairy: 0 purchases before 2025-03, 20 since",
    ]
    assert texts(step, "stopped") == [
        "stopped merchant OLD MARKET: 25 purchases before 2024-11, 0 since",
        "stopped category pets: 22 purchases before 2024-11, 0 since",
    ]
    assert texts(step, "moved") == ["moved from merchant OLD MARKET: 25 before 2024-11, 0 since; merchant NEW MARKET: 0 before, 32 since"]


def test_what_was_given_back_is_told_with_its_counts_or_apart(learned: Learned, step: StepInput) -> None:
    assert [
        one.text for one in of_kind(step, "counts") if one.text.startswith("item Running shoes") and one.text.endswith(", 3 given back")
    ]
    assert of_kind(step, "returns") == []
    # With more keys than are told, the shoes are no longer among them.
    many = [
        learned.rows.filter(pl.col("item_id").cast(pl.String) == "i2").head(8).with_columns(
            pl.lit(f"x{n}").cast(learned.rows.schema["item_id"]).alias("item_id"), pl.col("row_id") + n
        )
        for n in range(1, 12)
    ]  # fmt: skip
    (crowded,) = learned.steps(rows=pl.concat([learned.rows, *many]).sort("time_us", maintain_order=True))["anna"]
    assert texts(crowded, "returns") == ["returns item Running shoes: 3 given back, 5 purchases"]


def test_days_are_local(tmp_path: Path) -> None:
    path = figured.write_site(tmp_path)
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**tree, "timezone": "Asia/Tokyo"}, sort_keys=False), encoding="utf-8")
    (step,) = figured.learn(path).steps()["anna"]
    # Nine hours ahead of universal time, 03:00 of the bank is the day before there.
    assert "merchant OLD MARKET: 25 purchases on 25 days, 2024-01-04 to 2024-10-18, median gap 13 days" in texts(step, "counts")


def test_nothing_is_told_of_what_is_never_stated(learned: Learned, step: StepInput) -> None:
    rows = [row.text for row in step.rows if "Pregnancy" in row.text]
    assert len(rows) == 2
    assert not [one.text for one in step.statistics if "regnancy" in one.text]
    numbers = figured.annotated(learned, learned.rows, 100_000)
    shown = shown_of(learned.job, learned.tables)
    open_to_all = replace(shown, sensitive=shown.sensitive.model_copy(update={"topics": []}), suppressed=frozenset())
    told = dict(gather_inputs(resolve_returns(learned.rows), numbers, np.ones(len(numbers), dtype=np.bool_), open_to_all))["anna"][0]
    assert [one.text for one in told.statistics if "Pregnancy test" in one.text]


def test_what_belongs_to_something_that_is_never_stated_is_not_told(learned: Learned) -> None:
    shown = replace(shown_of(learned.job, learned.tables), suppressed=frozenset({("item", "i2")}))
    numbers = figured.annotated(learned, learned.rows, 100_000)
    (step,) = dict(gather_inputs(resolve_returns(learned.rows), numbers, np.ones(len(numbers), dtype=np.bool_), shown))["anna"]
    assert not [one.text for one in step.statistics if "Espresso" in one.text]
    assert [one.text for one in step.statistics if "category coffee" in one.text]


def test_items_that_share_a_name_are_not_told_one_by_one(learned: Learned) -> None:
    items = learned.tables.catalogue.items
    alike = items.with_columns(pl.when(pl.col("item_id").cast(pl.String) == "i3").then(pl.lit("RYE BREAD")).otherwise("name").alias("name"))
    shown = replace(shown_of(learned.job, learned.tables), items=alike)
    numbers = figured.annotated(learned, learned.rows, 100_000)
    (step,) = dict(gather_inputs(resolve_returns(learned.rows), numbers, np.ones(len(numbers), dtype=np.bool_), shown))["anna"]
    assert not [one.text for one in step.statistics if "rye bread" in one.text.lower()]
    # What they belong to tells of them, as nothing finer does.
    assert "category bakery: 96 purchases on 96 days, 2024-01-06 to 2025-12-27, median gap 7 days" in texts(step, "counts")
    assert "rhythm category bakery: every 7 days (87 of 95 gaps), last 2025-12-27" in texts(step, "rhythm")


def test_keys_with_the_same_figures_are_told_once_by_the_finest(step: StepInput) -> None:
    keys = [(one.fact.dim, one.fact.key) for one in of_kind(step, "counts")]
    assert ("item", "i1") in keys
    assert ("category", "bakery") not in keys
    assert ("category", "groceries") in keys


@pytest.mark.slow
def test_statistics_are_of_the_rows_up_to_the_chunk_s_end(learned: Learned) -> None:
    steps = learned.steps(tokens=900)["anna"]
    assert len(steps) > 4
    seen = 0
    for step in steps:
        seen += len(step.rows)
        alone = learned.steps(tokens=900, rows=learned.rows.head(seen))["anna"]
        assert alone[-1].statistics == step.statistics
        assert given_digest(alone[-1]) == given_digest(step)
    kinds = [{one.fact.kind for one in step.statistics} for step in steps]
    later = {"season", "started", "stopped", "moved"}
    assert not kinds[0] & later
    assert later <= kinds[-1]


def test_statistics_do_not_depend_on_other_users(tmp_path: Path, learned: Learned) -> None:
    both = figured.learn(figured.write_site(tmp_path, ("anna", "bob")))
    (mine,) = learned.steps()["anna"]
    (beside,) = both.steps()["anna"]
    assert beside.statistics == mine.statistics


def test_as_many_as_are_wanted_of_each_kind_the_first(learned: Learned, step: StepInput) -> None:
    assert len(step.statistics) <= MOST
    for most in (1, 7, 15, 25):
        (few,) = learned.steps(most=most)["anna"]
        assert len(few.statistics) == most
        places = [step.statistics.index(one) for one in few.statistics]
        assert places == sorted(places)
        groups = [(one.fact.kind, one.fact.dim) for one in step.statistics]
        for group in dict.fromkeys((one.fact.kind, one.fact.dim) for one in few.statistics):
            first = [at for at, of in enumerate(groups) if of == group]
            mine = [at for at in places if groups[at] == group]
            assert mine == first[: len(mine)]
    (some,) = learned.steps(most=15)["anna"]
    assert len({(one.fact.kind, one.fact.dim) for one in some.statistics}) == 15


def test_every_statistic_is_one_line_with_a_name_of_its_own(step: StepInput) -> None:
    names = ["; ".join(statistic_names(one.fact)) for one in step.statistics]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[^<>\n\r\t]+", one.text) for one in step.statistics)


def test_the_docs_show_what_is_sent(learned: Learned) -> None:
    sent = load_prompts().step_text(learned.steps(tokens=700)["anna"][-1]).splitlines()
    docs = (Path(__file__).parents[3] / "docs" / "agent.md").read_text(encoding="utf-8")
    shown = docs.partition("<statistics until=")[2].partition("</rows>")[0].splitlines()[1:]
    assert len(shown) > 20
    assert [line for line in shown if line not in (*sent, "...")] == []
