"""Instants as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_instant(us: int) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC."""
    moment = datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)
    return moment.isoformat().replace("+00:00", "Z")


def iso_second(us: int) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC, without fractions of a second."""
    return iso_instant(us // 1_000_000 * 1_000_000)
