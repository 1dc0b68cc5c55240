"""Where everything of a store lies on disk. Only paths; nothing is read or written but folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoreLayout:
    """All paths of a store.

    Args:
        root: the store's folder, from the config.
    """

    root: Path

    @property
    def ledger(self) -> Path:
        """The ledger: truth about runs and steps; opened by learning only."""
        return self.root / "ledger.duckdb"

    @property
    def rows(self) -> Path:
        """The row store's folder."""
        return self.root / "rows"

    @property
    def lance(self) -> Path:
        """The folder of the Lance datasets."""
        return self.root / "lance"

    @property
    def segments(self) -> Path:
        """Immutable files shared between releases, named by the digest of their bytes."""
        return self.root / "segments"

    @property
    def journals(self) -> Path:
        """The folder of the journals of model requests."""
        return self.root / "journals"

    @property
    def releases(self) -> Path:
        """One folder a release, each with its manifest, and with what `apart` says."""
        return self.root / "releases"

    @property
    def current(self) -> Path:
        """Text file with the id of the current release."""
        return self.root / "CURRENT"

    @property
    def history(self) -> Path:
        """JSON list of the releases that were current, oldest first; what a rollback goes back along."""
        return self.root / "HISTORY"

    @property
    def release_lock(self) -> Path:
        """Lock file held while releases are published, switched or removed."""
        return self.root / "releases.lock"

    @property
    def status(self) -> Path:
        """What a running learn publishes about its progress."""
        return self.root / "status.json"

    @property
    def learn_lock(self) -> Path:
        """Lock file held by a learn run; there from the first run on."""
        return self.root / "learn.lock"

    @property
    def known(self) -> Path:
        """What was read before the run at work began, for those who may not open the ledger meanwhile."""
        return self.root / "known.parquet"

    @property
    def rejects(self) -> Path:
        """The folder of the rejected rows."""
        return self.root / "rejects"

    @property
    def tmp(self) -> Path:
        """Work folders of running processes; what dead ones leave there is removed by gc."""
        return self.root / "tmp"

    def release(self, release_id: str) -> Path:
        """The folder of one release."""
        return self.releases / release_id

    def manifest(self, release_id: str) -> Path:
        """The manifest of one release."""
        return self.release(release_id) / "manifest.json"

    def apart(self, release_id: str) -> Path:
        """The users of one release that were learned apart from the others; not there where there are none."""
        return self.release(release_id) / "apart.parquet"

    def config(self, release_id: str) -> Path:
        """The config that one release came of; not there in releases of early versions."""
        return self.release(release_id) / "config.json"

    def refusal(self, release_id: str) -> Path:
        """Why one release was refused; not there where it was not."""
        return self.release(release_id) / "refused.json"

    def segment(self, file: str) -> Path:
        """One segment file."""
        return self.segments / file

    def create(self) -> None:
        """Make the folders that are missing."""
        for folder in (self.rows, self.lance, self.segments, self.releases, self.rejects, self.tmp):
            folder.mkdir(parents=True, exist_ok=True)
