"""Instants as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_instant(us: int | None) -> str | None:
    """Microseconds since 1970 as ISO 8601 in UTC; None stays None."""
    if us is None:
        return None
    moment = datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)
    return moment.isoformat().replace("+00:00", "Z")
