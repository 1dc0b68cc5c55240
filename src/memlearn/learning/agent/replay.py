"""Replay: rebuild what a run published from its sources and the journals, without a single request."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from memlearn.errors import NoReleaseError, UnknownRunError, UsageError
from memlearn.learning.agent.answers import Answers
from memlearn.learning.agent.sender import Asked
from memlearn.learning.job import Job
from memlearn.learning.lock import learning
from memlearn.learning.run import finish, open_run
from memlearn.llm.messages import ChatReply, ChatRequest
from memlearn.llm.model_error import ModelError
from memlearn.store.journal import Place, read_record
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.manifest import Manifest, read_manifest


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a replay went.

    Args:
        run_id: the run.
        release_id: what it published.
        content_digest: of that.
        again: of what the replay made.
        answers: answers that were taken from the journals.
        stopped: what was asked and is in no journal; None: nothing.
    """

    run_id: str
    release_id: str
    content_digest: str
    again: str
    answers: int
    stopped: str | None


class Silent:
    """A client that sends nothing: whatever it is asked should have been in the journal."""

    def encode(self, _: ChatRequest) -> bytes:
        """Nothing is sent."""
        return b""

    async def ask(self, _: bytes) -> ChatReply:
        """Refuse.

        Raises:
            ModelError: always.
        """
        raise ModelError(
            "access",
            "A request of this run is in no journal: sources, prompts or model are not those of then, or a journal was removed.",
        )

    async def close(self) -> None:
        """There is nothing to close."""


@dataclass(slots=True)
class Recorded:
    """All answers of a store, found by user, turn and request, whatever the key of the step was.

    Args:
        folder: of the journals.
        places: (user, turn, digest) → where the answer lies.
        taken: how many were.
    """

    folder: Path
    places: dict[tuple[str, int, str], Place] = field(default_factory=dict)
    taken: int = 0

    @classmethod
    def read(cls, layout: StoreLayout, ledger: Ledger, users: Sequence[str] | None = None) -> Recorded:
        """What the ledger names, and what journals of runs that did not end hold.

        Args:
            layout: of the store with the journals.
            ledger: its books.
            users: only what was asked about these users; None: about all.
        """
        found = cls(layout.journals)
        query = "select user_id, turn, digest, answered_in, answer from agent_requests"
        rows = ledger.fetch(query) if users is None else ledger.fetch(f"{query} where user_id in (select unnest(?))", [list(users)])
        found.places = {(user_id, turn, digest): Place(segment, answer) for user_id, turn, digest, segment, answer in rows.iter_rows()}
        named = set(ledger.fetch("select segment from journals where settled")["segment"].to_list())
        there = sorted(path.name for path in layout.journals.glob("*.journal")) if layout.journals.is_dir() else []
        rest = Answers.read(layout.journals, [name for name in there if name not in named])
        found.places |= {(user_id, turn, digest): place for (user_id, _, turn, digest), place in rest.places.items()}
        return found

    def known(self, asked: Asked, digest: str) -> ChatReply | None:
        """The answer to a request."""
        place = self.places.get((asked.user_id, asked.turn, digest))
        if place is None:
            return None
        self.taken += 1
        return ChatReply.of_json(read_record(self.folder, place)["reply"])


def replay(job: Job, run_id: str) -> Replayed:
    """Learn as a run did, from the sources as they are, with the answers that were given then.

    Args:
        job: of the config; it has an agent.
        run_id: the run.

    Raises:
        BusyError: a learn run works on this store.
        UsageError: the config has no agent.
        UnknownRunError: there is no such run, or it did not end.
        NoReleaseError: what it published is not kept any more.
    """
    if job.agent is None:
        raise UsageError("There is nothing to replay: `learning.manager` is `embedded`, which asks no model.")
    with learning(job):
        manifest, recorded, shards = _look_up(job, run_id)
        with _scratch(job.layout, run_id) as layout:
            settings = job.learning.model_copy(update={"shards": shards})
            agent = replace(job.agent, client=Silent, batches=None, known=recorded.known, cap=None)
            again = replace(job, layout=layout, as_of_us=manifest.as_of_us, learning=settings, agent=agent)
            with open_run(again) as run:
                run.ingest()
                run.fold()
                run.learn_by_agent()
                run.share()
                run.render()
                outcome = run.publish()
                finish(run, {"release_id": outcome.manifest.release_id})
                stopped = None if run.agent is None else run.agent.tally.stopped
            made = read_manifest(layout, outcome.manifest.release_id)
    return Replayed(run_id, manifest.release_id, manifest.content_digest, made.content_digest, recorded.taken, stopped)


def _look_up(job: Job, run_id: str) -> tuple[Manifest, Recorded, int]:
    ledger = Ledger(job.layout.ledger)
    try:
        found = ledger.fetch("select state, release_id from runs where run_id = ?", [run_id])
        if found.is_empty():
            raise UnknownRunError(f"There is no run {run_id!r}. `memlearn status CONFIG` lists the last runs.")
        state, release_id = found.row(0)
        if state != "done":
            raise UnknownRunError(f"Run {run_id!r} is {state}; only a run that is done can be replayed.")
        if not job.layout.manifest(release_id).is_file():
            raise NoReleaseError(f"Release {release_id!r} of run {run_id!r} is not kept any more; `releases.keep` says how many are.")
        return read_manifest(job.layout, release_id), Recorded.read(job.layout, ledger), int(ledger.fact("shards") or 1)
    finally:
        ledger.close()


@contextmanager
def _scratch(layout: StoreLayout, run_id: str) -> Iterator[StoreLayout]:
    folder = layout.tmp / f"replay-{run_id}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield StoreLayout(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
