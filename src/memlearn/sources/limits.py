"""Times that can be read and yet cannot be: the zero of computer clocks, and days outside the limits that a source sets."""

from __future__ import annotations

from datetime import date
from typing import cast

import polars as pl

from memlearn.sources.times import Times

_DAY_US = 86_400_000_000

ZERO = "time is 1970-01-01, the zero of computer clocks, which stands for no time (set earliest to admit it)"
EARLY = "time is before earliest"
LATE = "time is after latest"


def implausible_times(times: Times, earliest: date | None, latest: date | None) -> pl.Series | None:
    """Why times cannot be, where they cannot; None where all can.

    Args:
        times: instants that were read.
        earliest: first local day that may occur; None: any but the zero of clocks.
        latest: last local day that may occur; None for any.
    """
    lowest = times.us.min()
    if latest is None and (lowest is None or (earliest is None and cast("int", lowest) > 2 * _DAY_US)):
        return None
    day = (pl.col("us") + pl.col("offset_s").cast(pl.Int64) * 1_000_000).floordiv(_DAY_US)
    # A date alone, or midnight: the first day of the epoch. With a clock time only the very first instant, in whatever zone it was written.
    zero = (pl.col("us") == 0) | ((day == 0) & ~pl.col("has_clock"))
    early = pl.when(zero).then(pl.lit(ZERO)) if earliest is None else pl.when(day < _number(earliest)).then(pl.lit(EARLY))
    late = pl.lit(None, pl.String) if latest is None else pl.when(day > _number(latest)).then(pl.lit(LATE))
    frame = pl.DataFrame({"us": times.us, "offset_s": times.offset_s, "has_clock": times.has_clock})
    return frame.select(pl.coalesce(early, late).alias("problem"))["problem"]


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
