"""A release opened for serving: recommendations, blocks, and what is known of a user."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from memlearn.errors import UsageError
from memlearn.memory import Block
from memlearn.ranking import KeyFact, Popularity, RankedItem, RankingConfig, Tier, UserMemory, prepare_items, recommend
from memlearn.serving.moments import check_moment
from memlearn.serving.segments import segment_popularity
from memlearn.store import ItemFact, Manifest, Release, StoreLayout, UserRecord, open_release

_MOST_SEGMENTS = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a user should see.

    Args:
        user_id: the user.
        release_id: the release that answers.
        tier: where the items come from: `personal`, `segment` or `popular`.
        at_us: the moment they are for, microseconds UTC.
        items: best first.
        note: what who asked should know, an unknown user for example; None where there is nothing.
    """

    user_id: str
    release_id: str
    tier: Tier
    at_us: int
    items: tuple[RankedItem, ...]
    note: str | None = None


def open_memory(layout: StoreLayout, release_id: str | None = None, config: RankingConfig | None = None, *, warm: bool = False) -> Memory:
    """Open a release and prepare its items; use it as a context manager, or close it.

    Args:
        layout: the store.
        release_id: None for the current one.
        config: settings of ranking.
        warm: True holds all users in memory, for servers that live long.

    Raises:
        NoReleaseError: nothing was published, or there is no such release.
        DamagedError: a file of the release is missing or damaged.
        FormatError: a newer memlearn wrote it.
    """
    release = open_release(layout, release_id, warm=warm)
    try:
        return Memory(layout, release, config or RankingConfig())
    except BaseException:
        release.close()
        raise


class Memory:
    """An open release that answers requests; may be used from many threads. Made by `open_memory`."""

    def __init__(self, layout: StoreLayout, release: Release, config: RankingConfig) -> None:
        """Prepare the items; the release is closed with the memory."""
        self._layout = layout
        self._release = release
        self._config = config
        items, popularity, pairs, key_levels = (release.shared(name) for name in ("items", "popularity", "pairs", "key_levels"))
        self._index = prepare_items(items, popularity, pairs, key_levels, config)
        self._guard = threading.Lock()
        self._segments: dict[tuple[tuple[str, str], ...], Popularity | None] = {}

    def __enter__(self) -> Self:
        """The memory itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the release."""
        self._release.close()

    @property
    def manifest(self) -> Manifest:
        """Of the release."""
        return self._release.manifest

    def recommend(self, user_id: str, k: int = 10, at_us: int | None = None) -> Answer:
        """What the user should see at a moment.

        A user whom the release does not know gets what is popular, with a note.

        Args:
            user_id: the user.
            k: how many items, at least 1; fewer come back where no more may be shown.
            at_us: the moment, microseconds UTC, not before where learning ended; default: there.

        Raises:
            UsageError: `k` is less than 1, or the release was learned beyond the moment.
        """
        if k < 1:
            raise UsageError(f"{k} items were asked for. Ask for 1 or more.")
        if at_us is not None:
            check_moment(self._layout, self.manifest, at_us)
        moment = self.manifest.as_of_us if at_us is None else at_us
        record = self._release.user(user_id)
        memory = UserMemory() if record is None else user_memory(record)
        segment = None if record is None else partial(self._segment, stated_attributes(record, memory))
        ranking = recommend(self._index, memory, k, moment, self._config, segment)
        note = None
        if record is None:
            note = f"Release {self.manifest.release_id!r} knows no user {user_id!r}; this is what is popular with all users."
        return Answer(user_id, self.manifest.release_id, ranking.tier, moment, ranking.items, note)

    def blocks(self, user_id: str) -> tuple[Block, ...]:
        """The user's blocks, empty ones included, then the shared ones.

        Raises:
            UnknownUserError: the release does not hold the user.
        """
        return self._release.blocks(user_id) + self._release.shared_blocks()

    def namesakes(self, user_id: str) -> tuple[str, ...]:
        """Users whose ids differ from this one in case or surrounding blanks only; looks at all users."""
        return self._release.namesakes(user_id)

    def user(self, user_id: str) -> UserRecord | None:
        """All that the release holds about one user; None for an unknown one."""
        return self._release.user(user_id)

    def _segment(self, attributes: Mapping[str, str]) -> Popularity | None:
        """What is popular with users of these attributes; counted once."""
        place = tuple(sorted(attributes.items()))
        with self._guard:
            if place not in self._segments:
                if len(self._segments) >= _MOST_SEGMENTS:
                    self._segments.clear()
                self._segments[place] = segment_popularity(self._release, self._index, attributes, self._config)
            return self._segments[place]


def user_memory(record: UserRecord) -> UserMemory:
    """What ranking needs of a user's record."""
    return UserMemory(tuple(map(_key_fact, record.item_facts)), tuple(statement.to_statement() for statement in record.statements))


def stated_attributes(record: UserRecord, memory: UserMemory) -> Mapping[str, str]:
    """Given attributes that a published line states; those that may not be stated (sensitive ones) take no part."""
    return {name: value for name, value in record.persons.items() if ("person", name) in memory.named}


def _key_fact(fact: ItemFact) -> KeyFact:
    return KeyFact(
        dim=fact.dim,
        key=fact.key,
        n=fact.n,
        last_us=fact.last_us,
        every_days=fact.every_days,
        # A key that is known by an operator's statement alone has none.
        strength=fact.strength or 0.0,
        lift=fact.lift,
        shown=fact.shown,
        answered=fact.answered,
        stance=fact.stance,
        stance_until_us=fact.stance_until_us,
    )
