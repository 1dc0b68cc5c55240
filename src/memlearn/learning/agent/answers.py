"""Answers in the journals: what an interrupted run has asked already is not asked again, and what it may have cost is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memlearn.learning.agent.run_journal import run_of
from memlearn.learning.agent.sender import Answered, Asked, Spent
from memlearn.llm.messages import ChatReply
from memlearn.store.journal import Place, read_record, read_segment
from memlearn.store.ledger import Ledger

Name = tuple[str, str, int, str]

NOW = ""
"""Stands for the run at work among those that spent something."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that went into a batch, or was about to, and has neither answer nor failure in the journals.

    Args:
        asked: names the request.
        digest: of the request.
        number: of its intent, in its segment.
        intent: where that lies.
        most: units of money that it may cost.
        size: bytes of it.
    """

    asked: Asked
    digest: str
    number: int
    intent: Place
    most: int
    size: int

    @property
    def name(self) -> Name:
        """What tells the request apart from all others."""
        return (self.asked.user_id, self.asked.step, self.asked.turn, self.digest)


@dataclass(slots=True)
class Answers:
    """The answers that journals hold, found by what was asked.

    Args:
        folder: of the journals.
        places: (user, step, turn, digest) → where the answer lies.
        found: those of the journals that were read, which the ledger does not name yet.
        spent: step → run → what its requests took in that run; `NOW`: in the one at work.
        open_requests: requests that were under way when their process died; they may have been paid.
        batches: name → requests of batches whose results nobody has read.
        batch_ids: name → the provider's ids of batches that were submitted.
    """

    folder: Path
    places: dict[Name, Place] = field(default_factory=dict)
    found: list[Answered] = field(default_factory=list)
    spent: dict[str, dict[str, Spent]] = field(default_factory=dict)
    open_requests: int = 0
    batches: dict[str, list[Sent]] = field(default_factory=dict)
    batch_ids: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, segments: Iterable[str]) -> Answers:
        """The answers of some journals.

        Raises:
            DamagedError: one of them is not what was written.
        """
        answers = cls(folder)
        begun: dict[tuple[str, int], tuple[Place, dict[str, Any]]] = {}
        for segment in segments:
            if (folder / segment).is_file():
                answers._add(folder / segment, begun)
        for place, intent in begun.values():
            answers._leave_open(place, intent)
        return answers

    def known(self, asked: Asked, digest: str) -> ChatReply | None:
        """The answer to a request, where there is one."""
        place = self.places.get((asked.user_id, asked.step, asked.turn, digest))
        return None if place is None else ChatReply.of_json(read_record(self.folder, place)["reply"])

    def add_booked(self, ledger: Ledger, shard: int, users: Sequence[str]) -> None:
        """Add the answers that the ledger names, of some users of a shard."""
        query = (
            "select user_id, lower(hex(step_key)), turn, digest, answered_in, answer from agent_requests"
            " where shard = ? and user_id in (select unnest(?))"
        )
        if users:
            # One that was damaged may have been removed since; what it held is asked again.
            there = {path.name for path in self.folder.glob("*.journal")}
            for user_id, step, turn, digest, segment, answer in ledger.fetch(query, [shard, list(users)]).iter_rows():
                if segment in there:
                    self.places[user_id, step, turn, digest] = Place(segment, answer)

    def take_spent(self, step: str) -> dict[str, Spent]:
        """What a step took, by run; it is told once."""
        return self.spent.pop(step, {})

    def spent_before(self) -> dict[str, tuple[int, int]]:
        """Run → units of money that its steps took, and those of them that nobody can confirm."""
        sums: dict[str, tuple[int, int]] = {}
        for by_run in self.spent.values():
            for run_id, spent in by_run.items():
                cost, perhaps = sums.get(run_id, (0, 0))
                sums[run_id] = (cost + spent.cost, perhaps + spent.perhaps)
        return sums

    def add(self, sent: Sent, reply: Place, cost: int, *, sure: bool) -> None:
        """Add the answer to a request of a batch."""
        self.places[sent.name] = reply
        self.found.append(Answered(sent.asked, sent.digest, sent.intent, reply))
        self.add_cost(sent, cost, sure=sure)

    def add_cost(self, sent: Sent, cost: int, *, sure: bool) -> None:
        """Count what a request of a batch took, answered or not; it is the run at work that has taken the result."""
        spent = self._of(sent.asked.step, NOW)
        spent.requests, spent.input_bytes = spent.requests + 1, spent.input_bytes + sent.size
        spent.cost, spent.perhaps = spent.cost + cost, spent.perhaps + (0 if sure else cost)

    def _add(self, path: Path, begun: dict[tuple[str, int], tuple[Place, dict[str, Any]]]) -> None:
        for place, record in read_segment(path):
            kind = record["type"]
            if kind == "intent":
                begun[path.name, record["number"]] = (place, record)
                if "batch" not in record:
                    self._of(record["step"], run_of(path.name)).requests += 1
            elif kind == "batch":
                self.batch_ids.setdefault(record["name"], []).append(record["id"])
            elif kind in ("reply", "failed"):
                # Results of a batch may be read by a later run, into its own journal; the one with the intents may have been
                # removed since, because it was damaged.
                intent = begun.pop((record.get("of", path.name), record["number"]), None)
                if intent is not None:
                    self._close(intent, place, record)

    def _close(self, begun: tuple[Place, dict[str, Any]], place: Place, record: dict[str, Any]) -> None:
        began, intent = begun
        asked = Asked(intent["user"], intent["step"], intent["turn"])
        spent = self._of(asked.step, run_of(place.segment))
        spent.requests += 1 if "batch" in intent and record.get("kind") != "unsent" else 0
        spent.cost += record["cost"]
        spent.perhaps += record["cost"] if record["type"] == "failed" or not record["sure"] else 0
        if record["type"] == "reply":
            self.places[asked.user_id, asked.step, asked.turn, intent["digest"]] = place
            self.found.append(Answered(asked, intent["digest"], began, place))

    def _leave_open(self, place: Place, intent: dict[str, Any]) -> None:
        asked = Asked(intent["user"], intent["step"], intent["turn"])
        if "batch" in intent:
            sent = Sent(asked, intent["digest"], intent["number"], place, intent["most"], intent["size"])
            self.batches.setdefault(intent["batch"], []).append(sent)
            return
        self.open_requests += 1
        spent = self._of(asked.step, run_of(place.segment))
        spent.cost, spent.perhaps = spent.cost + intent["most"], spent.perhaps + intent["most"]

    def _of(self, step: str, run_id: str) -> Spent:
        return self.spent.setdefault(step, {}).setdefault(run_id, Spent())
