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


@dataclass(slots=True)
class Answers:
    """The answers that journals hold, found by what was asked.

    Args:
        folder: of the journals.
        places: (user, step, turn, digest) → where the answer lies.
        found: those of the journals that were read, which the ledger does not name yet.
        spent: step → what its requests took so far.
        open_requests: requests that were under way when their process died; they may have been paid.
    """

    folder: Path
    places: dict[Name, Place] = field(default_factory=dict)
    found: list[Answered] = field(default_factory=list)
    spent: dict[str, Spent] = field(default_factory=dict)
    open_requests: int = 0

    @classmethod
    def read(cls, folder: Path, segments: Iterable[str]) -> Answers:
        """The answers of some journals.

        Raises:
            DamagedError: one of them is not what was written.
        """
        answers = cls(folder)
        for segment in segments:
            if (folder / segment).is_file():
                answers._add(folder / segment)
        return answers

    def known(self, asked: Asked, digest: str) -> ChatReply | None:
        """The answer to a request, where there is one."""
        place = self.places.get((asked.user_id, asked.step, asked.turn, digest))
        return None if place is None else ChatReply.of_json(read_record(self.folder, place)["reply"])

    def add_booked(self, ledger: Ledger, shard: int, users: Sequence[str]) -> None:
        """Add the answers that the ledger names, of some users of a shard."""
        query = (
            "select user_id, lower(hex(step_key)), turn, digest, segment, answer from agent_requests"
            " where shard = ? and user_id in (select unnest(?))"
        )
        if users:
            for user_id, step, turn, digest, segment, answer in ledger.fetch(query, [shard, list(users)]).iter_rows():
                self.places[user_id, step, turn, digest] = Place(segment, answer)

    def take_spent(self, step: str) -> Spent:
        """What a step took in earlier runs; it is told once."""
        return self.spent.pop(step, Spent())

    def _add(self, path: Path) -> None:
        intents: dict[int, dict[str, Any]] = {}
        began: dict[int, Place] = {}
        for place, record in read_segment(path):
            kind = record["type"]
            if kind == "intent":
                intents[record["number"]], began[record["number"]] = record, place
                spent = self.spent.setdefault(record["step"], Spent())
                spent.requests += 1
            elif kind in ("reply", "failed"):
                intent = intents.pop(record["number"])
                spent = self.spent[intent["step"]]
                spent.cost += record["cost"]
                spent.perhaps += record["cost"] if kind == "failed" or not record["sure"] else 0
                if kind == "reply":
                    asked = Asked(intent["user"], intent["step"], intent["turn"])
                    self.places[asked.user_id, asked.step, asked.turn, intent["digest"]] = place
                    self.found.append(Answered(asked, intent["digest"], began[record["number"]], place))
        self.open_requests += len(intents)
        for intent in intents.values():
            spent = self.spent[intent["step"]]
            spent.cost, spent.perhaps = spent.cost + intent["most"], spent.perhaps + intent["most"]
