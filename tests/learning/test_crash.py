"""kill -9 at any moment of a run, then run again: the content of an undisturbed run, and the old release served throughout."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest
from companies import Site, make_company

import memlearn
from memlearn.errors import BusyError, NoReleaseError
from memlearn.store import StoreLayout, open_release
from memlearn.store.ledger import Ledger
from memlearn.store.status import read_status
from memlearn.store.switch import list_releases
from memlearn.wiring import verbs

LEARN = """
import sys
import memlearn
from memlearn.wiring import verbs
print("begun", flush=True)
verbs.learn(sys.argv[1], progress=lambda step: print(step.stage, flush=True))
print("done", flush=True)
"""
STAGES = ("ingest", "fold", "shared", "render", "publish")
# A run that says nothing new for so long hangs.
PATIENCE = 120.0


@dataclass(frozen=True)
class Case:
    """A run to kill: the folder as it is before it, and what an undisturbed run takes, in all and in each stage, and leads to.

    The stages are those that the run's status shows, as `memlearn status` reads it.
    """

    folder: Path
    digest: str
    seconds: float
    stages: dict[str, float]

    @property
    def config(self) -> Path:
        return self.folder / "memlearn.yaml"


@dataclass(frozen=True)
class Moment:
    """When to kill a run: so many seconds after it began (`begun`), or after its status showed a stage."""

    stage: str
    seconds: float


def _start(config: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(
        [sys.executable, "-c", LEARN, str(config)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    return child


def _undisturbed(folder: Path, work: Path) -> Case:
    """Time a run on a copy of the folder, in a process of its own as the killed ones are."""
    copy = Path(shutil.copytree(folder, work))
    child = _start(copy / "memlearn.yaml")
    begun = time.perf_counter()
    first: dict[str, float] = {}
    while child.poll() is None:
        if (stage := _shown(copy, child)) is not None:
            first.setdefault(stage, time.perf_counter() - begun)
        time.sleep(0.0005)
    seconds = time.perf_counter() - begun
    _, errors = child.communicate()
    assert child.returncode == 0, errors
    ends = [*list(first.values())[1:], seconds]
    stages = {stage: end - start for (stage, start), end in zip(first.items(), ends, strict=True)}
    return Case(folder, _digest(copy), seconds, {stage: stages.get(stage, 0.0) for stage in STAGES})


def _shown(site: Path, child: subprocess.Popen[str]) -> str | None:
    """The stage that the status of this run shows."""
    said = read_status(StoreLayout(site / "store"))
    return str(said["stage"]) if said is not None and said["pid"] == child.pid else None


def _digest(folder: Path) -> str:
    with open_release(StoreLayout(folder / "store"), verify=True) as release:
        return release.manifest.content_digest


def _kill(config: Path, moment: Moment) -> str:
    """Kill a run so many seconds after it began, or after its status showed a stage; returns the stage that its status shows then."""
    child = _start(config)
    begun = time.perf_counter()
    while moment.stage not in ("begun", _shown(config.parent, child)) and child.poll() is None:
        assert time.perf_counter() - begun < PATIENCE
        time.sleep(0.0005)
    time.sleep(moment.seconds)
    child.kill()
    child.communicate()
    assert child.returncode in (-9, 0)
    return "done" if child.returncode == 0 else _shown(config.parent, child) or "begun"


@contextmanager
def _reader(layout: StoreLayout, before: set[str], after: str) -> Iterator[None]:
    """Reads whole releases all the time: the content from before the run, where there was one, or that from after it."""
    end, problems, seen, allowed = Event(), [], 0, {*before, after}

    def read() -> None:
        nonlocal seen
        while not end.is_set():
            try:
                with open_release(layout) as release:
                    assert release.manifest.content_digest in allowed
                    users = release.users()["user_id"].to_list()
                    assert release.user(users[seen % len(users)]) is not None
                    seen += 1
            except NoReleaseError as error:
                if before:
                    problems.append(repr(error))
            except Exception as error:  # noqa: BLE001 - told to the test
                problems.append(repr(error))
                return
            end.wait(0.05)

    thread = Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
    assert problems == []


def _check_crash(case: Case, folder: Path, moment: Moment) -> str:
    site = Path(shutil.copytree(case.folder, folder))
    layout = StoreLayout(site / "store")
    before = {_digest(site)} if layout.current.is_file() else set()
    with _reader(layout, before, case.digest):
        stage = _kill(site / "memlearn.yaml", moment)
        memlearn.learn(site / "memlearn.yaml")
    assert _digest(site) == case.digest
    again = memlearn.learn(site / "memlearn.yaml")
    assert not again.published
    assert again.steps_done == 0
    verbs.gc(site / "memlearn.yaml", keep=1)
    assert _digest(site) == case.digest
    _check_no_orphans(layout)
    shutil.rmtree(site)
    return stage


def _check_no_orphans(layout: StoreLayout) -> None:
    assert list(layout.tmp.iterdir()) == []
    (entry,) = list_releases(layout)
    assert entry.manifest is not None
    assert {path.name for path in layout.segments.iterdir()} == {segment.file for segment in entry.manifest.segments}
    assert {path.stem.removesuffix("-pairs") for path in (layout.root / "population").iterdir()} == {entry.manifest.population["file"]}
    ledger = Ledger(layout.ledger)
    try:
        rows = {f"{shard:04d}/{file.file}" for shard, files in ledger.row_files().items() for file in files}
        pieces = {f"{shard:04d}/{file}" for shard, file in ledger.fetch("select shard, file from piece_files").iter_rows()}
        assert ledger.fetch("select count(*) as n from runs where state = 'running'").item() == 0
    finally:
        ledger.close()
    assert {str(path.relative_to(layout.rows)) for path in layout.rows.glob("*/*")} == rows
    assert {str(path.relative_to(layout.root / "pieces")) for path in (layout.root / "pieces").glob("*/*")} == pieces


def _moments(case: Case, count: int, seed: int) -> list[Moment]:
    """Spread evenly over the whole run, each at a seeded random place of its part."""
    random = Random(seed)
    return [Moment("begun", case.seconds * (part + random.random()) / count) for part in range(count)]


def _moments_of_stages(case: Case, count: int, seed: int) -> list[Moment]:
    """As many in each stage, however short it is, at seeded random places of it; the first ones as soon as it is entered."""
    random = Random(seed)
    told = [(STAGES[number % len(STAGES)], random.random() * (number >= len(STAGES))) for number in range(count)]
    return [Moment(stage, case.stages[stage] * share) for stage, share in told]


def _check_crashes(case: Case, folder: Path, moments: list[Moment]) -> None:
    """Kill runs at these moments, and in each stage that none of them met; a kill that comes after its stage has ended meets another one."""
    met = Counter(_check_crash(case, folder / str(number), moment) for number, moment in enumerate(moments))
    for stage in STAGES:
        for attempt in range(10):
            if not met[stage]:
                met[_check_crash(case, folder / f"{stage}-{attempt}", Moment(stage, 0.0))] += 1
    print("killed in", dict(met))  # noqa: T201 - what a soak saw
    assert set(met) >= set(STAGES), met


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Case]:
    """A first run, and one with late rows, corrections and deletions after it; each is made when it is asked for."""
    company = make_company(3, users=7, events=150, nights=2, days=400)
    folder = tmp_path_factory.mktemp("crash")
    site = Site(folder / "site", {"chunks": {"tokens": 300}, "learning": {"shards": 3}}).set_up(company)
    site.deliver(*company.nights[0])
    assert site.config.is_file()
    first = Path(shutil.copytree(site.folder, folder / "first"))
    site.learn()
    site.deliver(*company.nights[1])
    sites = {"first": first, "next": site.folder}
    return cache(lambda which: _undisturbed(sites[which], folder / f"undisturbed-{which}"))


@pytest.mark.slow
@pytest.mark.parametrize("which", ["first", "next"])
def test_killed_at_ten_moments(cases: Callable[[str], Case], tmp_path: Path, which: str) -> None:
    for number, moment in enumerate(_moments(cases(which), 10, seed=11)):
        _check_crash(cases(which), tmp_path / str(number), moment)


@pytest.mark.soak
@pytest.mark.parametrize("which", ["first", "next"])
def test_killed_at_fifty_moments(cases: Callable[[str], Case], tmp_path: Path, which: str) -> None:
    _check_crashes(cases(which), tmp_path, [*_moments(cases(which), 30, seed=12), *_moments_of_stages(cases(which), 20, seed=15)])


@pytest.mark.soak
def test_killed_at_fifty_moments_of_the_samples(tmp_path: Path, samples_site: Callable[[Path], Path]) -> None:
    case = _undisturbed(samples_site(tmp_path / "samples"), tmp_path / "undisturbed")
    _check_crashes(case, tmp_path, [*_moments(case, 30, seed=13), *_moments_of_stages(case, 20, seed=16)])


@pytest.fixture
def samples_site() -> Callable[[Path], Path]:
    """Makes a folder with the samples' config, for a store of its own."""
    root = Path(__file__).parents[2]

    def make(folder: Path) -> Path:
        folder.mkdir()
        text = (root / "configs" / "sample.yaml").read_text(encoding="utf-8")
        text = text.replace("${SAMPLES:-../data/samples}", str(root / "data" / "samples")).replace(
            "${SAMPLE_STORE:-../store/sample}", "store"
        )
        (folder / "memlearn.yaml").write_text(text, encoding="utf-8")
        return folder

    return make


@pytest.mark.slow
def test_killed_again_and_again(cases: Callable[[str], Case], tmp_path: Path) -> None:
    case = cases("next")
    site = Path(shutil.copytree(case.folder, tmp_path / "site"))
    for moment in _moments(case, 3, seed=14):
        _kill(site / "memlearn.yaml", moment)
    memlearn.learn(site / "memlearn.yaml")
    assert _digest(site) == case.digest
    states = [run.state for run in verbs.status(site / "memlearn.yaml").runs]
    assert states[0] == "done"
    assert set(states) <= {"done", "killed"}


@pytest.mark.slow
def test_status_while_a_run_works_and_after_it_was_killed(cases: Callable[[str], Case], tmp_path: Path) -> None:
    case = cases("next")
    site = Path(shutil.copytree(case.folder, tmp_path / "site"))
    config = site / "memlearn.yaml"
    before = verbs.status(config)
    assert before.running is None
    assert {(one.source, one.reason) for one in before.pending} == {("shop", "new"), ("till", "new"), ("app", "new")}
    child = _start(config)
    assert child.stdout is not None
    while child.stdout.readline() != "fold\n":
        pass
    # Stopped, not ended: it is at work for as long as the test looks.
    child.send_signal(signal.SIGSTOP)
    during = verbs.status(config)
    assert during.running is not None
    assert during.running.state == "running"
    assert during.running.run_id == "run-000002"
    assert during.running.message.startswith(("fold", "shared", "render", "publish"))
    assert during.release_id == before.release_id
    assert [run.run_id for run in during.runs] == ["run-000001"]
    with pytest.raises(BusyError, match=r"Another learn run works on the store.*memlearn status"):
        memlearn.learn(config)
    child.kill()
    child.communicate()
    after = verbs.status(config)
    assert after.running is None
    assert [(run.run_id, run.state) for run in after.runs] == [("run-000002", "killed"), ("run-000001", "done")]
    # The rows were read, but no release holds them yet.
    assert {(one.source, one.reason) for one in after.pending} == {("shop", "new"), ("till", "new"), ("app", "new")}
    assert memlearn.learn(config).published
    assert verbs.status(config).pending == ()
    assert _digest(site) == case.digest
