"""Ingest: read what is new in the sources into the row store, or change nothing at all."""

from __future__ import annotations

import shutil
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from memlearn.errors import RejectLimitError, ShrinkError, SourceError
from memlearn.learning.job import Job, digest
from memlearn.learning.shards import choose_shards, split_shards
from memlearn.records import EVENT_SCHEMA, attribute_column
from memlearn.sources.config import EventSource
from memlearn.sources.events import read_events
from memlearn.sources.locate import Delivery, fingerprint, list_deliveries
from memlearn.store.ledger import Ledger, RowFile
from memlearn.store.rows import ShardDelta, merge_delivery
from memlearn.store.spill import Spill

# Batches that are partitioned side by side while the next one is read.
SPILLING = 2


@dataclass(slots=True)
class Ingested:
    """What an ingest did.

    Args:
        read: rows read, the rejected ones included.
        rejected: rows rejected.
        rejects_file: where they are listed; None without any.
        changed_rows: rows that were new, corrected or deleted.
        deliveries: deliveries that were read.
        removed: sources that are no longer in the config; what was read of them is taken back.
        unmapped: source → value of its kind column that is neither mapped nor one of our names → rows.
    """

    read: int = 0
    rejected: int = 0
    rejects_file: Path | None = None
    changed_rows: int = 0
    deliveries: int = 0
    removed: tuple[str, ...] = ()
    unmapped: dict[str, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """Deliveries of one source that have to be read.

    Args:
        name: the source.
        source: its config.
        deliveries: to read, in order.
        known: digest of deliveries where it was computed.
        replaces: True: what is read is the whole source; rows that are missing are deleted.
        remapped: True: the mapping changed, so a shrink is no fault of the data.
        first_read: name of a delivery → the run that read it first, which is its place in the order of arrival.
    """

    name: str
    source: EventSource
    deliveries: tuple[Delivery, ...]
    known: dict[str, str | None] = field(default_factory=dict)
    replaces: bool = False
    remapped: bool = False
    first_read: Mapping[str, str] = field(default_factory=dict)


def known_deliveries(ledger: Ledger) -> pl.DataFrame:
    """Every delivery that was read, in order of arrival: source, name, size, mtime_ns, digest, mapping, run_id."""
    return ledger.fetch("select source, name, size, mtime_ns, digest, mapping, run_id from deliveries order by source, run_id, name")


def find_pending(job: Job, known: pl.DataFrame) -> list[Pending]:
    """Which deliveries are new or changed since they were last read.

    Args:
        job: the run's settings.
        known: what was read, as `known_deliveries` gives it.

    Raises:
        SourceError: a source is missing; or its mapping changed and files read earlier are gone.
    """
    out = []
    for name, source in sorted(job.events.items()):
        found = _find_source(job, name, source, known.filter(pl.col("source") == name))
        if found.deliveries or found.replaces:
            out.append(found)
    return out


def removed_sources(job: Job, known: pl.DataFrame) -> tuple[str, ...]:
    """Sources that were read and are no longer in the config, or have another name now: their rows would count beside those of the new name."""
    return tuple(sorted(set(known["source"]) - set(job.events)))


def mapping_digest(job: Job, source: EventSource) -> str:
    """Digest of all that decides how a delivery's rows are understood."""
    where = {"path", "sql", "database", "max_rejects", "max_shrink", "not_evidence_for", "mode"}
    merchants = job.context.merchants.model_dump_json() if source.merchants else ""
    settings = (job.context.timezone, job.context.currency, job.context.attributes, job.context.money.model_dump_json(), merchants)
    return digest(source.model_dump_json(exclude=where), source.sql, settings)


def _find_source(job: Job, name: str, source: EventSource, known: pl.DataFrame) -> Pending:
    mapping = mapping_digest(job, source)
    listed = list_deliveries(name, source, job.context)
    before = {row["name"]: row for row in known.iter_rows(named=True)}
    remapped = bool(before) and any(row["mapping"] != mapping for row in before.values())
    if remapped:
        moved = _find_renamed(listed, before) if source.mode == "append" else {}
        gone = sorted(set(before) - {delivery.name for delivery in listed} - set(moved.values()))
        if gone and source.mode == "append":
            raise SourceError(
                f"The mapping of source {name!r} changed, so all its files must be read again, but {len(gone)} read earlier are gone, "
                f"{gone[0]!r} first, and no new file has their content. Put them back, undo the change, or begin anew with the files there are "
                "in another folder: name it with `store` at the top of the config."
            )
        place = {moved.get(delivery.name, delivery.name): delivery for delivery in listed}
        ordered = [place[name] for name in before if name in place] + [place[name] for name in place if name not in before]
        first = {name: str(before[old]["run_id"]) for name, old in ({name: name for name in before} | moved).items()}
        return Pending(name, source, tuple(ordered), {}, replaces=True, remapped=True, first_read=first)
    digests: dict[str, str | None] = {}
    first_read = {name: str(row["run_id"]) for name, row in before.items()}
    new = [delivery for delivery in listed if _is_new(delivery, before.get(delivery.name), digests)]
    if source.mode == "snapshot":
        vanished = set(before) - {delivery.name for delivery in listed}
        # A snapshot is its files together: one that changed means reading all.
        return Pending(
            name, source, tuple(listed) if new or vanished else (), digests, replaces=bool(new or vanished), first_read=first_read
        )
    return Pending(name, source, tuple(_in_order(new, listed, before, source)), digests, first_read=first_read)


def _find_renamed(listed: Sequence[Delivery], before: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Files that have another name now: new name → the name they were read under. Content is compared among files of one size only."""
    gone: dict[object, dict[object, list[str]]] = {}
    for name in sorted(set(before) - {delivery.name for delivery in listed}):
        gone.setdefault(before[name]["size"], {}).setdefault(before[name]["digest"], []).append(name)
    renamed = {}
    for delivery in listed:
        same = gone.get(delivery.size, {}) if delivery.name not in before and delivery.path is not None else {}
        if same and (names := same.get(fingerprint(delivery))):
            renamed[delivery.name] = names.pop(0)
    return renamed


def _in_order(new: list[Delivery], listed: list[Delivery], before: dict[str, dict[str, object]], source: EventSource) -> list[Delivery]:
    """What is new, in order of arrival; with all that came after a changed file, whose corrections of its rows must come after it again."""
    arrival = {name: place for place, name in enumerate(before)}
    changed = [arrival[delivery.name] for delivery in new if delivery.name in arrival and delivery.path is not None]
    if not changed or source.columns.key is None:
        return new
    wanted = {delivery.name for delivery in new} | {name for name, place in arrival.items() if place > min(changed)}
    again = [delivery for delivery in listed if delivery.name in wanted]
    return sorted(again, key=lambda delivery: arrival.get(delivery.name, len(arrival)))


def _is_new(delivery: Delivery, before: dict[str, object] | None, digests: dict[str, str | None]) -> bool:
    if before is None or delivery.path is None:
        return True
    if (before["size"], before["mtime_ns"]) == (delivery.size, delivery.mtime_ns):
        return False
    digests[delivery.name] = fingerprint(delivery)
    return digests[delivery.name] != before["digest"]


def ingest(job: Job, ledger: Ledger, pending: Sequence[Pending], folder: Path, run_id: str) -> Ingested:
    """Read pending deliveries and merge them into the row store; one transaction names all of it.

    Args:
        job: the run's settings.
        ledger: the open ledger.
        pending: what to read.
        folder: an empty work folder.
        run_id: the run.

    Raises:
        RejectLimitError: a source has more unusable rows than allowed; nothing was changed.
        ShrinkError: a snapshot lost more rows than allowed; nothing was changed.
    """
    removed = removed_sources(job, known_deliveries(ledger))
    if not pending and not removed:
        return Ingested()
    replaced = [*removed, *(source.name for source in pending if source.replaces)]
    shards = choose_shards(job, ledger, (delivery for source in pending for delivery in source.deliveries))
    spill = Spill(folder / "spill", shards)
    result = Ingested(removed=removed)
    rejects: list[pl.DataFrame] = []
    rows: list[dict[str, object]] = []
    number, total = 0, sum(len(source.deliveries) for source in pending)
    for source in pending:
        rejected = read = 0
        for delivery in source.deliveries:
            job.report("ingest", number, total, f"{source.name}: {delivery.name}")
            counts = _read_delivery(job, source, delivery, spill, number, rejects, result.unmapped.setdefault(source.name, Counter()))
            rows.append(_delivery_row(job, source, delivery, counts, run_id))
            read, rejected, number = read + counts[0], rejected + counts[1], number + 1
        result.read, result.rejected = result.read + read, result.rejected + rejected
        _check_rejects(job, source, read, rejected, rejects)
    result.deliveries = number
    result.rejects_file = _write_rejects(job, rejects, run_id)
    split = split_shards(job, ledger, shards, spill.rows, spill.estimate_users())
    deltas = _merge_shards(job, ledger, replaced, spill, run_id, shards, split)
    # Gone before the system begins to write it to the disk.
    shutil.rmtree(folder / "spill")
    _check_shrink(job, pending, deltas)
    result.changed_rows = sum(delta.rows for delta in deltas)
    _record(ledger, replaced, deltas, rows, shards * split, run_id)
    job.report("ingest", total, total, "merged")
    return result


def _read_delivery(
    job: Job, source: Pending, delivery: Delivery, spill: Spill, number: int, rejects: list[pl.DataFrame], unmapped: Counter[str]
) -> tuple[int, int]:
    read = rejected = 0
    # A bounded number of batches is under way, so that memory does not grow with the file.
    under_way: deque[Future[None]] = deque()
    with ThreadPoolExecutor(SPILLING) as pool, closing(read_events(source.name, source.source, delivery, job.context)) as batches:
        for batch in batches:
            while len(under_way) >= SPILLING:
                under_way.popleft().result()
            under_way.append(pool.submit(spill.add, batch.events, number, spill.next_batch()))
            read += batch.read
            rejected += len(batch.rejects)
            unmapped.update(batch.unmapped)
            if len(batch.rejects):
                rejects.append(batch.rejects)
        for future in under_way:
            future.result()
    return read, rejected


def _delivery_row(job: Job, source: Pending, delivery: Delivery, counts: tuple[int, int], run_id: str) -> dict[str, object]:
    content = source.known.get(delivery.name) or fingerprint(delivery)
    return {
        "source": source.name,
        "name": delivery.name,
        "size": delivery.size,
        "mtime_ns": delivery.mtime_ns,
        "digest": content,
        "mapping": mapping_digest(job, source.source),
        "rows": counts[0],
        "rejected": counts[1],
        "run_id": source.first_read.get(delivery.name, run_id),
    }


def _check_rejects(job: Job, source: Pending, read: int, rejected: int, rejects: Sequence[pl.DataFrame]) -> None:
    limit = source.source.max_rejects if source.source.max_rejects is not None else job.context.max_rejects
    if read and rejected > limit * read:
        mine = pl.concat(list(rejects)).filter(pl.col("source") == source.name)
        reason, count = mine.group_by("reason").len().sort("len", "reason", descending=[True, False]).row(0)
        example = mine.filter(pl.col("reason") == reason).row(0, named=True)
        kept = _write_rejects(job, rejects, "stopped")
        raise RejectLimitError(
            f"Source {source.name!r}: {rejected} of {read} rows are unusable ({rejected / read:.1%}; the limit is {limit:.1%}); nothing was changed. "
            f"Most often: {reason!r} ({count} {'row' if count == 1 else 'rows'}), for example {example['file']!r} row {example['row']}. "
            f"All are listed in {str(kept)!r}. Mend the data or the mapping, or raise `max_rejects`."
        )


def _write_rejects(job: Job, rejects: Sequence[pl.DataFrame], run_id: str) -> Path | None:
    if not rejects:
        return None
    path = job.layout.rejects / f"{run_id}.csv"
    pl.concat(list(rejects)).write_csv(path)
    return path


def _merge_shards(
    job: Job, ledger: Ledger, replaced: Sequence[str], spill: Spill, run_id: str, shards: int, split: int
) -> list[ShardDelta]:
    """Merge what was spilled for each shard into its rows; a shard that is split becomes those `shards` apart from it."""
    files = ledger.row_files()
    empty = _empty_spill(job)
    moved = _find_moved(job, files, spill, shards * split)

    def merge(spilled: int) -> list[ShardDelta]:
        new = spill.read(spilled)
        parts = [(spilled, new)] if split == 1 else _split(new, spilled, shards, split)
        return [delta for shard, part in parts if (delta := merge_one(shard, part)) is not None]

    def merge_one(shard: int, new: pl.DataFrame | None) -> ShardDelta | None:
        names = [file.file for file in files.get(shard, [])]
        if new is None and not (names and (replaced or shard in moved)):
            return None
        place, lost = job.layout.rows / f"{shard:04d}", moved.get(shard)
        new = empty if new is None else new
        return merge_delivery(place, names, new, shard=shard, name=f"{run_id}.parquet", snapshots=replaced, moved=lost)

    done: list[ShardDelta] = []
    with ThreadPoolExecutor(job.learning.workers) as pool:
        for count, deltas in enumerate(pool.map(merge, range(shards)), start=1):
            job.report("ingest", count, shards, "merging shards")
            done += deltas
    return done


def _split(rows: pl.DataFrame | None, spilled: int, shards: int, split: int) -> list[tuple[int, pl.DataFrame]]:
    """The rows of one shard of `shards` as those of the shards of `shards * split` that it becomes."""
    if rows is None:
        return []
    number = pl.col("user_hash") % (shards * split)
    parts = [(shard, rows.filter(number == shard)) for shard in range(spilled, shards * split, shards)]
    return [(shard, part) for shard, part in parts if len(part)]


def _find_moved(job: Job, files: Mapping[int, Sequence[RowFile]], spill: Spill, shards: int) -> dict[int, pl.DataFrame]:
    """Of each shard the rows whose keys arrived later with another user: user_hash, row_id."""
    places = {shard: (job.layout.rows / f"{shard:04d}", [file.file for file in held]) for shard, held in files.items()}
    moved = spill.arrivals.find_moved(places, job.learning.workers)
    parts = moved.with_columns((pl.col("user_hash") % shards).alias("shard")).partition_by("shard", as_dict=True, include_key=False)
    return {int(shard): part for (shard,), part in parts.items()}


def _empty_spill(job: Job) -> pl.DataFrame:
    schema = {**EVENT_SCHEMA, **{attribute_column(name): pl.String() for name in job.context.attributes}}
    return pl.DataFrame(schema={**schema, "user_hash": pl.UInt64(), "content": pl.UInt64(), "delivery": pl.UInt32()})


def _check_shrink(job: Job, pending: Sequence[Pending], deltas: Sequence[ShardDelta]) -> None:
    for source in pending:
        if not source.replaces or source.remapped:
            continue
        kinds = ([d.lost for d in deltas], [d.held for d in deltas], [d.came for d in deltas])
        lost, held, came = (sum(part.get(source.name, 0) for part in parts) for parts in kinds)
        if held and lost > source.source.max_shrink * held:
            for delta in deltas:
                if delta.file is not None:
                    (job.layout.rows / f"{delta.shard:04d}" / delta.file).unlink(missing_ok=True)
            keyless = source.source.columns.key is None and came > held - lost
            corrected = "Without a key, a row whose values were corrected is one lost and one new: map `columns.key`. " if keyless else ""
            raise ShrinkError(
                f"Snapshot {source.name!r} lost {lost} of {held} rows ({lost / held:.1%}; the limit is {source.source.max_shrink:.1%}); nothing was changed. "
                f"{came} rows came, {came - held + lost} of them new. {corrected}If the rows are really gone, raise `max_shrink` for this run; if the delivery is incomplete, deliver it again."
            )


def _record(
    ledger: Ledger, replaced: Sequence[str], deltas: Sequence[ShardDelta], rows: list[dict[str, object]], shards: int, run_id: str
) -> None:
    known = ledger.row_files()
    with ledger.transaction():
        ledger.set_facts({"shards": str(shards)})
        for delta in deltas:
            if delta.file is None:
                continue
            if delta.replaces:
                ledger.execute("delete from row_files where shard = ?", [delta.shard])
            seq = 0 if delta.replaces else known[delta.shard][-1].seq + 1
            ledger.append(
                "row_files", pl.DataFrame([{"shard": delta.shard, "seq": seq, "file": delta.file, "rows": delta.rows, "run_id": run_id}])
            )
        mark_dirty(
            ledger, [delta.changed.select("user_id", "since_us").with_columns(pl.lit(delta.shard).alias("shard")) for delta in deltas]
        )
        for source in replaced:
            ledger.execute("delete from deliveries where source = ?", [source])
        if rows:
            _replace_deliveries(ledger, pl.DataFrame(rows, infer_schema_length=None))


def _replace_deliveries(ledger: Ledger, frame: pl.DataFrame) -> None:
    for source, name in frame.select("source", "name").iter_rows():
        ledger.execute("delete from deliveries where source = ? and name = ?", [source, name])
    ledger.append("deliveries", frame)


def mark_dirty(ledger: Ledger, changed: Sequence[pl.DataFrame]) -> None:
    """Remember users whose rows or given facts changed, until a release holds them anew.

    Args:
        ledger: the open ledger.
        changed: frames of user_id, since_us, shard.
    """
    if not changed:
        return
    fresh = pl.concat([frame.select("user_id", pl.col("shard").cast(pl.Int32), pl.col("since_us").cast(pl.Int64)) for frame in changed])
    if fresh.is_empty():
        return
    with ledger.transaction():
        old = ledger.fetch("select user_id, shard, since_us from dirty")
        merged = pl.concat([old.cast({"shard": pl.Int32, "since_us": pl.Int64}), fresh]) if len(old) else fresh
        ledger.execute("delete from dirty")
        ledger.append("dirty", merged.group_by("user_id", "shard").agg(pl.col("since_us").min()).sort("user_id"))
