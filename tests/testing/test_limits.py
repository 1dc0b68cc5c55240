from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.testing import RateLimit
from memlearn.testing.api_error import ApiError
from memlearn.testing.limits import RateLimits, duration


@given(st.integers(1, 600), st.floats(1, 60), st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_no_more_get_through_than_the_rate_allows(rate: int, burst: float, pauses: list[float]) -> None:
    limits, now = RateLimits(RateLimit(requests_per_minute=rate, burst_seconds=burst), 0.0), 0.0
    for passed, pause in enumerate(pauses, start=1):
        now += pause
        try:
            limits.take(1, now)
        except ApiError as error:
            # What it is told to wait is enough.
            now += int(error.headers["retry-after-ms"]) / 1000
            limits.take(1, now)
        assert passed <= max(1.0, rate / 60 * burst) + rate / 60 * now + 1e-6


def test_tokens_are_limited_too() -> None:
    limits = RateLimits(RateLimit(tokens_per_minute=600), 0.0)
    headers = limits.take(500, 0.0)
    assert headers["x-ratelimit-remaining-tokens"] == "100"
    assert headers["x-ratelimit-reset-tokens"] == "50s"
    with pytest.raises(ApiError, match="tokens per min") as caught:
        limits.take(200, 0.0)
    assert caught.value.status == 429
    assert caught.value.headers["retry-after"] == "10"
    limits.take(200, 10.0)


def test_a_request_that_never_fits_is_not_told_to_wait() -> None:
    with pytest.raises(ApiError, match="too large") as caught:
        RateLimits(RateLimit(tokens_per_minute=100), 0.0).take(101, 0.0)
    assert "retry-after" not in caught.value.headers


def test_without_limits_nothing_is_told() -> None:
    assert RateLimits(RateLimit(), 0.0).take(10**9, 0.0) == {}


@pytest.mark.parametrize(("seconds", "told"), [(0.02, "20ms"), (1.5, "1.5s"), (360, "6m0s"), (0, "0ms"), (61.2, "1m2s")])
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told
