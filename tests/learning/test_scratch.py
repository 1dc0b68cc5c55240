"""A store beside the store: what it holds, and that it goes away."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from companies import Company, make_company, site_of

from memlearn.learning.job import Job
from memlearn.learning.run import open_run
from memlearn.learning.scratch import scratch_store
from memlearn.store.gc import collect_garbage
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(2, users=2, events=15, nights=1, changes=False)


@pytest.fixture
def job(tmp_path: Path, company: Company) -> Job:
    site = site_of(tmp_path / "site", company)
    site.learn()
    return make_job(load_config(site.config))


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("links", [True, False])
def test_it_holds_what_a_run_needs_and_leaves_nothing(job: Job, monkeypatch: pytest.MonkeyPatch, *, links: bool) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    before = files_below(job.layout.root)
    with scratch_store(job) as scratch:
        held = files_below(scratch.root)
        assert {name for name in before if name.startswith(("rows/", "segments/", "lance/", "population/", "releases/"))} <= set(held)
        assert all(before[name] == content for name, content in held.items())
        row = next(path for path in scratch.rows.rglob("*") if path.is_file())
        assert (row.stat().st_nlink > 1) is links
        # What a run takes away there stays here.
        row.unlink()
    assert files_below(job.layout.root) == before


def test_what_a_dead_process_leaves_is_removed_by_gc(job: Job) -> None:
    before = files_below(job.layout.root)
    script = (
        "import os, sys; from memlearn.learning.scratch import scratch_store; from memlearn.wiring.jobs import make_job\n"
        "from memlearn.wiring.load import load_config\n"
        "with scratch_store(make_job(load_config(sys.argv[1]))): os._exit(0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script, str(job.context.base / "memlearn.yaml")], check=True, env=environment, timeout=60)
    assert files_below(job.layout.root) != before
    collect_garbage(job.layout, 5)
    left = files_below(job.layout.root)
    assert {name for name in left if not name.endswith(".lock")} == {name for name in before if not name.endswith(".lock")}


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path, company: Company) -> None:
    fresh = make_job(load_config(site_of(tmp_path / "site", company).config))
    with scratch_store(fresh) as scratch:
        with open_run(replace(fresh, layout=scratch)) as run:
            run.ingest()
        assert scratch.ledger.is_file()
    assert not scratch.root.exists()
    assert not fresh.layout.root.exists()
