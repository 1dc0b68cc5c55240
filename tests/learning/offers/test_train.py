"""Training the ranker of offers: nothing of the future, shares drawn towards their parents, rising features never lower the chance."""

from __future__ import annotations

import numpy as np

from memlearn.learning.offers.train import figures_of, fit_logistic, make_examples, train, windows_of
from memlearn.ranking.offers import NEVER, Attribute, Encoding, OfferFigures, Sends

DAY = 1440
END = 100 * DAY


def some_sends(users: int = 400, each: int = 6, seed: int = 1) -> Sends:
    draw = np.random.default_rng(seed)
    item = draw.integers(0, 4, users * each)
    sent = np.tile(np.arange(each) * 10 * DAY, users) + draw.integers(0, DAY, users * each)
    likes = np.repeat(draw.random(users) < 0.5, each)
    came = draw.random(users * each) < np.where(likes, 0.7, 0.15) * np.where(item == 3, 0.4, 1.0)
    answered = np.where(came, sent + draw.integers(60, 3 * DAY, users * each), NEVER)
    return Sends(np.arange(0, users * each + 1, each), item, sent, answered)


LEVELS = np.array([[0, 0, 1, 1]])


def known(sends: Sends, end: int = END, min_users: int = 5) -> OfferFigures:
    return figures_of(sends, windows_of(sends, 4, 30 * DAY), LEVELS, end, min_users)


def test_an_offer_counts_as_let_pass_after_nearly_all_answers_came() -> None:
    windows = windows_of(some_sends(), 4, 30 * DAY)
    assert ((windows > 2.8 * DAY) & (windows <= 3 * DAY)).all()
    assert windows_of(some_sends(), 4, DAY).tolist() == [DAY] * 4


def test_shares_are_drawn_towards_the_level_above_and_few_users_tell_nothing() -> None:
    figures = known(some_sends())
    share = figures.of_items.answered / figures.of_items.sent
    rates = figures.rates()
    assert np.abs(rates - share).max() < 0.02
    nothing = known(some_sends(), min_users=10_000)
    assert nothing.of_items.sent.tolist() == [0] * 4
    assert np.ptp(nothing.rates()) == 0


def test_nothing_that_came_later_is_seen() -> None:
    """What is cut off at any later moment leaves the features of earlier sends as they are."""
    sends = some_sends()
    until = 35 * DAY
    later = sends.sent >= until
    forgotten = Sends(sends.starts, sends.item, sends.sent, np.where(later | (sends.answered >= until), NEVER, sends.answered))
    figures, none = known(sends), Encoding()
    persons = np.zeros((400, 0))
    whole, cut = (make_examples(which, figures, persons, none, END) for which in (sends, forgotten))
    before = whole.at < until
    assert before.any()
    assert (whole.at == cut.at).all()
    np.testing.assert_array_equal(whole.features.values[before], cut.features.values[before])
    # And what is open at the end teaches nothing.
    assert make_examples(sends, figures, persons, none, 45 * DAY).at.max() + figures.window.min() <= 45 * DAY


def test_who_answers_is_learned_and_more_answers_never_lower_the_chance() -> None:
    sends, none = some_sends(), Encoding()
    examples = make_examples(sends, known(sends), np.zeros((400, 0)), none, END)
    trained = train(examples, none)
    assert trained is not None
    assert trained.validation[trained.setting] == min(trained.validation.values())
    values = examples.features.take(trained.model.features)
    for name in ("own_gain", "rate", "same_gain"):
        column, steps = trained.model.features.index(name), np.linspace(-1, 1, 21)
        tried = np.repeat(values[:50], len(steps), axis=0)
        tried[:, column] = np.tile(steps, 50)
        chances = trained.model.logits(tried).reshape(50, -1)
        assert (np.diff(chances, axis=1) >= -1e-6).all()
    moved = trained.model.contributions(values)
    logits = trained.model.logits(values)
    assert np.ptp(logits - moved.sum(axis=1)) < 1e-4
    assert logits[examples.answered].mean() > logits[~examples.answered].mean() + 0.5


def test_few_answers_give_a_regression_and_fewer_nothing() -> None:
    none = Encoding()
    some, few = some_sends(users=60), some_sends(users=15)
    trained = train(make_examples(some, known(some), np.zeros((60, 0)), none, END), none)
    assert trained is not None
    assert trained.setting == "logistic"
    assert train(make_examples(few, known(few), np.zeros((15, 0)), none, END), none) is None


def test_weights_of_rising_features_are_not_negative() -> None:
    draw = np.random.default_rng(2)
    values = draw.normal(size=(500, 2))
    answered = draw.random(500) < 1 / (1 + np.exp(2 * values[:, 0] - values[:, 1]))
    values[::7, 1] = np.nan
    assert fit_logistic(values, answered, [True, True]).weights[0] == 0
    assert fit_logistic(values, answered, [False, True]).weights[0] < -1


def test_what_was_alike_in_training_says_nothing_and_what_was_never_seen_little() -> None:
    draw = np.random.default_rng(2)
    values = np.column_stack([draw.normal(size=500), np.full(500, np.log(60.1)), 40 + 0.02 * draw.random(500)])
    answered = draw.random(500) < 1 / (1 + np.exp(-values[:, 0] - 100 * (values[:, 2] - 40)))
    fitted = fit_logistic(values, answered, [False, False, False])
    moved = fitted.contributions(np.array([[0.0, 4.0, 40.01], [0.0, 5.0, 60.0]]))
    assert (np.abs(moved[:, 1]) < 1e-6).all()
    assert 0 < moved[1, 2] < 5


def test_how_many_attributes_are_known_of_a_user_is_seen() -> None:
    sends, encoding = some_sends(), Encoding((Attribute("income", "number", {}), Attribute("town", "shares", {"Bari": 0.3})))
    persons = np.full((400, 2), np.nan)
    persons[:200, 0], persons[:100, 1] = 50_000, 0.3
    features = make_examples(sends, known(sends), persons, encoding, END).features
    assert sorted(set(features.take(["person:"]).ravel().tolist())) == [0, 1, 2]
    assert "person:" not in make_examples(sends, known(sends), np.zeros((400, 0)), Encoding(), END).features.names


def test_attributes_become_numbers() -> None:
    assert Attribute("income", "number", {}).number("72000") == 72000
    assert Attribute("since", "date", {}).number("1970-01-11") == 10
    assert Attribute("town", "shares", {"Bari": 0.3}).number("Bari") == 0.3
    assert np.isnan(
        [
            Attribute("income", "number", {}).number("much"),
            Attribute("town", "shares", {}).number("Rome"),
            Attribute("x", "date", {}).number(None),
        ]
    ).all()
