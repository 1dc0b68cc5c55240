"""What every baseline keeps: shapes, determinism, and no difference whoever else is asked about; and fair tuning."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from histories import histories, history_of
from hypothesis import given, settings
from threadpoolctl import threadpool_limits

from memlearn.errors import UsageError
from memlearn.evaluation.baselines import METHODS, NEVER, Method, Scorer, tune
from memlearn.evaluation.baselines.methods import spread
from memlearn.ranking.history import History, make_history

SOURCE = str(Path(__file__).parents[3] / "src")
AVAILABLE = [method for method in METHODS if method.missing() is None]
every_method = pytest.mark.parametrize("method", AVAILABLE, ids=lambda method: method.name)


def drawn(seed: int, users: int = 700, items: int = 90) -> History:
    """A skewed history, larger than a block of users."""
    random = np.random.default_rng(seed)
    rows = users * 12
    user = random.integers(0, users, rows)
    item = np.minimum(random.geometric(0.05, rows), items - 1)
    basket = random.integers(0, 5, rows)
    return make_history(users, items, user, basket, item, basket * 7.0 + 1)


@every_method
@given(history=histories())
@settings(max_examples=15, deadline=None)
def test_any_history_is_scored(method: Method[Any], history: History) -> None:
    scorer = method.fit(history, method.settings(history)[0])
    users = np.arange(history.users, dtype=np.int32)
    found = scorer.scores(users)
    assert (found.dtype, found.shape) == (np.float32, (history.users, history.items))
    assert not np.isnan(found).any()
    assert (found < np.inf).all()
    assert scorer.scores(users[:0]).shape == (0, history.items)


@every_method
def test_every_setting_can_be_fitted(method: Method[Any]) -> None:
    history = drawn(1, 60, 20)
    settings = method.settings(history)
    assert len(set(settings)) == len(settings)
    for setting in settings[:12]:
        found = method.fit(history, setting).scores(np.arange(5, dtype=np.int32))
        assert not np.isnan(found).any()


@every_method
def test_batches_and_threads_do_not_change_a_bit(method: Method[Any]) -> None:
    history = drawn(2)
    setting = method.settings(history)[0]
    everybody = np.arange(history.users, dtype=np.int32)
    with threadpool_limits(limits=2):
        whole = method.fit(history, setting).scores(everybody)
    with threadpool_limits(limits=1):
        scorer = method.fit(history, setting)
        parts = np.concatenate([scorer.scores(part) for part in np.array_split(everybody, 9)])
        backwards = scorer.scores(everybody[::-1].copy())[::-1]
    assert np.array_equal(whole, parts)
    assert np.array_equal(whole, backwards)


@every_method
def test_a_user_who_bought_nothing_gets_what_is_popular_or_nothing(method: Method[Any]) -> None:
    history = drawn(3)
    extended = make_history(history.users + 1, history.items, history.user, history.basket, history.item, history.time)
    found = method.fit(extended, method.settings(extended)[0]).scores(np.array([history.users], dtype=np.int32))[0]
    popularity = history.baskets_by_item()
    known = found > NEVER
    order = np.lexsort((np.arange(history.items), -popularity, -found))
    assert not known.any() or np.array_equal(popularity[order], -np.sort(-popularity)) or method.name == "recent_popularity"


def test_names_are_told_apart() -> None:
    assert len({method.name for method in METHODS}) == len({method.title for method in METHODS}) == len(METHODS) == 13


@pytest.mark.slow
def test_a_process_of_its_own_gives_the_same_bits() -> None:
    script = (
        "import hashlib, numpy as np\n"
        "from memlearn.evaluation.baselines import METHODS\n"
        "from memlearn.ranking.history import make_history\n"
        "random = np.random.default_rng(4)\n"
        "h = make_history(200, 40, random.integers(0, 200, 3000), random.integers(0, 6, 3000), random.geometric(0.1, 3000) % 40)\n"
        "for m in METHODS:\n"
        "    if m.missing() is None:\n"
        "        print(m.name, hashlib.md5(m.fit(h, m.settings(h)[0]).scores(np.arange(200, dtype=np.int32)).tobytes()).hexdigest())\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env={"OPENBLAS_NUM_THREADS": n, "PYTHONPATH": SOURCE},
        )
        for n in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.splitlines()) == len(AVAILABLE)


@dataclass(frozen=True)
class Dial:
    number: int = 3
    letter: str = "a"
    fixed: float = 1.5


def test_settings_start_with_the_published_ones_and_cover_the_grid() -> None:
    found = spread([Dial(7, "z"), Dial(2, "b")], {"number": (1, 2, 3, 4), "letter": ("a", "b", "c")})
    assert found[:2] == (Dial(7, "z"), Dial(2, "b"))
    assert len(found) == 1 + 12
    assert {(one.number, one.letter) for one in found[1:]} == {(number, letter) for number in (1, 2, 3, 4) for letter in "abc"}
    # From the start every value comes up, and not one field after the other.
    assert {one.number for one in found[2:6]} == {1, 2, 3, 4}
    assert len({one.letter for one in found[2:6]}) > 1


def dial_method(fitted: list[Dial]) -> Method[Dial]:
    def fit(history: History, parameters: Dial) -> Scorer:
        del history
        fitted.append(parameters)
        return parameters  # type: ignore[return-value]

    return Method("dial", "Dial", fit, lambda _: tuple(Dial(number) for number in (5, 1, 9, 9, 2)))


def test_tuning_keeps_the_first_of_the_best_and_tells_every_try() -> None:
    fitted: list[Dial] = []
    empty = make_history(0, 0, [], [], [])
    found = tune(dial_method(fitted), empty, lambda scorer: -abs(scorer.number - 7), tries=4)  # type: ignore[attr-defined]
    assert found.best is fitted[0]
    assert (found.method, found.value) == ("dial", -2)
    assert [(one.parameters.number, one.value) for one in found.tries] == [(5, -2), (1, -6), (9, -2), (9, -2)]


def test_tuning_that_cannot_be_is_refused() -> None:
    empty = make_history(0, 0, [], [], [])
    with pytest.raises(UsageError, match="0 tries"):
        tune(dial_method([]), empty, lambda _: 0.0, tries=0)
    with pytest.raises(UsageError, match="needs users with truth"):
        tune(dial_method([]), empty, lambda _: float("nan"))
    broken = Method("broken", "Broken", dial_method([]).fit, dial_method([]).settings, lambda: "It is not here.")
    with pytest.raises(UsageError, match="It is not here"):
        tune(broken, empty, lambda _: 0.0)


@every_method
def test_the_budget_is_the_same_for_all(method: Method[Any]) -> None:
    history = history_of([[[0, 1], [1]], [[1, 2], [0]], [[2]]], 3)
    found = tune(method, history, lambda scorer: float(scorer.scores(np.array([0], dtype=np.int32))[0, 1]), tries=8)
    assert len(found.tries) == min(8, len(method.settings(history)))
    assert found == tune(method, history, lambda scorer: float(scorer.scores(np.array([0], dtype=np.int32))[0, 1]), tries=8)
    tunable = not method.name.endswith(("popularity", "freq", "oldest")) or method.name == "recent_popularity"
    assert len(found.tries) == (8 if tunable else 1)
