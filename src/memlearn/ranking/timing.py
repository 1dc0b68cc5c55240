"""Due, overdue, lapsed: what depends on the moment of asking."""

from __future__ import annotations

from enum import StrEnum

DAY_US = 86_400_000_000

_RISE, _DUE, _OVERDUE, _LAPSED = 0.5, 0.8, 1.5, 4.0
_FADE = 2.0


class Timing(StrEnum):
    """Where a user stands between two purchases."""

    RESTED = "rested"
    SOON = "soon"
    DUE = "due"
    OVERDUE = "overdue"
    LAPSED = "lapsed"


def timing(last_us: int, every_days: float, at_us: int) -> Timing:
    """Where the user stands: by the share of the usual interval that has passed since the last purchase.

    Args:
        last_us: the last purchase, microseconds UTC.
        every_days: the usual interval.
        at_us: the moment of asking.
    """
    passed = _passed(last_us, every_days, at_us)
    for limit, name in ((_RISE, Timing.RESTED), (_DUE, Timing.SOON), (_OVERDUE, Timing.DUE), (_LAPSED, Timing.OVERDUE)):
        if passed < limit:
            return name
    return Timing.LAPSED


def dueness(last_us: int, every_days: float, at_us: int) -> float:
    """0 until half the interval has passed, 1 from the end of it to its double, 0 again after four."""
    passed = _passed(last_us, every_days, at_us)
    if passed < _RISE or passed >= _LAPSED:
        return 0.0
    if passed < 1:
        return (passed - _RISE) / (1 - _RISE)
    return 1.0 if passed < _FADE else (_LAPSED - passed) / (_LAPSED - _FADE)


def restedness(last_us: int, every_days: float, at_us: int) -> float:
    """1 right after a purchase, 0 from half the interval on."""
    return max(0.0, 1 - _passed(last_us, every_days, at_us) / _RISE)


def _passed(last_us: int, every_days: float, at_us: int) -> float:
    return max(0.0, (at_us - last_us) / DAY_US) / max(every_days, 0.5)
