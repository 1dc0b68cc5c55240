"""Training on users' own histories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memlearn.learning.ranker.examples import RankerConfig, Shared, make_examples, rank_candidates
from memlearn.learning.ranker.facts import facts_of
from memlearn.learning.ranker.train import train_ranker
from memlearn.ranking.history import History, make_history, split_last
from memlearn.ranking.learned.model import RankModel, Training

ITEMS = 60
NO_LEVELS = np.zeros((0, ITEMS), dtype=np.int64)
CONFIG = RankerConfig(close=15, popular=10, tried=(Training(trees=30, leaves=7, leaf_rows=20, threads=1),), min_users=2)


def shoppers(users: int, seed: int = 0) -> History:
    """Users with two staples each that they buy every second visit in turn, a partner item after it, and chance items."""
    draw = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        one, two = draw.choice(20, 2, replace=False)
        for visit in range(draw.integers(6, 12)):
            due = one if visit % 2 == 0 else two
            rows += [(user, visit, item) for item in {due, *draw.integers(20, ITEMS, 3).tolist()}]
    user, visit, item = (list(column) for column in zip(*rows, strict=True))
    return make_history(users, ITEMS, user, visit, item)


def hits(history: History, model: str, config: RankerConfig) -> float:
    """Share of users whose due staple is ranked first."""
    before, truth = split_last(history)
    facts = facts_of(before, config.kept)
    shared = Shared.of(before, facts, NO_LEVELS, config.min_users)
    ranker, found = RankModel(model), []
    for part in rank_candidates(facts, shared, np.ones(history.users, dtype=np.bool_), config):
        scores = ranker.scores(part.features)
        for user in np.unique(part.owner):
            mine = np.flatnonzero(part.owner == user)
            best = part.item[mine[np.argmax(scores[mine])]]
            found.append(bool(np.any((truth.user == user) & (truth.item == best) & (truth.item < 20))))
    return float(np.mean(found))


def test_what_is_due_is_learned() -> None:
    trained, _ = train_ranker(shoppers(400), NO_LEVELS, CONFIG)
    assert trained is not None
    # Other users than those it was learned from; by what is bought most often it would be every second one.
    assert hits(shoppers(200, seed=1), trained.model, CONFIG) > 0.9


def test_the_same_histories_give_the_same_model() -> None:
    (first, fresh), (again, fresh_again) = (train_ranker(shoppers(250), NO_LEVELS, CONFIG) for _ in range(2))
    assert fresh is not None
    assert fresh == fresh_again
    assert first is not None
    assert again is not None
    assert first.model == again.model


def companions_shoppers(users: int, seed: int = 0) -> History:
    """Users who buy three chance items of their half again and again, and on each visit one of their half that is new to them."""
    draw = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        half = 30 * (user % 2)
        order = half + draw.permutation(30)
        rows += [(user, visit, int(item)) for visit in range(8) for item in (*order[:3], order[3 + visit])]
    user, visit, item = (list(column) for column in zip(*rows, strict=True))
    return make_history(users, ITEMS, user, visit, item)


def test_what_is_new_to_a_user_is_learned_by_itself() -> None:
    config = replace(CONFIG, close=40, popular=60)
    whole, fresh = train_ranker(companions_shoppers(300), NO_LEVELS, config)
    assert whole is not None
    assert fresh is not None
    history = companions_shoppers(100, seed=1)
    before, _ = split_last(history)
    facts = facts_of(before, config.kept)
    model, found = RankModel(fresh.model), []
    for part in rank_candidates(facts, Shared.of(before, facts, NO_LEVELS, 2), np.ones(100, dtype=np.bool_), config):
        new = part.features[:, 0] == 0
        scores = model.scores(part.features)
        for user in np.unique(part.owner):
            mine = np.flatnonzero((part.owner == user) & new)
            found.append(part.item[mine[np.argmax(scores[mine])]] // 30 == user % 2)
    # Of the other half nothing is ever bought.
    assert np.mean(found) > 0.95


def test_too_few_visits_train_nothing() -> None:
    assert train_ranker(shoppers(20), NO_LEVELS, replace(CONFIG, visits=1)) == (None, None)
    assert train_ranker(make_history(3, ITEMS, [], [], []), NO_LEVELS, CONFIG) == (None, None)


def test_no_answer_is_among_what_it_is_learned_from() -> None:
    history = shoppers(100)
    last = history.ages() == 0
    # Had the last visits held other items, candidates and features would be the same.
    other = history.item.copy()
    other[last] = ITEMS - 1 - other[last]
    changed = make_history(history.users, ITEMS, history.user, history.basket, other)
    one, two = (make_examples(of, NO_LEVELS, CONFIG, 1) for of in (history, changed))
    both = np.intersect1d(np.unique(one.owner), np.unique(two.owner))
    assert len(both) > 50
    for name in ("item", "features"):
        np.testing.assert_array_equal(*(getattr(of, name)[np.isin(of.owner, both)] for of in (one, two)))


def test_several_visits_of_a_user_are_groups_of_their_own() -> None:
    examples = make_examples(shoppers(60), NO_LEVELS, CONFIG, 3)
    bought, groups = examples.bought, examples.group
    edges = np.flatnonzero(np.diff(groups)) + 1
    starts = np.concatenate(([0], edges))
    assert len(np.unique(groups)) == len(starts)
    assert len(starts) > 120
    # In every group something was bought.
    assert np.add.reduceat(bought.astype(int), starts).min() >= 1
    assert len(examples.item) == len(bought) == len(groups)


def test_of_what_was_not_bought_a_sample_is_learned_from_and_everything_is_judged() -> None:
    history, config = shoppers(600), replace(CONFIG, others=6, held=100)
    examples = make_examples(history, NO_LEVELS, config, 1)
    whole = make_examples(history, NO_LEVELS, replace(config, held=10_000), 1)
    held = examples.fold < examples.left_out
    assert 0.15 < np.mean(np.isin(np.unique(examples.owner), examples.owner[held])) < 0.25
    number, of = np.unique(examples.group, return_inverse=True)
    taught = np.bincount(of, weights=examples.taught & ~examples.bought)
    assert taught.max() == 6
    assert np.bincount(of, weights=examples.bought, minlength=len(number)).min() >= 1
    # Of users on whom settings are compared all candidates stand there, of others what is learned from.
    assert examples.taught[~held].all()
    for user in np.unique(examples.owner[held]):
        np.testing.assert_array_equal(examples.item[examples.owner == user], whole.item[whole.owner == user])
    # The sample is spread over the candidates, and the same for both.
    both = np.isin(whole.owner, examples.owner) & whole.taught
    np.testing.assert_array_equal(whole.item[both], examples.item[examples.taught])


def test_of_several_settings_the_better_one_is_taken() -> None:
    poor, good = Training(trees=1, leaves=2, leaf_rows=2000, threads=1), CONFIG.tried[0]
    trained, _ = train_ranker(shoppers(400), NO_LEVELS, replace(CONFIG, tried=(poor, good)))
    assert trained is not None
    assert trained.training == good
    assert trained.validation[1] > trained.validation[0]


def test_users_whose_numbers_have_gaps_are_left_out_in_turn() -> None:
    history = shoppers(600)
    even = history.kept(history.user % 2 == 0)
    tried = (Training(trees=1, leaves=2, leaf_rows=2000, threads=1), CONFIG.tried[0])
    trained, _ = train_ranker(even, NO_LEVELS, replace(CONFIG, tried=tried))
    assert trained is not None
    assert trained.training == CONFIG.tried[0]
