"""The stage of a learn run that trains the ranker of offers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from memlearn.learning.job import Job
from memlearn.learning.offers import OFFERS_VERSION
from memlearn.learning.offers.config import OfferTraining
from memlearn.learning.offers.persons import encode_persons
from memlearn.learning.offers.sends import SCHEMA
from memlearn.learning.offers.train import figures_of, make_examples, train, windows_of
from memlearn.learning.tables import Tables
from memlearn.ranking.offers import NEVER, OfferRanker, Sends
from memlearn.ranking.offers.sends import Ints
from memlearn.records import LEVEL_PREFIX
from memlearn.store import SHARED_TABLES

_DAY = 1440
# With more items than this that were never sent, they are hardly all offers.
_MOST_OFFERS = 5_000


def train_offers(job: Job, tables: Tables, population: pl.DataFrame, parts: Sequence[pl.DataFrame], end_us: int) -> pl.DataFrame:
    """Train the ranker of offers of a run, and report it.

    Args:
        job: what is learned.
        tables: what is given.
        population: the population's sums.
        parts: frames of `sends_of`, of the sampled users.
        end_us: what is known at this instant counts, microseconds UTC.

    Returns:
        The shared table `offer_ranker`.
    """
    job.report("offers", 0, 1, f"{sum(map(len, parts))} sends of offers")
    bought = population.filter(pl.col("month").is_null() & (pl.col("dim") == "item") & (pl.col("n") > 0))["label"]
    items, persons, settings = tables.catalogue.items, tables.persons, job.learning.offers
    found = learn_offers(parts, items, job.levels, persons, tables.sensitive, settings, bought, job.shared.min_users, end_us)
    job.report("offers", 1, 1, "trained" if len(found) else "too few answers to learn from")
    return found


def learn_offers(
    parts: Iterable[pl.DataFrame],
    items: pl.DataFrame,
    levels: Sequence[str],
    persons: pl.DataFrame,
    sensitive: Sequence[str],
    settings: OfferTraining,
    bought: pl.Series,
    min_users: int,
    end_us: int,
) -> pl.DataFrame:
    """Train the ranker of offers.

    Args:
        parts: frames of `sends_of`, of the sampled users.
        items: the catalogue, with its `level_*` columns.
        levels: names of the levels, coarse to fine.
        persons: user_id, attribute, value.
        sensitive: attributes that must not be told.
        settings: how to train.
        bought: ids of the items that anybody bought.
        min_users: fewest users behind a figure.
        end_us: what is known at this instant counts, microseconds UTC.

    Returns:
        The shared table `offer_ranker`; no row where there are too few answers to learn from.
    """
    rows = pl.concat([pl.DataFrame(schema=SCHEMA), *parts]).sort("user_hash", "user_id", "sent", "item_id")
    end = -(-end_us // 60_000_000)
    if rows.is_empty():
        return pl.DataFrame(schema=SHARED_TABLES["offer_ranker"])
    ids = _offers(rows["item_id"].unique(), items, bought)
    users = rows["user_id"].unique(maintain_order=True)
    sends = Sends(
        np.append(np.flatnonzero(rows["user_id"].is_first_distinct().to_numpy()), len(rows)).astype(np.int64),
        rows["item_id"].cast(pl.Enum(ids)).to_physical().to_numpy().astype(np.int64),
        rows["sent"].to_numpy().astype(np.int64),
        rows["answered"].to_numpy().astype(np.int64),
    )
    names = tuple(level for level in levels if LEVEL_PREFIX + level in items.columns)
    window = windows_of(sends, len(ids), settings.answer_days * _DAY)
    figures = figures_of(sends, window, _level_codes(ids, items, names), end, min_users)
    seen = persons if settings.sensitive else persons.filter(~pl.col("attribute").is_in(list(sensitive)))
    over = sends.sent + window[sends.item] <= end
    encoding, numbers = encode_persons(seen, users, sends.owner()[over], (sends.answered != NEVER)[over], min_users)
    examples = make_examples(sends, figures, numbers, encoding, end)
    trained = train(examples, encoding)
    if trained is None:
        return pl.DataFrame(schema=SHARED_TABLES["offer_ranker"])
    hidden = tuple(sorted({attribute.name for attribute in encoding.attributes} & set(sensitive)))
    content, digest = OfferRanker(tuple(ids.to_list()), names, figures, encoding, hidden, trained.model).to_bytes()
    told = {
        "version": OFFERS_VERSION,
        "users": len(users),
        "sends": trained.sends,
        "answered": trained.answered,
        "chosen": trained.setting,
        "validation_log_loss": trained.validation,
    }
    row = {"digest": [digest], "told": [json.dumps(told, sort_keys=True)], "content": [content]}
    return pl.DataFrame(row, schema=SHARED_TABLES["offer_ranker"])


def _offers(sent: pl.Series, items: pl.DataFrame, bought: pl.Series) -> pl.Series:
    """Ids of the offers, sorted: what was sent, and what may be sent next, which is told by its source and by nobody having bought it."""
    sources = items.filter(pl.col("item_id").is_in(sent.implode()))["source"].unique()
    fresh = items.filter(
        pl.col("recommend").fill_null(value=False)
        & pl.col("source").is_in(sources.implode())
        & ~pl.col("item_id").is_in(bought.cast(pl.String).implode())
    )["item_id"]
    return pl.concat([sent, fresh]).unique().sort() if len(fresh) <= _MOST_OFFERS else sent.sort()


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
