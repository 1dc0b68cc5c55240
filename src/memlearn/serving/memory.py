"""A release opened for serving: recommendations, blocks, and what is known of a user."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice, zip_longest
from types import TracebackType
from typing import Self

import polars as pl

from memlearn.errors import UsageError
from memlearn.memory import Block
from memlearn.ranking import KeyFact, Popularity, RankedItem, Ranking, RankingConfig, Tier, UserMemory, prepare_items, recommend
from memlearn.ranking.learned import LearnedRanker, UserFacts
from memlearn.ranking.learned.recommend import Place, rank_learned
from memlearn.ranking.levels import ITEM
from memlearn.ranking.offers import OfferRanker
from memlearn.ranking.offers.recommend import OfferFacts, OfferPlace, rank_offers
from memlearn.ranking.timing import DAY_US
from memlearn.serving.moments import check_moment
from memlearn.serving.segments import segment_popularity
from memlearn.store import Bought, ItemFact, Manifest, Release, StoreLayout, UserRecord, open_release

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

    def recommend(
        self, user_id: str, k: int = 10, at_us: int | None = None, *, excluded: Collection[str] = (), only_new: bool = False
    ) -> Answer:
        """What the user should see at a moment.

        Who has bought what may be recommended gets it from the trained ranker, and offers come from the ranker of offers, where the release
        has them; what neither of them knows comes from weights. A user whom the release does not know gets what is popular, with a note.

        Args:
            user_id: the user.
            k: how many items, at least 1; fewer come back where no more may be shown.
            at_us: the moment, microseconds UTC, not before where learning ended; default: there.
            excluded: ids of items that are not wanted.
            only_new: True leaves out what the user has bought, as far as memory knows.

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
        if only_new and record is not None:
            excluded = {*excluded, *known_items(record)}
        ranking = self._learned(record, memory, k, moment, excluded, only_new=only_new) or self._others(record, memory, k, moment, excluded)
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

    def rank(self, requests: pl.DataFrame, k: int, exclude: pl.DataFrame | None = None, *, only_new: bool = False) -> pl.DataFrame:
        """Rank items for many users; the same order as `recommend` gives each.

        Args:
            requests: user_id, at_us: whom to rank for, and the moment of each, microseconds UTC; each user once.
            k: how many items for each, at least 1.
            exclude: user_id, item_id: what is not wanted.
            only_new: as for `recommend`.

        Returns:
            user_id, place (0 is the best), item_id, score, tier; by the order of the requests, and place.
        """
        unwanted: dict[str, list[str]] = {}
        if exclude is not None:
            unwanted = dict(exclude.group_by("user_id").agg("item_id").iter_rows())
        rows: list[tuple[str, int, str, float, str]] = []
        for user_id, at_us in requests.select("user_id", "at_us").iter_rows():
            answer = self.recommend(user_id, k, at_us, excluded=unwanted.get(user_id, ()), only_new=only_new)
            rows += [(user_id, place, item.item_id, item.score, answer.tier) for place, item in enumerate(answer.items)]
        schema = {"user_id": pl.String, "place": pl.Int64, "item_id": pl.String, "score": pl.Float64, "tier": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row")

    @cached_property
    def _place(self) -> Place | None:
        """The trained ranker of the release; None where it has none, or one of an older version, which goes by other features."""
        rows = self._release.shared("ranker")
        if rows.is_empty():
            return None
        ranker = LearnedRanker.from_bytes(rows["content"][0], rows["digest"][0])
        return Place.of(ranker, self._index) if ranker.fits else None

    def _learned(
        self, record: UserRecord | None, memory: UserMemory, k: int, at_us: int, excluded: Collection[str], *, only_new: bool
    ) -> Ranking | None:
        """By the trained ranker, offers in turn with it; None where there is none, or nothing that it could go by."""
        bought = None if record is None else record.bought
        if record is None or bought is None or not bought.items or bought.item_faded is None or (place := self._place) is None:
            return None
        facts = bought_facts(place.ranker, bought, at_us)
        items = rank_learned(place, facts, memory, k, at_us, self._config, excluded, only_new=only_new)
        own = self._offers or len(items) < k
        others = self._others(record, memory, k, at_us, {*excluded, *place.ranker.item_ids}).items if own else ()
        return Ranking("personal", interleave(items, others, k) if self._offers else (*items, *others)[:k])

    @property
    def _offers(self) -> bool:
        """Whether there are items that are shown and answered, and not bought."""
        return bool(self._index.answers.rates.get(ITEM))

    @cached_property
    def _offer_place(self) -> OfferPlace | None:
        """The trained ranker of offers of the release; None where it has none."""
        rows = self._release.shared("offer_ranker")
        if rows.is_empty():
            return None
        return OfferPlace.of(OfferRanker.from_bytes(rows["content"][0], rows["digest"][0]), self._index, self._release.shared("items"))

    def _others(self, record: UserRecord | None, memory: UserMemory, k: int, at_us: int, excluded: Collection[str]) -> Ranking:
        """Offers by their trained ranker, what it does not know by weights, in turn where these items are bought."""
        place = self._offer_place
        if place is None:
            return self._weighed(record, memory, k, at_us, excluded)
        offers = rank_offers(place, offer_facts(record), memory, k, at_us, self._config, excluded)
        others = self._weighed(record, memory, k, at_us, {*excluded, *place.ranker.item_ids}) if place.beside(at_us) else None
        if others is None or not others.items:
            return offers
        return Ranking(offers.tier if offers.items else others.tier, interleave(offers.items, others.items, k))

    def _weighed(self, record: UserRecord | None, memory: UserMemory, k: int, at_us: int, excluded: Collection[str]) -> Ranking:
        """By fixed weights."""
        segment = None if record is None else partial(self._segment, stated_attributes(record, memory))
        return recommend(self._index, memory, k, at_us, self._config, segment, excluded)

    def _segment(self, attributes: Mapping[str, str]) -> Popularity | None:
        """What is popular with users of these attributes; counted once."""
        place = tuple(sorted(attributes.items()))
        with self._guard:
            if place not in self._segments:
                if len(self._segments) >= _MOST_SEGMENTS:
                    self._segments.clear()
                self._segments[place] = segment_popularity(self._release, self._index, attributes, self._config)
            return self._segments[place]


def interleave(first: Sequence[RankedItem], second: Sequence[RankedItem], k: int) -> tuple[RankedItem, ...]:
    """The items of two lists in turn, whose scores cannot be compared.

    Args:
        first: begins.
        second: the other one.
        k: how many.
    """
    pairs = zip_longest(first, second)
    return tuple(islice((item for pair in pairs for item in pair if item is not None), k))


def bought_facts(ranker: LearnedRanker, bought: Bought, at_us: int) -> UserFacts:
    """What a release holds of a user's purchases, as the ranker takes it.

    Args:
        ranker: the ranker.
        bought: of the user.
        at_us: the moment to rank for, microseconds UTC; a visit is a day, so the next one is on the day after the last at the earliest.
    """
    user = {
        "visits": bought.visits,
        "bought": bought.purchases,
        "items": bought.different,
        "first": bought.first_day,
        "last": bought.last_day,
        "last_size": bought.last_size,
    }
    at = max(at_us // DAY_US, bought.last_day + 1)
    of_items = (bought.item_visits, bought.item_first_day, bought.item_last_day, bought.item_faded or ())
    return ranker.facts_of(bought.items, of_items, user, at)


def offer_facts(record: UserRecord | None) -> OfferFacts:
    """What a release holds of what was sent to a user, as the ranker of offers takes it."""
    if record is None:
        return OfferFacts()
    facts, own, bought = OfferFacts(persons=record.persons), record.offered, record.bought
    if own is not None:
        facts = replace(facts, items=own.items, sent=own.sent, answered=own.answered)
    if bought is not None:
        facts = replace(
            facts, bought=bought.items, visits=bought.item_visits, first_day=bought.item_first_day, last_day=bought.item_last_day
        )
    return facts


def known_items(record: UserRecord) -> frozenset[str]:
    """Ids of the items that a release says the user bought."""
    held = {fact.key for fact in record.item_facts if fact.dim == ITEM and fact.n > 0}
    return frozenset(held.union(record.bought.items if record.bought is not None else ()))


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
