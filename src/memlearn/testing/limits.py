"""Rate limits: token buckets, and the headers in which they are told."""

from __future__ import annotations

import math

from memlearn.testing.api_error import ApiError
from memlearn.testing.settings import RateLimit

_SECOND = 1000
# Seconds that rounding of sums may leave of a wait that is over.
_NO_WAIT = 1e-9


class Bucket:
    """Holds at most `capacity`, fills by `per_second`.

    Args:
        per_second: how fast it fills.
        capacity: what it holds; it is full at the start.
        now: seconds on any clock.
    """

    def __init__(self, per_second: float, capacity: float, now: float) -> None:
        self.per_second = per_second
        self.capacity = capacity
        self._level = capacity
        self._at = now

    def level(self, now: float) -> float:
        """What is in it."""
        self._level = min(self.capacity, self._level + (now - self._at) * self.per_second)
        self._at = now
        return self._level

    def wait(self, amount: float, now: float) -> float:
        """Seconds until an amount is there; infinite for more than it holds."""
        missing = amount - self.level(now)
        if amount > self.capacity:
            return math.inf
        return max(0.0, missing / self.per_second)

    def take(self, amount: float) -> None:
        """Take an amount out."""
        self._level -= amount


class RateLimits:
    """The limits of an account."""

    def __init__(self, limit: RateLimit, now: float) -> None:
        self._limit = limit
        self._buckets: dict[str, Bucket] = {}
        self.refill(now)

    def refill(self, now: float) -> None:
        """Fill all buckets."""
        rates = {"requests": self._limit.requests_per_minute, "tokens": self._limit.tokens_per_minute}
        seconds = self._limit.burst_seconds
        self._buckets = {name: Bucket(rate / 60, max(1.0, rate / 60 * seconds), now) for name, rate in rates.items() if rate is not None}

    def take(self, tokens: int, now: float) -> dict[str, str]:
        """Let one request through.

        Args:
            tokens: of its prompt and at most of its reply.
            now: seconds on the clock of the buckets.

        Returns:
            Headers of the answer.

        Raises:
            ApiError: it has to wait (429).
        """
        amounts = {"requests": 1.0, "tokens": float(tokens)}
        waits = {name: bucket.wait(amounts[name], now) for name, bucket in self._buckets.items()}
        longest = max(waits, key=lambda name: waits[name], default=None)
        if longest is not None and waits[longest] > _NO_WAIT:
            raise self._refusal(longest, amounts[longest], waits[longest], now)
        for name, bucket in self._buckets.items():
            bucket.take(amounts[name])
        return self._headers(now)

    def _refusal(self, name: str, amount: float, wait: float, now: float) -> ApiError:
        bucket = self._buckets[name]
        told = f"Limit {bucket.per_second * 60:g}, Used {bucket.capacity - bucket.level(now):.0f}, Requested {amount:.0f}."
        if math.isinf(wait):
            message = (
                f"Request too large on {name} per min. {told} The input or output tokens must be reduced in order to run successfully."
            )
            return ApiError(429, message, code="rate_limit_exceeded", headers=self._headers(now))
        message = f"Rate limit reached on {name} per min. {told} Please try again in {duration(wait)}."
        return ApiError(429, message, code="rate_limit_exceeded", headers=self._headers(now) | retry_headers(wait))

    def _headers(self, now: float) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, bucket in self._buckets.items():
            level = bucket.level(now)
            found[f"x-ratelimit-limit-{name}"] = f"{bucket.per_second * 60:.0f}"
            found[f"x-ratelimit-remaining-{name}"] = f"{max(0.0, math.floor(level)):.0f}"
            found[f"x-ratelimit-reset-{name}"] = duration((bucket.capacity - level) / bucket.per_second)
        return found


def retry_headers(seconds: float) -> dict[str, str]:
    """When to try again, in whole seconds and in milliseconds."""
    return {"retry-after": str(math.ceil(seconds)), "retry-after-ms": str(math.ceil(seconds * 1000))}


def duration(seconds: float) -> str:
    """A duration as the headers tell it: `20ms`, `1.5s`, `6m0s`."""
    milliseconds = math.ceil(seconds * 1000)
    if milliseconds < _SECOND:
        return f"{milliseconds}ms"
    if milliseconds < 60 * _SECOND:
        return f"{milliseconds / _SECOND:g}s"
    minutes, rest = divmod(math.ceil(milliseconds / _SECOND), 60)
    return f"{minutes}m{rest}s"
