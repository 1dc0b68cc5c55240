"""RAG takes what reads like the latest basket, as much as fits, and counts it."""

from __future__ import annotations

import math
import re
from collections import Counter

import numpy as np
import pytest
from histories import histories, history_of, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.evaluation.baselines import METHODS, make_rag, tune
from memlearn.evaluation.baselines.frequency import DecayedFrequencyParameters, fit_decayed_frequency
from memlearn.evaluation.baselines.rag import REQUEST, RagParameters, fit_rag
from memlearn.ranking.history import History

WORDS = ["oat milk", "cow milk", "rye bread", "what a soap", "", "Milk"]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def slowly(history: History, texts: list[str], budgets: list[int], parameters: RagParameters) -> list[dict[int, float]]:
    """Item → score, for each user, by the words of the docstring."""
    units = [
        [
            (number, [word for item in basket for word in words(texts[item])], sum(len(texts[item].encode()) + 1 for item in basket))
            for number, basket in enumerate(own)
        ]
        for own in plain(history)
    ]
    everything = [unit for own in units for unit in own]
    lengths = [len(tokens) for _, tokens, _ in everything]
    average = sum(lengths) / max(len(lengths), 1)
    holding = Counter(word for _, tokens, _ in everything for word in set(tokens))
    known = {word for text in texts for word in words(text)}
    found = []
    for user, own in enumerate(units):
        query = Counter(own[-1][1]) if own else Counter()
        if parameters.request:
            query.update(word for word in words(REQUEST) if word in known)

        def score(tokens: list[str], query: Counter[str] = query) -> float:
            count, total = Counter(tokens), 0.0
            for word, times in query.items():
                if count[word]:
                    rarity = math.log(1 + (len(everything) - holding[word] + 0.5) / (holding[word] + 0.5))
                    norm = 1 - parameters.length + parameters.length * len(tokens) / max(average, 1e-9)
                    total += times * rarity * count[word] * (parameters.saturation + 1) / (count[word] + parameters.saturation * norm)
            return total

        ranked = sorted(own, key=lambda unit: (-round(score(unit[1]), 9), -unit[0]))
        spent, taken = 0, []
        for place, (number, _, size) in enumerate(ranked):
            spent += size
            if place and spent > budgets[user]:
                break
            taken.append(number)
        sums: dict[int, float] = {}
        for number in taken:
            for item in plain(history)[user][number]:
                sums[item] = sums.get(item, 0.0) + parameters.decay ** (len(own) - 1 - number)
        found.append(sums)
    return found


@given(histories(), st.sampled_from([0, 5, 20, 40, 10_000]), st.sampled_from([0.5, 0.9, 1.0]), st.sampled_from([0.0, 0.75]), st.booleans())
@settings(deadline=None)
def test_it_does_what_it_says(history: History, budget: int, decay: float, length: float, request_too: bool) -> None:  # noqa: FBT001
    texts = WORDS[: history.items]
    parameters = RagParameters(decay=decay, length=length, request=request_too)
    scorer = fit_rag(history, parameters, texts, np.full(history.users, budget))
    scores = scorer.scores(np.arange(history.users, dtype=np.int32))
    expected = slowly(history, texts, [budget] * history.users, parameters)
    for user, sums in enumerate(expected):
        assert {item: pytest.approx(value, rel=1e-6) for item, value in sums.items()} == {
            item: score for item, score in enumerate(scores[user].tolist()) if score
        }


@given(histories())
@settings(deadline=None)
def test_with_room_for_everything_it_is_decayed_frequency(history: History) -> None:
    texts = WORDS[: history.items]
    everybody = np.arange(history.users, dtype=np.int32)
    ours = fit_rag(history, RagParameters(decay=0.8), texts, np.full(history.users, 10**9)).scores(everybody)
    theirs = fit_decayed_frequency(history, DecayedFrequencyParameters(0.8)).scores(everybody)
    assert np.array_equal(ours, theirs)


def test_a_small_budget_takes_what_reads_like_the_latest_basket() -> None:
    # Bread twice, long ago; the latest basket is milk, and so is one before it.
    history = history_of([[[0], [2], [2], [1]]], 4)
    texts = ["oat milk", "cow milk", "rye bread", "soap"]
    budget = np.array([len("oat milk") + len("cow milk") + 2])
    scores = fit_rag(history, RagParameters(decay=1.0, request=False), texts, budget).scores(np.array([0], dtype=np.int32))
    assert scores.tolist() == [[1.0, 1.0, 0.0, 0.0]]


def test_it_is_tuned_like_the_others() -> None:
    history = history_of([[[0], [1], [0, 2]], [[1], [1]]], 3)
    method = make_rag(WORDS[:3], np.array([100, 100]))
    assert method.name not in {one.name for one in METHODS}
    tuned = tune(method, history, lambda scorer: float(scorer.scores(np.array([0], dtype=np.int32))[0, 0]), tries=6)
    assert len(tuned.tries) == 6
    assert tuned.best.decay == 1.0


def test_texts_and_budgets_have_to_fit() -> None:
    history = history_of([[[0]]], 2)
    with pytest.raises(UsageError, match="Texts of 1 items and budgets of 1 users do not fit a history of 2 items and 1 users"):
        fit_rag(history, RagParameters(), ["one"], np.array([1]))
