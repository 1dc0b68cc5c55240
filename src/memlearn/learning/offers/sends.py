"""What was sent to users and when they answered it, and which purchases tell of offers: what the fold leaves for the ranker of offers."""

from __future__ import annotations

import numpy as np
import polars as pl

from memlearn.learning.embedded.annotate import NO_KEY, Annotated
from memlearn.ranking.offers import MINUTE_US, NEVER

SCHEMA = pl.Schema({"user_id": pl.String, "user_hash": pl.UInt64, "item_id": pl.String, "sent": pl.Int32, "answered": pl.Int32})
_DAY = 1440
_ITEM = "item"


def telling_items(items: pl.DataFrame, applies: pl.DataFrame) -> pl.Series:
    """Ids of the items whose purchases tell how much a user cares for offers: all of the sources that hold what offers apply to.

    Args:
        items: the catalogue.
        applies: offer_id, item_id.
    """
    sources = items.join(applies.select("item_id"), on="item_id", how="semi")["source"].unique()
    return items.filter(pl.col("source").is_in(sources.implode()))["item_id"]


def sends_of(rows: Annotated, recommended: pl.Series, answer_days: int, kept: int, boundary: int | None = None) -> pl.DataFrame:
    """The latest sends of offers to each user of a shard.

    A redemption answers the latest send of the same offer to the same user before it; only the first one counts. Sends of a source that is no
    evidence of ignored offers are left out, answered or not: of those that stand there as let pass nobody knows, and the answered ones
    alone would tell that everything is answered.

    Args:
        rows: the shard's rows.
        recommended: ids of the items that may be recommended.
        answer_days: for so many days a send can be answered.
        kept: most sends of a user.
        boundary: months before this one count; None: all.

    Returns:
        user_id, user_hash, item_id, sent, answered (minutes since 1970-01-01; `NEVER` where there is no answer); by user and time.
    """
    dimension = next((dimension for dimension in rows.dimensions if dimension.name == _ITEM), None)
    sent = rows.exposure & ~rows.weak_exposure
    if dimension is None or recommended.is_empty() or not sent.any():
        return pl.DataFrame(schema=SCHEMA)
    fitting = np.append(dimension.labels.cast(pl.String).is_in(recommended.implode()).to_numpy(), False)
    counted = (sent | rows.answer) & fitting[dimension.codes]
    if boundary is not None:
        counted &= rows.month < boundary
    at = np.flatnonzero(counted & (dimension.codes != NO_KEY))
    user, item, minute, shown = rows.user[at], dimension.codes[at], rows.time_us[at] // MINUTE_US, sent[at]
    # What is sent and answered in the same minute was sent first.
    order = np.lexsort((~shown, minute, item, user))
    user, item, minute, shown = user[order], item[order], minute[order], shown[order]
    # The latest send before each row, as far as it is of the same offer to the same user.
    last = np.maximum.accumulate(np.where(shown, np.arange(len(shown)), -1))
    mine = (last >= 0) & (user[last] == user) & (item[last] == item) & ~shown
    mine &= minute - minute[last] < answer_days * _DAY
    answered = np.full(len(shown), np.iinfo(np.int64).max)
    np.minimum.at(answered, last[mine], minute[mine])
    answered[answered == np.iinfo(np.int64).max] = NEVER
    # Exposures of one offer in one minute are one send.
    fresh = shown.copy()
    fresh[1:] &= ~(shown[:-1] & (user[1:] == user[:-1]) & (item[1:] == item[:-1]) & (minute[1:] == minute[:-1]))
    answered[np.flatnonzero(fresh)] = np.maximum.reduceat(answered, np.flatnonzero(fresh)) if fresh.any() else answered[:0]
    sends = pl.DataFrame(
        {"user": user[fresh], "code": item[fresh], "sent": minute[fresh].astype(np.int32), "answered": answered[fresh].astype(np.int32)}
    )
    latest = sends.sort("user", "sent", "code").filter(pl.int_range(pl.len(), 0, -1).over("user") <= kept)
    users = rows.users
    return latest.select(
        users["user_id"].cast(pl.String).gather(latest["user"]).alias("user_id"),
        users["user_hash"].gather(latest["user"]).alias("user_hash"),
        dimension.labels.cast(pl.String).gather(latest["code"]).alias("item_id"),
        "sent",
        "answered",
    )
