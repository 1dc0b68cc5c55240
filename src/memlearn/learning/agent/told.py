"""What a user's steps were: seen, asked, answered, accepted, refused, paid; from the ledger and the journals."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memlearn.errors import DamagedError
from memlearn.learning.agent.money import to_amount
from memlearn.store.journal import Place, read_record
from memlearn.store.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer.

    Args:
        turn: of the step's conversation, from 0.
        asked: the messages after those of the turns before, as `role: text`; the system message is left out.
        answered: text and calls of the answer.
    """

    turn: int
    asked: tuple[str, ...]
    answered: str


@dataclass(frozen=True, slots=True)
class ToldRefusal:
    """A call that changed nothing.

    Args:
        call: as the model made it.
        reason: as it was told.
        code: the sort of reason, in one word.
        mended: True where a later call of the step changed the same block.
    """

    call: str
    reason: str
    code: str
    mended: bool


@dataclass(frozen=True, slots=True)
class ToldStep:
    """One step of a user.

    Args:
        chunk: number of the chunk, from 0.
        run_id: the run that did it.
        version: of the agent.
        outcome: `done`, `silent`, `declined` or `skipped`.
        reason: why it was skipped.
        events: rows that it was given.
        accepted: what changed, in words.
        refused: calls that changed nothing.
        requests: that were sent for it.
        cost: in the currency of the prices.
        perhaps: the part of it that nobody can confirm.
        exchanges: requests and answers, where they were asked for.
    """

    chunk: int
    run_id: str
    version: str
    outcome: str
    reason: str | None
    events: int
    accepted: tuple[str, ...]
    refused: tuple[ToldRefusal, ...]
    requests: int
    cost: str
    perhaps: str
    exchanges: tuple[Exchange, ...] = ()


def read_by_agent(ledger: Ledger, user_id: str) -> tuple[str, ...]:
    """Users and documents with steps, whose names differ from this one in case or surrounding blanks only."""
    query = "select distinct user_id from agent_steps where lower(user_id) = lower(?) order by user_id"
    return tuple(ledger.fetch(query, [user_id.strip()])["user_id"].to_list())


def tell_steps(ledger: Ledger, user_id: str, journals: Path | None = None) -> tuple[ToldStep, ...]:
    """The steps of a user that the ledger holds, in order.

    Args:
        ledger: the books.
        user_id: the user.
        journals: folder of the journals, to tell requests and answers too.
    """
    query = (
        "select chunk, run_id, version, outcome, reason, events, accepted, refused, requests, cost, perhaps, lower(hex(step_key)) as step"
        " from agent_steps where user_id = ? order by chunk"
    )
    return tuple(
        ToldStep(
            chunk=row["chunk"],
            run_id=row["run_id"],
            version=row["version"],
            outcome=row["outcome"],
            reason=row["reason"],
            events=row["events"],
            accepted=tuple(_edit(edit) for edit in json.loads(row["accepted"])),
            refused=tuple(_refusal(call) for call in json.loads(row["refused"])),
            requests=row["requests"],
            cost=f"{to_amount(row['cost']):f}",
            perhaps=f"{to_amount(row['perhaps']):f}",
            exchanges=() if journals is None else tuple(_exchanges(ledger, user_id, row["step"], journals)),
        )
        for row in ledger.fetch(query, [user_id]).iter_rows(named=True)
    )


def _refusal(call: Mapping[str, Any]) -> ToldRefusal:
    # Steps of earlier versions keep no sort.
    return ToldRefusal(call["call"], call["reason"], call.get("code", "form"), call["mended"])


def _edit(edit: Mapping[str, Any]) -> str:
    place = edit["label"] + ("" if edit["line"] is None else f".{edit['line']}")
    lines = "; ".join(f"{line['text']}" + (" (hypothesis)" if line["status"] == "hypothesis" else "") for line in edit["lines"])
    return f"{edit['operation']} {place}" + (f": {lines}" if lines else "")


def _exchanges(ledger: Ledger, user_id: str, step: str, journals: Path) -> Iterator[Exchange]:
    query = (
        "select turn, asked_in, intent, answered_in, answer from agent_requests where user_id = ? and step_key = unhex(?)"
        " order by turn, answered_in, answer"
    )
    shown = 0
    for turn, asked_in, intent, answered_in, answer in ledger.fetch(query, [user_id, step]).iter_rows():
        for segment in (asked_in, answered_in):
            if not (journals / segment).is_file():
                raise DamagedError(
                    f"The journal {segment!r} is gone; without it only the outcome of its steps can be told. Leave `--full` away."
                )
        messages = read_record(journals, Place(asked_in, intent))["messages"]
        reply = read_record(journals, Place(answered_in, answer))["reply"]
        fresh = messages[shown:] if len(messages) > shown else messages
        calls = [f"{name} {arguments}" for _, name, arguments in reply["calls"]]
        told = "\n".join(text for text in (reply["text"], *calls) if text) or f"(nothing; {reply['finish']})"
        yield Exchange(turn, tuple(_message(message) for message in fresh), told)
        shown = len(messages)


def _message(message: Mapping[str, Any]) -> str:
    calls = [f"{name} {arguments}" for _, name, arguments in message.get("calls", ())]
    return f"{message['role']}: " + "\n".join(text for text in (message["text"], *calls) if text)
