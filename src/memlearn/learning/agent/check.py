"""A line of the agent against what it cites: verified, a hypothesis, or refused with the reason and the way out.

The edit itself (block, line numbers, limit, what is cited) is checked by `draft` and `step`; here is what the line says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from memlearn.errors import EditError
from memlearn.grounding.freetext import VERSION as FREETEXT_VERSION
from memlearn.grounding.freetext import CitedEvidence, Verdict, check_text
from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.reader import Reading, read_text
from memlearn.grounding.freetext.view import cited_rows
from memlearn.learning.agent.denied import require_not_denied
from memlearn.learning.agent.evidence import Standing, stand_on
from memlearn.learning.agent.founded import Ground, absent_name, names_of, require_founded
from memlearn.learning.agent.likeness import claims_of, may_claim
from memlearn.learning.agent.orders import require_knowledge
from memlearn.learning.agent.rows import escape_text
from memlearn.learning.agent.stances import Stance, require_agreement, stances_in
from memlearn.learning.agent.step import Cited, StepInput
from memlearn.learning.agent.world import World, Worlds
from memlearn.memory import Statement
from memlearn.memory.sensitive import find_sensitive

VERSION = f"check-3 {FREETEXT_VERSION}"
"""Part of the agent's version: changes where the same line may come to another end."""

# Where a supposition begins: what stands before it, and what it supposes, are read apart.
_HEDGES = re.compile(
    r"\b(?:perhaps|maybe|probably|possibly|presumably|apparently|seemingly|supposedly|likely|might|could|(?:it )?(?:seems?|appears?|looks) (?:to|like|as if|that)"
    r"|suggest(?:s|ing)|indicat(?:es|ing)|impl(?:ies|ying)|hint(?:s|ing) at|as if|because|which|so that|in order to)\b|;|\s[–—-]\s|(?<=[^\W\d]{3})[.!?]\s",
    re.IGNORECASE,
)
_EDGES = " ,.:()"
# Marks that end data, letters that are not seen, and runs of blanks.
_HARMFUL = re.compile("[<>\u115f\u1160\u3164\uffa0\u2800]|  ")
_REFUSALS = {"evidence": "evidence", "name": "name", "contradiction": "contradiction", "lacking": "lacking"}


@dataclass(frozen=True, slots=True)
class Checker:
    """Judges lines; a `Check` for the steps of all users.

    Args:
        worlds: what users' lines are checked against.
        titles: item → name.
        stances: user → what operators state.
    """

    worlds: Worlds
    titles: Mapping[str, str]
    stances: Mapping[str, tuple[Stance, ...]]

    def __call__(self, step: StepInput, text: str, cited: Cited, others: Sequence[Statement] = ()) -> Statement:
        """The line as a statement, verified or a hypothesis.

        Raises:
            EditError: it cannot be written; `code` is evidence, name, number, contradiction, lacking, stale, sensitive, order, duplicate or form.
        """
        world = self.worlds.of(step)
        self._require_harmless(text)
        shown = _one_line(text)
        if shown != text:
            self._require_harmless(shown)
        text = shown
        standing = stand_on(step, cited, world.view)
        require_knowledge(text, world.view)
        reading = _read(text, world)
        _require_not_private(reading, world)
        require_agreement(reading, world.view, (*self.stances.get(step.user_id, ()), *stances_in(step.blocks)), step.span[1], self.titles)
        _require_new(text, others, world)
        verdict = check_text(text, standing.cited, world.view, reading)
        private = _require_not_inferred(step, verdict, standing, world)
        if verdict.status == "verified":
            return Statement(text, standing.evidence, None, "verified")
        if not standing.only_words:
            _require_as_read(verdict, reading, standing.cited, world)
            require_not_denied(text, world.view, cited_rows(world.view, standing.cited)[0])
        _require_standing_lines(cited, world)
        self._suppose(text, standing, world)
        kept = tuple(row for row in standing.evidence.rows if row not in private)
        return Statement(text, replace(standing.evidence, rows=kept), None, "hypothesis")

    def _require_harmless(self, text: str) -> None:
        if not text:
            raise EditError("The line holds nothing that can be read. Write one line of plain text.")
        digit = None if text.isascii() else next((letter for letter in text if letter.isdecimal() and not letter.isascii()), None)
        if digit is not None:
            raise EditError(f"{digit!r} is a digit of another script. Write numbers with the digits 0 to 9.")
        word = find_sensitive(text, self.worlds.sensitive)
        if word is not None:
            raise EditError(
                f"{word!r} says or suggests something that is never stated of a user: health, pregnancy, religion, politics, sexuality, "
                "ethnic origin, money trouble, crime, or the user's children. Leave it out, also as a supposition.",
                "sensitive",
            )

    def _suppose(self, text: str, standing: Standing, world: World) -> None:
        """What of a supposition can be checked holds, and what cannot brings no name or number of its own."""
        mask, _ = cited_rows(world.view, standing.cited)
        ground = Ground(world.view, mask, standing.texts, standing.numbers)
        pieces = [piece for part in _HEDGES.split(text) if (piece := part.strip(_EDGES))]
        # What is one piece was judged as a whole.
        judged = standing.only_words or pieces == [text.strip(_EDGES)]
        for piece in pieces:
            reading = _read(piece, world)
            if not judged:
                verdict = check_text(piece, standing.cited, world.view, reading)
                if verdict.status == "verified":
                    continue
                _require_as_read(verdict, reading, standing.cited, world)
            require_founded(reading, ground)


def check_again(statement: Statement, world: World) -> Verdict:
    """Whether a line that was written before still agrees with its own evidence, without what is gone of it."""
    return check_text(statement.text, stand_on(None, Cited((), (), (statement,)), world.view).cited, world.view)


def _one_line(text: str) -> str:
    """A line as it may be shown again, without characters that are not seen; nearly all come so."""
    if not text.isprintable():
        # Within a word they vanish: as blanks they would make another name of it.
        text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    plain = text.isprintable() and not _HARMFUL.search(text) and text == text.strip()
    return text if plain else escape_text(text, len(text) + 1)


def _read(text: str, world: World) -> Reading:
    kept = world.read.get(text)
    if not isinstance(kept, Reading):
        kept = world.read[text] = read_text(text, world.view)
    return kept


def _require_as_read(verdict: Verdict, reading: Reading, cited: CitedEvidence, world: World) -> None:
    """What was read and does not hold is refused; what could not be read is left to be judged by its names and numbers."""
    if verdict.status != "refused" or verdict.code == "number":
        return
    code = _REFUSALS.get(verdict.code, "contradiction")
    if code in ("contradiction", "lacking"):
        mask, _ = cited_rows(world.view, cited)
        absent = absent_name(reading)
        if absent is not None:
            raise EditError(f"No row of this user has {absent!r}. Name only what the cited rows hold. {verdict.reason}", "name")
        uncited = next((name for name in names_of(reading) if not any((rows & mask).any() for rows in name.masks.values())), None)
        if uncited is not None:
            raise EditError(f"Nothing that is cited is of {uncited.text!r}. Cite rows or the statistic of it. {verdict.reason}", "name")
    if code == "contradiction" and any(isinstance(part.value, el.Quantified | el.OutOf | el.Rate) for part in reading.parts):
        code = "number"
    raise EditError(verdict.reason, code)


def _require_new(text: str, others: Sequence[Statement], world: World) -> None:
    """No other line claims the same."""
    claims = claims_of(_read(text, world))
    if claims is None:
        return
    alike = (other for other in others if may_claim(other.text, claims))
    same = next((other for other in alike if claims_of(_read(other.text, world)) == claims), None)
    if same is not None:
        raise EditError(f"The line {same.text[:80]!r} says the same already. Replace it, or write only what is new.", "duplicate")


def _require_not_private(reading: Reading, world: World) -> None:
    """No name that belongs to something sensitive."""
    for name in names_of(reading):
        rows = [mask for dim, mask in name.masks.items() if dim in world.owned and mask.any()]
        if rows and all(bool(world.private[mask].all()) for mask in rows):
            raise EditError(f"{name.text!r} belongs to what is never stated of a user. Leave it out.", "sensitive")


def _require_not_inferred(step: StepInput, verdict: Verdict, standing: Standing, world: World) -> frozenset[str]:
    """Nothing is supposed mostly from sensitive rows, and nothing is said of sensitive rows alone.

    Returns:
        Ids of the sensitive rows among those that are cited one by one; no supposition keeps them as its evidence.
    """
    if not world.private.any():
        return frozenset()
    single, _ = cited_rows(world.view, CitedEvidence(standing.rows))
    every, _ = cited_rows(world.view, standing.cited)
    alone = bool(every.any()) and bool(world.private[every].all())
    hidden = frozenset(world.view.row_ids[at] for at in np.flatnonzero(single & world.private).tolist())
    inferred = alone or (verdict.status != "verified" and bool(hidden) and 2 * len(hidden) >= int(single.sum()))
    if inferred:
        shown = [f"r{number}" for number, row in enumerate(step.rows, 1) if row.id in hidden]
        told = f" ({', '.join(shown[:5])})" if shown else ""
        raise EditError(
            f"Nothing may be concluded from rows that are sensitive{told}. Leave them out of the evidence, or leave out the line.",
            "sensitive",
        )
    return hidden


def _require_standing_lines(cited: Cited, world: World) -> None:
    """A supposition rests on no line that holds no more."""
    for line in cited.lines:
        if line.status != "verified" or line.evidence.operator:
            continue
        verdict = check_again(line, world)
        if verdict.status == "refused":
            raise EditError(
                f"The line {line.text[:80]!r} that is cited no longer holds. {verdict.reason} Replace or delete it, or cite rows instead.",
                "stale",
            )
