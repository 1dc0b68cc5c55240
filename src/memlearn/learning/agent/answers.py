"""Answers in the journals: what an interrupted run has asked already is not asked again, and what it may have cost is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memlearn.learning.agent.sender import Answered, Asked, Spent
from memlearn.llm.messages import ChatReply
from memlearn.store.journal import Place, read_record, read_segment
from memlearn.store.ledger import Ledger

Name = tuple[str, str, int, str]


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
        spent: step → what its requests took so far.
        open_requests: requests that were under way when their process died; they may have been paid.
        batches: name → requests of batches whose results nobody has read.
        batch_ids: name → the provider's ids of batches that were submitted.
    """

    folder: Path
    places: dict[Name, Place] = field(default_factory=dict)
    found: list[Answered] = field(default_factory=list)
    spent: dict[str, Spent] = field(default_factory=dict)
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
            for user_id, step, turn, digest, segment, answer in ledger.fetch(query, [shard, list(users)]).iter_rows():
                self.places[user_id, step, turn, digest] = Place(segment, answer)

    def take_spent(self, step: str) -> Spent:
        """What a step took in earlier runs; it is told once."""
        return self.spent.pop(step, Spent())

    def add(self, sent: Sent, reply: Place, cost: int, *, sure: bool) -> None:
        """Add the answer to a request of a batch."""
        self.places[sent.name] = reply
        self.found.append(Answered(sent.asked, sent.digest, sent.intent, reply))
        self.add_cost(sent, cost, sure=sure)

    def add_cost(self, sent: Sent, cost: int, *, sure: bool) -> None:
        """Count what a request of a batch took, answered or not."""
        spent = self.spent.setdefault(sent.asked.step, Spent())
        spent.requests, spent.input_bytes = spent.requests + 1, spent.input_bytes + sent.size
        spent.cost, spent.perhaps = spent.cost + cost, spent.perhaps + (0 if sure else cost)

    def _add(self, path: Path, begun: dict[tuple[str, int], tuple[Place, dict[str, Any]]]) -> None:
        for place, record in read_segment(path):
            kind = record["type"]
            if kind == "intent":
                begun[path.name, record["number"]] = (place, record)
                if "batch" not in record:
                    self.spent.setdefault(record["step"], Spent()).requests += 1
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
        spent = self.spent.setdefault(asked.step, Spent())
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
        spent = self.spent[asked.step]
        spent.cost, spent.perhaps = spent.cost + intent["most"], spent.perhaps + intent["most"]
