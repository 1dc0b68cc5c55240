"""Which of a user's agent steps stand, and the keys of those to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from json import dumps
from typing import Any

from memlearn.chunks.events import EMPTY_DIGEST
from memlearn.learning.agent.step import StepInput

_SIZE = 16


@dataclass(frozen=True, slots=True)
class Done:
    """A step in the ledger.

    Args:
        given: digest of what it was given.
        version: of the agent that did it.
        key: its key, which also names the state after it.
        skipped: True: it got no answer, so it changed nothing.
    """

    given: bytes
    version: str
    key: bytes
    skipped: bool = False


def given_digest(step: StepInput, extra: Sequence[str] = ()) -> bytes:
    """Digest of every byte that a step is given but the lines, which follow from the steps before.

    Args:
        step: what it is given.
        extra: what its tools could read beside the user's own rows: the digest of the documents.
    """
    content: list[Any] = [
        [[row.id, row.text] for row in step.rows],
        [[statistic.text, statistic.fact.to_json()] for statistic in step.statistics],
        list(step.person),
        # Blocks that only operators write are given, not learned.
        [[block.label, [line.text for line in block.statements]] for block in step.blocks if block.spec.read_only],
        list(step.span),
        list(extra),
    ]
    return blake2b(dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), digest_size=_SIZE).digest()


def step_key(before: bytes, given: bytes, version: str) -> bytes:
    """Key of a step: of the state before, of everything it is given, and of the agent's version."""
    return blake2b(before + given + version.encode(), digest_size=_SIZE).digest()


def standing(done: Sequence[Done], given: Sequence[bytes], version: str, *, relearn: bool = False, retry_skipped: bool = False) -> int:
    """How many of a user's steps, from the first on, need not be done again.

    Args:
        done: the user's steps in the ledger, in order.
        given: digests of what the user's chunks give now, in order.
        version: of the agent now.
        relearn: True: steps that another version did do not stand; False: they do, and the new version goes on from them.
        retry_skipped: True: a skipped step is done anew, and so are all after it.
    """
    before = EMPTY_DIGEST
    for number, (step, now) in enumerate(zip(done, given, strict=False)):
        fits = step.given == now and step.key == step_key(before, now, step.version)
        if not fits or (relearn and step.version != version) or (retry_skipped and step.skipped):
            return number
        before = step.key
    return min(len(done), len(given))
