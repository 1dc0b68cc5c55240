"""What requests cost at most, and a hard cap on what a run spends.

Money is counted in whole picodollars (10^-12 of the prices' currency), so that sums are exact: a price of 0.15 for a
million tokens is 150,000 of them a token. A request's greatest cost is reserved before it is sent; the reservation is
replaced by what the answer cost, and kept where nobody can say what it cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from threading import Lock

from memlearn.errors import MemlearnError
from memlearn.llm.config import Prices
from memlearn.llm.messages import Usage

UNIT = 10**12
_TOKENS = 1_000_000


class CapReachedError(MemlearnError):
    """The next request could pass the cap, whatever those under way cost; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Cost of one token, in units.

    Args:
        input: of a token of the request.
        cached: of one that the provider took from its cache.
        output: of a token of the answer.
    """

    input: int
    cached: int
    output: int

    @classmethod
    def of(cls, prices: Prices, *, batch: bool = False) -> Rates:
        """The rates of configured prices, rounded up to whole units.

        Args:
            prices: for a million tokens.
            batch: True: at the price of batches.
        """
        share = Decimal(str(prices.batch_share)) if batch else Decimal(1)
        cached = prices.input if prices.cached_input is None else prices.cached_input
        return cls(*(_rate(price, share) for price in (prices.input, cached, prices.output)))

    def most(self, input_bytes: int, output_tokens: int) -> int:
        """The most that a request may cost.

        Args:
            input_bytes: UTF-8 bytes of all that is sent; no tokenizer makes more tokens than bytes.
            output_tokens: the limit of the answer's tokens that the request names.
        """
        return input_bytes * max(self.input, self.cached) + output_tokens * self.output

    def cost(self, usage: Usage) -> int:
        """What an answer cost, by the provider's own count of tokens."""
        cached = min(usage.cached, usage.input)
        return (usage.input - cached) * self.input + cached * self.cached + usage.output * self.output


def _rate(price: float, share: Decimal) -> int:
    return int((Decimal(str(price)) * share * UNIT / _TOKENS).to_integral_value(ROUND_CEILING))


def to_units(amount: float | Decimal) -> int:
    """An amount of the prices' currency in units, rounded down."""
    return int(Decimal(str(amount)) * UNIT)


def to_amount(units: int) -> Decimal:
    """Units as an amount of the prices' currency."""
    return Decimal(units) / UNIT


class Purse:
    """What a run has spent and reserved, under a cap. Several threads may use it.

    Args:
        cap: units that may be spent in all; None: no cap.
        spent: units that count as spent already: what earlier attempts of this run cost, or may have cost.
    """

    def __init__(self, cap: int | None = None, spent: int = 0) -> None:
        self._cap = cap
        self._spent = spent
        self._reserved = 0
        self._lock = Lock()

    @property
    def spent(self) -> int:
        """Units spent, or kept where the cost is unknown."""
        return self._spent

    @property
    def reserved(self) -> int:
        """Units reserved for requests under way."""
        return self._reserved

    def reserve(self, most: int) -> bool:
        """Set aside what a request costs at most.

        Returns:
            False: it fits only once something that is under way has cost less than is reserved for it; nothing was set aside.

        Raises:
            CapReachedError: with what is spent already it could pass the cap, whatever becomes of the requests under way.
        """
        with self._lock:
            if self._cap is not None and self._spent + most > self._cap:
                under_way = f" and up to {to_amount(self._reserved):f} under way" if self._reserved else ""
                raise CapReachedError(
                    f"The next request may cost up to {to_amount(most):f}; {to_amount(self._spent):f} are spent{under_way} "
                    f"of the cap of {to_amount(self._cap):f}. Raise the cap to go on from here; what is done stays done."
                )
            if self._cap is not None and self._spent + self._reserved + most > self._cap:
                return False
            self._reserved += most
            return True

    def settle(self, most: int, cost: int | None) -> None:
        """Replace a reservation by the cost.

        Args:
            most: as it was reserved.
            cost: what it cost; 0: it was not charged; None: nobody can say, so the whole reservation counts as spent.
        """
        with self._lock:
            self._reserved -= most
            self._spent += most if cost is None else cost
