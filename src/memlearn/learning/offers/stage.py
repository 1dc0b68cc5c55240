"""The stage of a learn run that trains the ranker of offers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from memlearn.learning.job import Job
from memlearn.learning.offers import OFFERS_VERSION
from memlearn.learning.offers.applies import Purchases, enough_users, make_applies
from memlearn.learning.offers.config import OfferTraining
from memlearn.learning.offers.persons import encode_persons
from memlearn.learning.offers.sends import SCHEMA
from memlearn.learning.offers.train import figures_of, make_examples, train, windows_of
from memlearn.learning.tables import Tables, held_items
from memlearn.ranking.offers import AFFINITY, NEVER, Encoding, Logistic, Model, OfferRanker, Sends
from memlearn.ranking.offers.sends import Ints
from memlearn.records import LEVEL_PREFIX
from memlearn.store import SHARED_TABLES

_DAY = 1440
# With more items than this that were never sent, they are hardly all offers.
_MOST_OFFERS = 5_000
ALONE = "what offers apply to"
"""In place of the chosen setting where there are too few answers to learn from."""
BY_AFFINITY = Model((AFFINITY,), logistic=Logistic(0.0, *(np.array([value]) for value in (0.0, 1.0, 1.0))))
"""Stands where no model could be trained, for offers that are ranked by what they apply to alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What offers are learned from beside sends.

    Args:
        items: the catalogue, with its `level_*` columns.
        levels: names of the levels, coarse to fine.
        persons: user_id, attribute, value.
        sensitive: attributes that must not be told.
        bought: item_id, users: the items that anybody bought, and how many users did.
        applies: offer_id, item_id: what offers apply to.
        min_users: fewest users behind a figure.
        held: most items of a user that memory holds.
    """

    items: pl.DataFrame
    levels: Sequence[str]
    persons: pl.DataFrame
    sensitive: Sequence[str]
    bought: pl.DataFrame
    applies: pl.DataFrame
    min_users: int
    held: int


def train_offers(
    job: Job, tables: Tables, population: pl.DataFrame, parts: Sequence[pl.DataFrame], visits: Sequence[pl.DataFrame], end_us: int
) -> pl.DataFrame:
    """Train the ranker of offers of a run, and report it.

    Args:
        job: what is learned.
        tables: what is given.
        population: the population's sums.
        parts: frames of `sends_of`, of the sampled users.
        visits: frames of `visits_of`, of the same users; none where it is not known what offers apply to.
        end_us: what is known at this instant counts, microseconds UTC.

    Returns:
        The shared table `offer_ranker`.
    """
    job.report("offers", 0, 1, f"{sum(map(len, parts))} sends of offers")
    bought = population.filter(pl.col("month").is_null() & (pl.col("dim") == "item") & (pl.col("n") > 0)).select(
        pl.col("label").cast(pl.String).alias("item_id"), "users"
    )
    given = Given(
        tables.catalogue.items,
        job.levels,
        tables.persons,
        tables.sensitive,
        bought,
        tables.applies,
        job.shared.min_users,
        held_items(job, tables),
    )
    found = learn_offers(parts, visits, given, job.learning.offers, end_us)
    told = json.loads(found["told"][0])["chosen"] if len(found) else None
    said = {None: "too few answers to learn from", ALONE: "too few answers to learn from; ranked by what they apply to"}
    job.report("offers", 1, 1, said.get(told, "trained"))
    return found


def learn_offers(
    parts: Iterable[pl.DataFrame], visits: Sequence[pl.DataFrame], given: Given, settings: OfferTraining, end_us: int
) -> pl.DataFrame:
    """Train the ranker of offers; where there are too few answers to learn from, offers are ranked by what they apply to, as far as that is known.

    Args:
        parts: frames of `sends_of`, of the sampled users.
        visits: frames of `visits_of`, of the same users.
        given: what is known beside.
        settings: how to train.
        end_us: what is known at this instant counts, microseconds UTC.

    Returns:
        The shared table `offer_ranker`; no row where nothing can be ranked.
    """
    rows = pl.concat([pl.DataFrame(schema=SCHEMA), *parts]).sort("user_hash", "user_id", "sent", "item_id")
    end = -(-end_us // 60_000_000)
    found = _learn(rows, visits, given, settings, end)
    if found is None and len(given.applies):
        found = _learn(rows.clear(), visits, given, settings, end)
    if found is None:
        return pl.DataFrame(schema=SHARED_TABLES["offer_ranker"])
    ranker, told = found
    content, digest = ranker.to_bytes()
    row = {"digest": [digest], "told": [json.dumps({"version": OFFERS_VERSION, **told}, sort_keys=True)], "content": [content]}
    return pl.DataFrame(row, schema=SHARED_TABLES["offer_ranker"])


def _learn(
    rows: pl.DataFrame, visits: Sequence[pl.DataFrame], given: Given, settings: OfferTraining, end: int
) -> tuple[OfferRanker, dict[str, object]] | None:
    """The ranker, and what is told of it; without sends it knows only the offers of which it is known what they apply to."""
    items = given.items
    ids = _offers(rows["item_id"].unique(), items, given.bought["item_id"], given.applies)
    if ids.is_empty():
        return None
    owners = rows.unique("user_id", keep="first", maintain_order=True)
    users = owners["user_id"]
    sends = Sends(
        np.append(np.flatnonzero(rows["user_id"].is_first_distinct().to_numpy()), len(rows)).astype(np.int64),
        rows["item_id"].cast(pl.Enum(ids)).to_physical().to_numpy().astype(np.int64),
        rows["sent"].to_numpy().astype(np.int64),
        rows["answered"].to_numpy().astype(np.int64),
    )
    names = tuple(level for level in given.levels if LEVEL_PREFIX + level in items.columns)
    window = windows_of(sends, len(ids), settings.answer_days * _DAY)
    figures = figures_of(sends, window, _level_codes(ids, items, names), end, given.min_users)
    seen = given.persons if settings.sensitive else given.persons.filter(~pl.col("attribute").is_in(list(given.sensitive)))
    over = sends.sent + window[sends.item] <= end
    judged = np.bincount(sends.item, minlength=len(ids)) > 0
    told_of = enough_users(visits, given.applies, given.min_users)
    applies = make_applies(ids, given.applies, items, names, given.bought, judged, told_of)
    encoding, numbers = encode_persons(seen, users, sends.owner()[over], (sends.answered != NEVER)[over], given.min_users)
    if rows.is_empty():
        return OfferRanker(tuple(ids.to_list()), names, figures, Encoding(), (), BY_AFFINITY, applies), {"chosen": ALONE}
    purchases = Purchases(visits, owners["user_hash"], items, applies, given.held)
    examples = make_examples(sends, figures, numbers, encoding, end, purchases.affinities if applies.item_ids else None)
    trained = train(examples, encoding)
    if trained is None:
        return None
    hidden = tuple(sorted({attribute.name for attribute in encoding.attributes} & set(given.sensitive)))
    told: dict[str, object] = {
        "users": len(users),
        "sends": trained.sends,
        "answered": trained.answered,
        "chosen": trained.setting,
        "validation_log_loss": trained.validation,
    }
    return OfferRanker(tuple(ids.to_list()), names, figures, encoding, hidden, trained.model, applies), told


def _offers(sent: pl.Series, items: pl.DataFrame, bought: pl.Series, applies: pl.DataFrame) -> pl.Series:
    """Ids of the offers, sorted: what was sent, and what may be sent next, which is told by its source and by nobody having bought it, or by what it applies to."""
    sources = items.filter(pl.col("item_id").is_in(sent.implode()))["source"].unique()
    recommended = items.filter(pl.col("recommend").fill_null(value=False))
    fresh = recommended.filter(pl.col("source").is_in(sources.implode()) & ~pl.col("item_id").is_in(bought.implode()))["item_id"]
    known = recommended.join(applies.select(item_id="offer_id"), on="item_id", how="semi")["item_id"]
    return pl.concat([sent, known, *([fresh] if len(fresh) <= _MOST_OFFERS else [])]).unique().sort()


def _level_codes(ids: pl.Series, items: pl.DataFrame, levels: Sequence[str]) -> Ints:
    """Codes of offers in some levels; -1 where one has no key there."""
    known = pl.DataFrame({"item_id": ids}).join(items.unique("item_id", keep="first"), on="item_id", how="left", maintain_order="left")
    codes = np.full((len(levels), len(ids)), -1, dtype=np.int64)
    for number, level in enumerate(levels):
        column = known[LEVEL_PREFIX + level].cast(pl.String)
        keys = column.drop_nulls().unique().sort()
        if len(keys):
            codes[number] = column.cast(pl.Enum(keys)).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    return codes
