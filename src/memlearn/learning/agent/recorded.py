"""Answers that were given before, found by what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from memlearn.learning.agent.answers import Answers
from memlearn.learning.agent.sender import Asked
from memlearn.learning.agent.settling import find_unsettled
from memlearn.llm.messages import ChatReply
from memlearn.store.journal import Place, read_record
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger


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
        rest = Answers.read(layout.journals, find_unsettled(layout, ledger))
        found.places |= {(user_id, turn, digest): place for (user_id, _, turn, digest), place in rest.places.items()}
        return found

    def known(self, asked: Asked, digest: str) -> ChatReply | None:
        """The answer to a request."""
        place = self.places.get((asked.user_id, asked.turn, digest))
        if place is None:
            return None
        self.taken += 1
        return ChatReply.of_json(read_record(self.folder, place)["reply"])
