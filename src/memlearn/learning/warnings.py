"""What an operator should look at after a run: rejected and stray rows, unmapped kinds, users that differ in case only, offers without an item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from memlearn.learning.extent import Extent
from memlearn.learning.fold import pick_up
from memlearn.learning.ingest import Ingested
from memlearn.records import REJECT_SCHEMA
from memlearn.sources.texts import case_twins
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.release import open_release

EXAMPLES = 3
UNMAPPED_KINDS = 5


def find_warnings(
    layout: StoreLayout,
    ledger: Ledger,
    folder: Path,
    shards: Sequence[int],
    ingested: Ingested,
    rejects: pl.DataFrame,
    extent: Extent,
    kinds: Mapping[str, str],
) -> tuple[str, ...]:
    """One line for each thing.

    Args:
        layout: the store, with the release that the run published.
        ledger: the open ledger.
        folder: the run's work folder.
        shards: shards that were folded.
        ingested: what was read.
        rejects: unusable rows of tables, and unusable documents (row 0).
        extent: over which time the rows reach.
        kinds: source of events → what its rows are where nothing else says so.
    """
    found = [
        _removed(ingested),
        _rejected_events(ingested),
        *_rejected_rows(rejects),
        *_unmapped(ingested.unmapped, kinds),
        *_strays(ingested, extent),
        _twins(layout, ledger, folder, shards),
        _strangers(folder, shards),
    ]
    return tuple(line for line in found if line is not None)


def list_rejects(layout: StoreLayout, run_id: str, rejects: pl.DataFrame, listed: Path | None) -> Path | None:
    """Add unusable rows of tables and unusable documents to the run's rejects file; where that is, None without any.

    Args:
        layout: the store.
        run_id: the run.
        rejects: what cannot be used; no columns where there is nothing.
        listed: the file that lists the run's unusable rows of events already; None where there is none.
    """
    if rejects.is_empty():
        return listed
    path = listed or layout.rejects / f"{run_id}.csv"
    with path.open("ab") as file:
        rejects.select(list(REJECT_SCHEMA)).write_csv(file, include_header=listed is None)
    return path


def _removed(ingested: Ingested) -> str | None:
    if not ingested.removed:
        return None
    names = ", ".join(map(repr, ingested.removed))
    return f"No longer in the config: {_count(len(ingested.removed), 'source of events')}, {names}. What was learned from their rows is taken back; put them back to learn it again."


def _rejected_events(ingested: Ingested) -> str | None:
    if not ingested.rejected:
        return None
    return f"{ingested.rejected} of {ingested.read} rows of events cannot be used and were left out; {str(ingested.rejects_file)!r} lists them with reasons."


def _unmapped(unmapped: Mapping[str, Counter[str]], kinds: Mapping[str, str]) -> list[str]:
    lines = []
    for source, counted in sorted(unmapped.items()):
        if not counted:
            continue
        often = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = ", ".join(f"{value!r} ({rows})" for value, rows in often[:UNMAPPED_KINDS])
        more = f" and {len(often) - UNMAPPED_KINDS} more" if len(often) > UNMAPPED_KINDS else ""
        lines.append(
            f"Source {source!r}: {_count(counted.total(), 'row')} of kinds that are not mapped, taken for {kinds[source]!r}: {shown}{more}. "
            "Say with `kinds` what each of them is ('other' for what is no evidence)."
        )
    return lines


def _rejected_rows(rejects: pl.DataFrame) -> list[str]:
    if rejects.is_empty():
        return []
    first = rejects.sort("source", "file", "row").group_by("source", maintain_order=True)
    counted = first.agg(pl.len(), pl.col("row", "file", "reason").first())
    return [
        f"Source {source!r}: left out {_count(n, 'row' if row else 'file')} that cannot be used; for example {file!r}{f' row {row}' if row else ''}: {reason}."
        for source, n, row, file, reason in counted.iter_rows()
    ]


def _strays(ingested: Ingested, extent: Extent) -> list[str]:
    """Rows that lie apart from all others by a year or more; only when rows came, so that an old warning does not come every night."""
    if not ingested.changed_rows:
        return []
    lines = []
    if extent.late is not None:
        lines.append(
            f"{extent.late.rows} rows are dated {_month(extent.late.month)} or later, a year or more after all others, and were not learned. "
            "Correct them, or set `latest` on their source to reject them; a later --as-of learns them."
        )
    if extent.early is not None:
        lines.append(
            f"{extent.early.rows} rows are dated {_month(extent.early.month)} or earlier, a year or more before all others; they were learned as they stand. "
            "If their times are wrong, correct them, or set `earliest` on their source to reject them."
        )
    return lines


def _month(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02d}"


def _twins(layout: StoreLayout, ledger: Ledger, folder: Path, shards: Sequence[int]) -> str | None:
    """Only pairs of which a user was learned in this run, so that an old warning does not come every night."""
    learned = pl.concat(
        [pl.DataFrame(schema={"user_id": pl.String}), *(pick_up(folder / "fold", shard, "steps").select("user_id") for shard in shards)]
    )
    if learned.is_empty():
        return None
    known = ledger.fetch("select distinct user_id from steps")["user_id"]
    groups = case_twins(known).filter(pl.col("user_ids").list.set_intersection(pl.lit(learned["user_id"].implode())).list.len() > 0)
    if groups.is_empty():
        return None
    with open_release(layout) as release:
        held = [[user for user in users if release.has_user(user)] for users in groups["user_ids"].to_list()]
    twins = [users for users in held if len(users) > 1]
    if not twins:
        return None
    shown = "; ".join(" and ".join(map(repr, users)) for users in twins[:EXAMPLES])
    return f"{_count(len(twins), 'group')} of users differ in case only and are kept apart: {shown}. If they are the same persons, make the ids equal in the sources."


def _count(n: int, noun: str) -> str:
    first, *rest = noun.split(" ", 1)
    return f"{n} {noun}" if n == 1 else " ".join([f"{n} {first}s", *rest])


def _strangers(folder: Path, shards: Sequence[int]) -> str | None:
    items = sorted({item for shard in shards for item in pick_up(folder / "fold", shard, "strangers")["item_id"].to_list()})
    if not items:
        return None
    shown = ", ".join(map(repr, items[:EXAMPLES]))
    return f"Shown or answered, but items of no source: {_count(len(items), 'offer')}, {shown} among them. What is no item is never recommended; add them to a source of items."
