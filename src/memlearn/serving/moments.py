"""The moments that a release can answer for: from where its learning ended on."""

from __future__ import annotations

from memlearn.errors import UsageError
from memlearn.records.instants import iso_instant
from memlearn.store import Manifest, StoreLayout, list_releases


def check_moment(layout: StoreLayout, manifest: Manifest, at_us: int) -> None:
    """See that nothing in a release lies after a moment.

    Before where its learning ended, a release would quote what had not happened yet, and would not know what held then and has
    ended since, a stance for example.

    Args:
        layout: the store.
        manifest: of the release.
        at_us: the moment, microseconds UTC.

    Raises:
        UsageError: the release was learned beyond the moment; the message names the newest release that was not.
    """
    if at_us >= _known_until(manifest):
        return
    earlier = [entry.manifest for entry in list_releases(layout) if entry.manifest is not None and _known_until(entry.manifest) <= at_us]
    way_out = "Leave the moment away, give a later one, or learn what was known then with `memlearn learn CONFIG --as-of T`"
    if earlier:
        best = max(earlier, key=lambda known: (known.as_of_us, known.release_id))
        way_out += f"; or ask release {best.release_id!r} (`--release`), which was learned up to {iso_instant(best.learned_until_us)}"
    raise UsageError(
        f"Release {manifest.release_id!r} was learned up to {iso_instant(manifest.learned_until_us)}: what it says for {iso_instant(at_us)} "
        f"would rest on what came later, and what held then may have ended since. {way_out}."
    )


def _known_until(manifest: Manifest) -> int:
    """The latest instant of which the release can know: what it was learned from lies before its as-of instant."""
    return manifest.as_of_us - 1
