"""Instants as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from memlearn.store.manifest import Manifest


def iso_instant(us: int | None) -> str | None:
    """Microseconds since 1970 as ISO 8601 in UTC; None stays None."""
    if us is None:
        return None
    moment = datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)
    return moment.isoformat().replace("+00:00", "Z")


def iso_second(us: int) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC, without fractions of a second."""
    return iso_instant(us // 1_000_000 * 1_000_000) or ""


def learned_until(manifest: Manifest) -> str | None:
    """The instant that was learned up to: the one asked for, else that of the newest event."""
    newest = manifest.population.get("as_of") is None
    return iso_instant(manifest.as_of_us - 1 if newest else manifest.as_of_us)
