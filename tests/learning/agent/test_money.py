from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.learning.agent.money import CapReachedError, Purse, Rates, to_amount, to_units
from memlearn.llm.config import Prices
from memlearn.llm.messages import Usage

PRICES = Prices(input=0.15, cached_input=0.075, output=0.6)


def test_rates_are_exact_and_batches_cost_their_share() -> None:
    assert Rates.of(PRICES) == Rates(150_000, 75_000, 600_000)
    assert Rates.of(PRICES, batch=True) == Rates(75_000, 37_500, 300_000)
    assert Rates.of(Prices(input=3, output=15)) == Rates(3_000_000, 3_000_000, 15_000_000)
    assert Rates.of(Prices(input=1e-7, output=0)) == Rates(1, 1, 0)


def test_cost_of_an_answer_by_hand() -> None:
    cost = Rates.of(PRICES).cost(Usage(input=2_000, output=300, cached=1_500))
    assert to_amount(cost) == Decimal("0.0003675")
    assert to_units(to_amount(cost)) == cost


tokens = st.integers(0, 10**7)
prices = st.builds(Prices, input=st.floats(0, 100), cached_input=st.none() | st.floats(0, 100), output=st.floats(0, 1000))


@given(prices=prices, text=st.text(), cached=tokens, output=tokens, spare=tokens, batch=st.booleans())
def test_no_answer_costs_more_than_its_request_may(prices: Prices, text: str, cached: int, output: int, spare: int, *, batch: bool) -> None:
    """Of a text of n bytes no tokenizer makes more than n tokens."""
    rates, size = Rates.of(prices, batch=batch), len(text.encode())
    usage = Usage(input=min(size, cached), output=output, cached=cached)
    assert rates.cost(usage) <= rates.most(size, output + spare)


def test_what_could_pass_the_cap_is_not_reserved_and_the_message_says_how_to_go_on() -> None:
    purse = Purse(cap=to_units(1), spent=to_units("0.5"))  # type: ignore[arg-type]
    assert purse.reserve(to_units(0.3))
    with pytest.raises(CapReachedError, match=r"up to 0.6; 0.5 are spent and up to 0.3 under way of the cap of 1\. Raise the cap"):
        purse.reserve(to_units(0.6))
    purse.settle(to_units(0.3), to_units(0.1))
    assert purse.reserve(to_units(0.3))
    purse.settle(to_units(0.3), None)
    assert (to_amount(purse.spent), purse.reserved) == (Decimal("0.9"), 0)


def test_what_may_fit_once_others_are_settled_is_told_to_wait() -> None:
    purse = Purse(cap=to_units(1))
    assert purse.reserve(to_units(0.6))
    assert not purse.reserve(to_units(0.6))
    assert purse.reserved == to_units(0.6)
    purse.settle(to_units(0.6), to_units(0.4))
    assert purse.reserve(to_units(0.6))


@pytest.mark.parametrize("seed", range(8))
def test_spending_never_passes_the_cap_however_many_spend_at_once(seed: int) -> None:
    random = Random(seed)
    cap = random.randrange(1, 10**6)
    purse = Purse(cap)

    def spend(number: int) -> bool:
        mine = Random(f"{seed} {number}")
        most = mine.randrange(0, cap // 3 + 2)
        try:
            if not purse.reserve(most):
                return False
        except CapReachedError:
            return False
        purse.settle(most, mine.choice([None, 0, mine.randrange(0, most + 1)]))
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(spend, range(500)))
    assert 0 < sum(done) < 500
    assert purse.spent <= cap
    assert purse.reserved == 0


def test_without_a_cap_everything_is_counted() -> None:
    purse = Purse()
    purse.reserve(10**30)
    purse.settle(10**30, None)
    assert purse.spent == 10**30
