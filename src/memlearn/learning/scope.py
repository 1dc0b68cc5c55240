"""Decide what a run has to learn: everybody, or only the users whose rows or given facts changed.

Everybody is learned when something changed that everybody's memory depends on: the config, the catalogue, the manager,
the as-of instant, or the population snapshot. The snapshot covers the months before a boundary, the month of the newest
event, so it stays the same from night to night; it moves with the first event of a new month, and with late rows of
months before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from memlearn.errors import DamagedError, FormatError, NoReleaseError, SourceError, StoreError
from memlearn.learning.embedded.annotate import month_of_us
from memlearn.learning.embedded.pairs import sample_modulus
from memlearn.learning.extent import Extent, measure_extent, month_start_us
from memlearn.learning.job import MANAGER_VERSION, RENDER_VERSION, Job, digest
from memlearn.learning.offers import OFFERS_VERSION
from memlearn.learning.ranker import RANKER_VERSION
from memlearn.learning.tables import Tables
from memlearn.store.apart import read_apart
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.manifest import LearnedRows, Manifest, read_manifest
from memlearn.store.namesakes import unknown_user
from memlearn.store.release import open_release
from memlearn.store.rows import read_rows, user_hash
from memlearn.store.switch import check_segment, current_release_id
from memlearn.store.tables import SHARED_TABLES

_WEST_US = 12 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run learns, and from what.

    Args:
        full: True: every user, and the population anew.
        reason: why, in words.
        files: row files of each shard, oldest first.
        users: user_id, user_hash, shard of the users to fold; None for all.
        only: ids of the only users whose memory is published; None for all that are folded.
        boundary: the population covers months before this one (year * 12 + month - 1).
        as_of_us: everything before this instant is learned.
        extent: over which time the rows reach that count, and how many users have any.
        inputs: digest of what every user's memory depends on.
        current: the current release; None where there is none, or none that can be built on.
        problem: why the current release cannot be built on; None where it can.
    """

    full: bool
    reason: str
    files: dict[int, tuple[str, ...]]
    users: pl.DataFrame | None
    only: tuple[str, ...] | None
    boundary: int
    as_of_us: int
    extent: Extent
    inputs: str
    current: Manifest | None
    problem: str | None = None

    @property
    def until_us(self) -> int | None:
        """Rows at or after this instant do not count; None where there are none."""
        return self.as_of_us if self.extent.late is not None else None

    @property
    def offers_end_us(self) -> int:
        """What is known of offers at this instant, all users learn from: where the population snapshot ends."""
        return min(self.as_of_us, month_start_us(self.boundary))

    @property
    def shards(self) -> list[int]:
        """Shards that have something to fold."""
        if self.users is None:
            return sorted(self.files)
        return sorted(set(self.users["shard"].to_list()) & set(self.files))

    def rows_of(self, shards: Sequence[int]) -> LearnedRows:
        """What users of some shards are learned from."""
        return LearnedRows(self.as_of_us, tuple(sorted(f"rows/{shard:04d}/{file}" for shard in shards for file in self.files[shard])))

    def load_population(self, layout: StoreLayout) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The current release's population sums and pairs."""
        assert self.current is not None
        return read_population(layout, str(self.current.population["file"]))

    def load_shared(self, layout: StoreLayout, table: str) -> pl.DataFrame:
        """A shared table of the current release; no row where the release has none, or where there is no release."""
        if self.current is None:
            return pl.DataFrame(schema=SHARED_TABLES[table])
        with open_release(layout, self.current.release_id) as release:
            return release.shared(table)


def decide_scope(job: Job, ledger: Ledger, tables: Tables, mark: Callable[[int], None]) -> Scope:
    """Look at what changed since the current release.

    Args:
        job: what is learned.
        ledger: the books.
        tables: what is given.
        mark: called with the as-of instant, before it is asked who has to be learned.

    Raises:
        SourceError: there are no events at all.
        UnknownUserError: a user named with `--users` has no events.
    """
    files = {shard: tuple(file.file for file in held) for shard, held in ledger.row_files().items()}
    extent = measure_extent(job, files)
    if extent is None:
        raise SourceError(
            "There are no events to learn from"
            + (" before the as-of instant." if job.as_of_us else ". Check the paths of the event sources in the config.")
        )
    as_of_us = job.as_of_us if job.as_of_us is not None else extent.newest_us + 1
    mark(as_of_us)
    boundary = extent.boundary
    current, problem = sound_release(job.layout)
    if problem is not None and job.users is not None:
        raise DamagedError(f"{problem} Learn everybody, without naming users, to mend it.")
    inputs = digest(
        job.config_digest,
        tables.digest,
        MANAGER_VERSION,
        RENDER_VERSION,
        RANKER_VERSION,
        *([OFFERS_VERSION] if job.learning.offers.train else []),
        *([job.agent_version] if job.agent else []),
    )
    dirty = ledger.fetch("select user_id, shard, since_us from dirty order by user_id")
    reason = problem or _why_full(job, current, inputs, boundary, dirty)
    if reason is None and current is not None:
        reason = _why_not_from(current, ledger, extent) or _why_other_strays(current, extent)
    shards = int(ledger.fact("shards") or 1)
    users: pl.DataFrame | None = None
    if job.users is not None and current is not None:
        reason, inputs, boundary = None, str(current.population["inputs"]), int(current.population["boundary"])
        users = _named_users(job, job.users, shards, files)
    elif reason is None:
        users = _hashed(dirty.select("user_id"), shards)
    return Scope(
        full=reason is not None,
        reason=reason or "only users whose rows changed",
        files=files,
        users=users,
        only=job.users,
        boundary=boundary,
        as_of_us=as_of_us,
        extent=extent,
        inputs=inputs,
        current=current,
        problem=problem,
    )


def sound_release(layout: StoreLayout) -> tuple[Manifest | None, str | None]:
    """The current release where all that it needs is whole; else None and what is wrong, which learning anew mends."""
    try:
        manifest = read_manifest(layout, current_release_id(layout))
        for segment in manifest.segments:
            check_segment(layout, segment, verify=True)
        read_apart(layout, manifest)
        read_population(layout, str(manifest.population.get("file")))
        # It takes long to import, and a first run can wait for it until it publishes.
        from memlearn.store.vectors import VectorStore

        vectors = VectorStore(layout.lance)
        for table, version in manifest.lance.items():
            vectors.check(table, version)
    except NoReleaseError:
        return None, None
    except FormatError:
        raise
    except (StoreError, FileNotFoundError) as error:
        return None, f"The current release cannot be built on: {error}"
    return manifest, None


def read_population(layout: StoreLayout, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a population snapshot: the sums and the pairs.

    Raises:
        DamagedError: a file is missing or not what its name says.
    """
    folder = layout.root / "population"
    try:
        sums, pairs = pl.read_parquet(folder / f"{name}.parquet"), pl.read_parquet(folder / f"{name}-pairs.parquet")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DamagedError(
            f"The population snapshot {name!r} cannot be read: {error}. Learn again with `memlearn learn CONFIG`."
        ) from error
    if population_name(sums, pairs) != name:
        raise DamagedError(
            f"The population snapshot {name!r} is damaged: its content is not what its name says. Learn again with `memlearn learn CONFIG`."
        )
    return sums, pairs


def population_name(sums: pl.DataFrame, pairs: pl.DataFrame) -> str:
    """Name of a population snapshot: a digest of its content."""
    return digest(sums.write_csv(), pairs.write_csv())


def current_manifest(layout: StoreLayout) -> Manifest | None:
    """The current release's manifest; None where nothing was published or it cannot be read (a new one will heal that)."""
    try:
        return read_manifest(layout, current_release_id(layout))
    except (NoReleaseError, StoreError, FileNotFoundError):
        return None


def _why_full(  # noqa: PLR0911 - one return for each reason
    job: Job, current: Manifest | None, inputs: str, boundary: int, dirty: pl.DataFrame
) -> str | None:
    if current is None:
        return "nothing was published yet"
    held = current.population
    if held.get("inputs") != inputs:
        return "the config, the catalogue or the manager changed"
    if held.get("as_of") != job.as_of_us:
        return "another as-of instant"
    if held.get("boundary") != boundary:
        return "a new month began, so the population snapshot moves"
    if held.get("partial"):
        return "the current release holds some users only"
    late = dirty.filter(pl.col("since_us").is_not_null())
    # Rows count in their local month, which in the west begins up to half a day after that of UTC.
    if len(late) and int(month_of_us(late["since_us"].to_numpy() - _WEST_US).min()) < boundary:
        return "rows of months that the population snapshot covers changed"
    return None


def _why_not_from(current: Manifest, ledger: Ledger, extent: Extent) -> str | None:
    if ledger.fact("booked_release") != current.release_id:
        # After a rollback, or a run that died right after its switch: who is up to date is not known.
        return "the current release is not the one learned last"
    if current.population.get("sample") != sample_modulus(extent.users):
        return "there are so many more users that another share of them is sampled"
    return None


def _why_other_strays(current: Manifest, extent: Extent) -> str | None:
    """Rows that were taken for errors count now, or the other way round; whose they are, nobody wrote down."""
    held = current.population.get("strays_from")
    if held is not None and extent.newest_us >= int(held):
        return "rows that had seemed to lie in an impossible future count now"
    if extent.late is not None and current.as_of_us > extent.late.from_us:
        return "rows that counted seem to lie in an impossible future now"
    return None


def _hashed(users: pl.DataFrame, shards: int) -> pl.DataFrame:
    hashes = pl.Series("user_hash", user_hash(users["user_id"]) if len(users) else [], dtype=pl.UInt64)
    frame = users.with_columns(hashes)
    return frame.with_columns((pl.col("user_hash") % shards).cast(pl.Int32).alias("shard"))


def _named_users(job: Job, names: tuple[str, ...], shards: int, files: dict[int, tuple[str, ...]]) -> pl.DataFrame:
    users = _hashed(pl.DataFrame({"user_id": list(dict.fromkeys(names))}), shards)
    for user_id, hashed, shard in users.iter_rows():
        rows = read_rows(job.layout.rows / f"{shard:04d}", files.get(shard, ()), pl.Series([hashed], dtype=pl.UInt64), ["time_us"])
        if rows.is_empty():
            raise unknown_user(job.layout, user_id)
    return users
