"""`evaluate` from the sources to the report: the right truth, nothing of the future, nothing twice, and the published releases untouched."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import polars as pl
import pytest
from market import BAG, ITEMS, Row, known_before, make_rows, ndcg, next_visit, popular, write_market, write_rows

import memlearn
from memlearn.errors import BusyError, InputError, UsageError
from memlearn.evaluation.results import Interval, of_json
from memlearn.evaluation.scratch import evaluating, scratch_of
from memlearn.store import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.wiring.reports import Progress
from memlearn.wiring.reports_evaluate import EvaluateReport

# `tests/cli/test_evaluate.py` has the fast ones.
pytestmark = pytest.mark.slow

@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return make_rows()


@pytest.fixture(scope="module")
def market(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market that was learned and evaluated once; not to be changed."""
    config = write_market(tmp_path_factory.mktemp("market"), rows)
    memlearn.learn(config)
    return config


@pytest.fixture(scope="module")
def found(market: Path) -> EvaluateReport:
    return memlearn.evaluate(market)


def days(report: EvaluateReport) -> list[date]:
    return [date.fromisoformat(cut.name) for cut in report.evaluation.subject.cuts]


def mean(report: EvaluateReport, method: str, metric: str = "ndcg@10") -> float:
    figure = report.evaluation.method(method).metrics[metric]
    assert isinstance(figure, Interval)
    return figure.mean


def learned(config: Path) -> pl.DataFrame:
    """The runs of the scratch store that published something: run_id, as_of_us."""
    ledger = Ledger(scratch_of(StoreLayout(config.parent / "store")).layout.ledger)
    try:
        return ledger.fetch("select run_id, as_of_us from runs where release_id is not null and as_of_us is not null order by run_id")
    finally:
        ledger.close()


def expected(rows: list[Row], cuts: list[date], until: date) -> dict[str, list[float]]:
    """User → NDCG@10 of what is popular, at each cut at which they have a past and a future."""
    values = defaultdict(list)
    for cut in cuts:
        past, ranked = known_before(rows, cut), popular(rows, cut)
        for user, truth in next_visit(rows, cut, until).items():
            if user in past:
                values[user].append(ndcg(ranked, truth, 10))
    return dict(values)


def test_a_baseline_has_the_figure_that_a_slow_count_gives(found: EvaluateReport, rows: list[Row]) -> None:
    cuts = days(found)
    # Weekly cuts; the validation period ends where the test period begins.
    assert [later - earlier for earlier, later in pairwise(cuts)] == [timedelta(7)]
    values = expected(rows, cuts, cuts[-1] + timedelta(7))
    assert found.evaluation.users.judged == len(values)
    assert found.evaluation.users.rows == sum(map(len, values.values()))
    assert mean(found, "popularity") == pytest.approx(fmean(fmean(own) for own in values.values()), abs=1e-12)


def test_memory_ranks_from_the_release_of_each_cut(market: Path, found: EvaluateReport, rows: list[Row]) -> None:
    values = defaultdict(list)
    cuts = days(found)
    for cut, said in zip(cuts, found.evaluation.subject.cuts, strict=True):
        memlearn_config = market.parent / f"as-of-{cut}.yaml"
        memlearn_config.write_text(market.read_text(encoding="utf-8").replace("store: store", f"store: store-{cut}"), encoding="utf-8")
        # What `learn --as-of` publishes is what the cut was ranked from.
        report = memlearn.learn(memlearn_config, as_of=str(cut))
        assert report.release_id is not None
        assert said.release is not None
        assert report.release_id.partition("-")[2] == said.release.partition("-")[2]
        past = known_before(rows, cut)
        for user, truth in next_visit(rows, cut, cuts[-1] + timedelta(7)).items():
            if user in past:
                answer = memlearn.recommend(memlearn_config, user, k=20, at=str(cut))
                values[user].append(ndcg([item.item_id for item in answer.items], truth, 10))
    assert mean(found, "memlearn") == pytest.approx(fmean(fmean(own) for own in values.values()), abs=1e-12)


def test_favourites_are_found_by_whoever_looks_at_users(found: EvaluateReport) -> None:
    assert mean(found, "decayed_frequency") > mean(found, "popularity") + 0.1
    assert mean(found, "rag") > mean(found, "popularity") + 0.1


def test_the_published_store_is_as_it_was(rows: list[Row], tmp_path: Path) -> None:
    config = write_market(tmp_path, rows)
    memlearn.learn(config)
    before = {path: path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()}
    memlearn.evaluate(config)
    after = {path: path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()}
    assert after == before


def test_nothing_need_be_learned_before(rows: list[Row], found: EvaluateReport, tmp_path: Path) -> None:
    config = write_market(tmp_path, rows)
    alone = memlearn.evaluate(config)
    assert [one.metrics for one in alone.evaluation.methods] == [one.metrics for one in found.evaluation.methods]
    assert not (tmp_path / "store").exists()


def test_what_was_done_is_not_done_again(rows: list[Row], found: EvaluateReport, tmp_path: Path) -> None:
    config = write_market(tmp_path, rows)

    def stop(step: Progress) -> None:
        if (step.stage, step.done) == ("cuts", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        memlearn.evaluate(config, progress=stop)
    first = learned(config)
    assert len(first) == 1
    whole = memlearn.evaluate(config)
    assert whole.evaluation.methods == found.evaluation.methods
    both = learned(config)
    assert both["run_id"].to_list()[:1] == first["run_id"].to_list()
    assert both["as_of_us"].n_unique() == len(both) == 2
    again = memlearn.evaluate(config)
    assert learned(config).equals(both)
    assert again.evaluation.methods == found.evaluation.methods


def test_what_comes_later_changes_nothing_that_was_ranked(rows: list[Row], found: EvaluateReport, tmp_path: Path) -> None:
    """The same cuts over rows whose future is another one: other truth, the same lists."""
    end = days(found)[-1] + timedelta(7)
    config = write_market(tmp_path, [row for row in rows if row.at.date() < end])
    # Whoever bought after the cuts buys something else; how long the data reaches stays as it is.
    shifted = [
        Row(row.user, row.at, ITEMS[(ITEMS.index(row.item) + 7) % 30] if row.item != BAG else BAG) for row in rows if row.at.date() >= end
    ]
    write_rows(tmp_path / "purchases-later.csv", shifted)
    other = memlearn.evaluate(config)
    assert days(other) == days(found)
    for one, own in zip(other.evaluation.methods, found.evaluation.methods, strict=True):
        assert one.metrics == own.metrics
        assert one.coverage == own.coverage


def test_a_final_look_is_at_the_time_after_validation_and_is_logged(rows: list[Row], found: EvaluateReport, tmp_path: Path) -> None:
    config = write_market(tmp_path, rows)
    first = memlearn.evaluate(config, final=True, report=tmp_path / "report")
    assert days(first)[0] == days(found)[-1] + timedelta(7)
    last = max(row.at.date() for row in rows)
    assert first.evaluation.users.judged == len(expected(rows, days(first), last + timedelta(1)))
    assert first.evaluation.subject.final
    assert first.log is not None
    memlearn.evaluate(config, final=True, report=tmp_path / "report")
    lines = [json.loads(line) for line in Path(first.log).read_text(encoding="utf-8").splitlines()]
    assert [line["cuts"] for line in lines] == [[cut.as_of for cut in first.evaluation.subject.cuts]] * 2
    assert lines[0]["figures"]["popularity"]["ndcg@10"][0] == pytest.approx(mean(first, "popularity"), abs=1e-6)
    assert set(lines[0]) == {"date", "version", "data", "config", "config_digest", "cuts", "users", "figures"}
    page = (tmp_path / "report" / "evaluation.html").read_text(encoding="utf-8")
    assert "1 earlier look at test data" in page
    assert Path(first.log).parent == tmp_path / "report"


def test_a_validation_is_not_logged(found: EvaluateReport) -> None:
    assert found.log is None
    assert [path.name for path in sorted(Path(found.page).parent.iterdir())] == ["evaluation.html", "evaluation.json"]


def test_the_document_is_the_evaluation(found: EvaluateReport) -> None:
    held = of_json(json.loads(Path(found.document).read_text(encoding="utf-8")))
    assert held.methods == found.evaluation.methods
    assert EvaluateReport.of_json(json.loads(json.dumps(found.to_json()))) == found


def test_baselines_are_tuned_on_earlier_cuts(found: EvaluateReport) -> None:
    tuning = found.evaluation.method("decayed_frequency").tuning
    assert tuning is not None
    assert len(tuning.tries) == 3
    assert found.evaluation.method("popularity").tuning is None
    earlier = f"{days(found)[0] - timedelta(7)}"
    assert any(earlier in note for note in found.evaluation.protocol.notes if note.startswith("Baselines were tuned"))


def test_without_repeats_nothing_old_is_ranked_or_asked_for(rows: list[Row], tmp_path: Path) -> None:
    config = write_market(tmp_path, rows, more="  repeats: false")
    other = memlearn.evaluate(config)
    for one in other.evaluation.methods:
        share = one.beyond["repeats@10"]
        assert isinstance(share, Interval)
        assert share.mean == 0.0
        assert one.repeat.users == 0


def test_everything_within_a_horizon_can_be_the_truth(rows: list[Row], tmp_path: Path) -> None:
    config = write_market(tmp_path, rows, more="  truth: horizon\n  horizon_days: 3")
    other = memlearn.evaluate(config)
    users = set()
    for cut in days(other):
        held = known_before(rows, cut)
        users |= {row.user for row in rows if row.item != BAG and cut <= row.at.date() < cut + timedelta(3) and row.user in held}
    assert other.evaluation.users.judged == len(users)


def test_the_memory_itself_is_looked_at(found: EvaluateReport) -> None:
    memory = found.evaluation.memory
    assert memory is not None
    assert memory.facts.verified > 50
    assert memory.facts.contradicted == 0
    assert memory.contradictions == 0
    assert memory.staleness.median_days < 60
    held = memory.future["the item itself, as an item fact"]
    assert 0 < held.mean < 1
    assert memory.future["its category, as an item fact"].mean >= held.mean
    assert {block.label for block in memory.blocks} == {"profile", "preferences", "habits", "offers", "changes"}
    assert memory.changes.users > 0


def test_everything_can_be_removed_but_the_report(rows: list[Row], tmp_path: Path) -> None:
    config = write_market(tmp_path, rows)
    report = memlearn.evaluate(config, remove=True)
    root = tmp_path / "store-evaluation"
    assert sorted(path.name for path in root.iterdir()) == ["evaluation.lock", "report"]
    assert Path(report.page).is_file()


def test_two_evaluations_do_not_work_in_one_folder(market: Path) -> None:
    with (
        evaluating(scratch_of(StoreLayout(market.parent / "store"))),
        pytest.raises(BusyError, match="Another evaluation works in"),
    ):
        memlearn.evaluate(market)


def test_too_little_data_says_how_much_there_is(rows: list[Row], tmp_path: Path) -> None:
    config = write_market(tmp_path, [row for row in rows if row.at.date() < date(2025, 1, 9)])
    with pytest.raises(InputError, match=r"The data covers 3 days, 2025-01-06 to 2025-01-08"):
        memlearn.evaluate(config)


def test_an_unknown_baseline_is_named(rows: list[Row], tmp_path: Path) -> None:
    config = write_market(tmp_path, rows)
    text = config.read_text(encoding="utf-8").replace("[popularity,", "[popular,")
    config.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"There is no baseline 'popular' .*; there are popularity, .*rag"):
        memlearn.evaluate(config)


def test_data_without_anything_to_recommend_is_refused(rows: list[Row], tmp_path: Path) -> None:
    config = write_market(tmp_path, rows)
    text = config.read_text(encoding="utf-8").replace("levels: {category: category}", "recommend: false")
    config.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="No item may be recommended"):
        memlearn.evaluate(config)
