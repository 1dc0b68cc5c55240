"""Answers that the ledger names are found, and those of a journal that was removed are not missed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from memlearn.errors import DamagedError
from memlearn.learning.agent.answers import Answers
from memlearn.learning.agent.sender import Answered, Asked
from memlearn.learning.agent.settling import settle
from memlearn.llm.messages import ChatReply
from memlearn.store.journal import JournalWriter
from memlearn.store.ledger import Ledger

ASKED = Asked("anna", "ab" * 16, 0)


def test_what_a_removed_journal_held_is_asked_again(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "journals", "run-000001-0a0b0c")
    place = journal.append({"type": "reply", "reply": ChatReply("yes").to_json()}).result()
    journal.close()
    with closing(Ledger(tmp_path / "ledger.duckdb")) as ledger:
        settle(ledger, [journal.path.name], [Answered(ASKED, "cd", place, place)], "run-000001")

        def answers() -> Answers:
            found = Answers(journal.path.parent)
            found.add_booked(ledger, 0, ["anna"])
            return found

        assert answers().known(ASKED, "cd") == ChatReply("yes")
        content = journal.path.read_bytes()
        journal.path.write_bytes(content[: place.offset] + bytes(len(content) - place.offset))
        with pytest.raises(DamagedError, match="Remove that file and learn again"):
            answers().known(ASKED, "cd")
        journal.path.unlink()
        assert answers().known(ASKED, "cd") is None
