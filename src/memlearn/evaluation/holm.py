"""Several comparisons at once: Holm's adjustment of their p-values.

Source: S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979.
"""

from __future__ import annotations

from collections.abc import Mapping


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values: each below a level means that the chance of any false finding among all is below it.

    The i-th smallest of m is multiplied by m - i + 1 (at most 1), and none is smaller than one before it.

    Args:
        p_values: name of a comparison → its p-value.

    Returns:
        Name → adjusted p-value, in the order given.
    """
    adjusted: dict[str, float] = {}
    least = 0.0
    for done, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        least = max(least, min(1.0, (len(p_values) - done) * p_values[name]))
        adjusted[name] = least
    return {name: adjusted[name] for name in p_values}
