"""What operators state a user likes, needs or avoids, against what a line says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from memlearn.errors import EditError
from memlearn.grounding.freetext.reader import Reading
from memlearn.grounding.freetext.tokens import fold_words
from memlearn.grounding.freetext.view import UserView
from memlearn.learning.agent.founded import names_of
from memlearn.memory import Block, Fact

_LIKES = (
    "likes", "like", "loves", "love", "enjoys", "enjoy", "prefers", "prefer", "favours", "favors", "favourite", "favorite", "fond of", "keen on", "fan of", "lover of",
    "enthusiast", "devoted to", "appreciates", "adores", "interested in", "loyal to", "go to",
)  # fmt: skip
_AVOIDS = (
    "avoids", "avoid", "avoiding", "dislikes", "dislike", "hates", "hate", "rejects", "refuses", "shuns", "steers clear of", "cannot stand", "averse to", "aversion to",
    "uninterested in", "disinterested in", "indifferent to",
)  # fmt: skip
_DENIALS = ("not", "no", "never", "hardly", "doesnt", "isnt", "without", "lack of", "no longer", "neither", "nor", "less")
_SINGLE = ("item", "merchant")


@dataclass(frozen=True, slots=True)
class Stance:
    """What an operator states.

    Args:
        stance: likes, avoids or needs.
        dim: dimension.
        key: which one.
        until: last day on which it holds, ISO; None: until withdrawn.
    """

    stance: str
    dim: str
    key: str
    until: str | None = None


def read_stances(statements: pl.DataFrame) -> dict[str, tuple[Stance, ...]]:
    """The operators' statements that stand, by user.

    Args:
        statements: canonical operator statements.
    """
    last = statements.sort("time_us", maintain_order=True).unique(["user_id", "stance", "dim", "key"], keep="last", maintain_order=True)
    standing = last.filter(~pl.col("withdrawn").fill_null(value=False))
    until = pl.from_epoch(pl.col("until_us").cast(pl.Int64), time_unit="us").dt.strftime("%Y-%m-%d")
    found: dict[str, list[Stance]] = {}
    for user_id, stance, dim, key, day in standing.select("user_id", "stance", "dim", "key", until).iter_rows():
        found.setdefault(user_id, []).append(Stance(stance, dim or "", key or "", day))
    return {user_id: tuple(stances) for user_id, stances in found.items()}


def stances_in(blocks: Sequence[Block]) -> tuple[Stance, ...]:
    """Stances among the lines of blocks."""
    facts = (statement.fact for block in blocks for statement in block.statements)
    return tuple(_of_fact(fact) for fact in facts if fact is not None and fact.kind == "stance")


def _of_fact(fact: Fact) -> Stance:
    until = fact.values.get("until")
    return Stance(str(fact.values.get("stance")), fact.dim or "", fact.key or "", None if until is None else str(until)[:10])


def require_agreement(reading: Reading, view: UserView, stances: Sequence[Stance], today: str, titles: Mapping[str, str]) -> None:
    """A line does not say the opposite of what an operator states.

    Args:
        reading: of the line.
        view: the user's rows.
        stances: what operators state.
        today: last day of the chunk, ISO.
        titles: item → name.

    Raises:
        EditError: it does.
    """
    words = tuple(word for token in reading.tokens for word in fold_words(token.text))
    said = f" {' '.join(words)} "
    likes, avoids = _attitude(said)
    if not (likes or avoids):
        return
    for stance in stances:
        holds = stance.until is None or stance.until >= today
        opposite = likes if stance.stance == "avoids" else avoids
        if holds and opposite and _is_about(said, reading, view, stance, titles):
            name = titles.get(stance.key, stance.key) if stance.dim == "item" else stance.key
            raise EditError(
                f"A person has stated that the user {stance.stance} {name!r}, and the line says otherwise. "
                "Leave it out; write what the rows show as counts, if it matters.",
                "contradiction",
            )


def _attitude(said: str) -> tuple[bool, bool]:
    """Whether words say that something is liked, and that it is avoided; a denial turns one into the other."""
    denied = any(f" {word} " in said for word in _DENIALS)
    likes, avoids = (any(f" {word} " in said for word in words) for words in (_LIKES, _AVOIDS))
    return (avoids and denied, likes) if denied else (likes, avoids)


def _is_about(said: str, reading: Reading, view: UserView, stance: Stance, titles: Mapping[str, str]) -> bool:
    names = {stance.key, titles.get(stance.key, stance.key)} if stance.dim == "item" else {stance.key}
    if any(words and f" {' '.join(words)} " in said for words in map(fold_words, names)):
        return True
    if stance.dim in _SINGLE:
        return False
    # A single thing is also what it belongs to; a category is not the one shop where it was bought so far.
    dims = ("category", "merchant_category") if stance.dim == "category" else (stance.dim,)
    columns = [view.columns[dim] for dim in dims if dim in view.columns]
    single = [name.masks[dim] for name in names_of(reading) for dim in _SINGLE if dim in name.masks]
    return any(bool((column[rows] == stance.key).all()) for rows in single if rows.any() for column in columns)
