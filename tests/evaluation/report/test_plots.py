from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from memlearn.evaluation.report.figures import change, metric_title, number, p_value, signed
from memlearn.evaluation.report.plots import scale

values = st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-9)


@given(st.lists(values, max_size=8))
def test_a_scale_holds_every_value_between_few_round_ticks(given_values: list[float]) -> None:
    found = scale(given_values)
    slack = 1e-6 * (found.high - found.low)
    assert all(found.low - slack <= value <= found.high + slack for value in given_values)
    assert 2 <= len(found.ticks) <= 8
    assert (found.ticks[0], found.ticks[-1]) == (found.low, found.high)
    step = found.ticks[1] - found.ticks[0]
    assert any(math.isclose(step / 10 ** math.floor(math.log10(step) + 1e-9), factor, rel_tol=1e-6) for factor in (1, 2, 2.5, 5))


def test_places_run_from_end_to_end() -> None:
    found = scale([0.0, 0.37])
    assert found.ticks == (0.0, 0.1, 0.2, 0.1 * 3, 0.4)
    assert found.at(0.0, 10, 100) == 10
    assert found.at(0.2, 10, 100) == 60
    assert found.at(0.4, 10, 100) == 110


def test_figures_read_well() -> None:
    assert number(0.14399) == "0.1440"
    assert number(12.346, "novelty@10") == "12.35"
    assert signed(-0.01) == "\N{MINUS SIGN}0.0100"
    assert signed(0.0123) == "+0.0123"
    assert signed(-0.00001) == "0.0000"
    assert change(1.1111).replace("\N{NO-BREAK SPACE}", " ") == "+11.1 %"
    assert change(0.95).replace("\N{NO-BREAK SPACE}", " ") == "\N{MINUS SIGN}5.0 %"
    assert p_value(0.0002) == "< 0.001"
    assert p_value(0.0496) == "0.050"
    assert metric_title("ndcg@10") == "NDCG@10"
    assert metric_title("ndcg_cut@10") == "NDCG, cut ideal, @10"
