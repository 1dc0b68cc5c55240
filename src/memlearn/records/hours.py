"""Times of the day that people have words for: what is a morning or an evening wherever memory is learned, worded and checked."""

from __future__ import annotations

HOURS = {"mornings": (5, 11), "middays": (11, 14), "afternoons": (14, 18), "evenings": (18, 23), "nights": (23, 29)}
"""First local hour, and the hour at which it ends; past 24 it ends in the morning after."""
