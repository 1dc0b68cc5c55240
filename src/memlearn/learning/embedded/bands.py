"""Times of the week that people have words for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from memlearn.records.hours import HOURS

BANDS = ("weekends", "weekdays", "mornings", "middays", "afternoons", "evenings", "nights")
"""weekends: Saturday and Sunday; weekdays: Monday to Friday; the others are times of the day (`HOURS`), local time."""

# Slots of a week: weekday * 25 + hour, hour 24 where it is unknown.
SLOTS = 7 * 25


def _band_table(name: str) -> NDArray[np.int64]:
    """For each slot (weekday * 25 + hour) 1 if it lies in the band, 0 if not, -1 if the band needs an unknown hour."""
    slot = np.arange(SLOTS)
    weekday, hour = slot // 25, slot % 25
    if name == "weekends":
        return (weekday >= 5).astype(np.int64)
    if name == "weekdays":
        return (weekday < 5).astype(np.int64)
    low, high = HOURS[name]
    inside = ((hour >= low) & (hour < high)) | (hour < high - 24)
    return np.where(hour == 24, -1, inside.astype(np.int64))


BAND_OF_SLOT = {name: _band_table(name) for name in BANDS}
# Slots that all bands treat alike are of one kind; there are a dozen kinds.
BANDS_OF_KIND, KIND_OF_SLOT = np.unique(np.stack(list(BAND_OF_SLOT.values())), axis=1, return_inverse=True)
KINDS = BANDS_OF_KIND.shape[1]
"""BANDS_OF_KIND: for each band (in the order of `BANDS`) and kind what `BAND_OF_SLOT` says of the kind's slots."""
