"""Given attributes of persons as numbers for the ranker of offers."""

from __future__ import annotations

import numpy as np
import polars as pl

from memlearn.ranking.offers import PRIOR, Attribute, Encoding
from memlearn.ranking.offers.sends import Flags, Ints, Reals

# An attribute is a number, or a date, where so many of its values read as one.
_NEARLY_ALL = 0.9
# Values of an attribute that are told apart, and the fewest sends to users who have one.
_MOST_VALUES, _FEWEST_SENDS = 50, 50


def encode_persons(persons: pl.DataFrame, user: pl.Series, owner: Ints, answered: Flags, min_users: int) -> tuple[Encoding, Reals]:
    """Choose how attributes become numbers, and give those of some users.

    Args:
        persons: user_id, attribute, value: what may be seen.
        user: ids of the users; shape (users,).
        owner: the user of each send with a known outcome.
        answered: which of them were answered.
        min_users: fewest users behind a share.

    Returns:
        The encoding, and numbers by user and attribute; shape (users, attributes).
    """
    known = persons.join(pl.DataFrame({"user_id": user}).with_row_index("u"), on="user_id", how="inner").sort("attribute", "u")
    attributes: list[Attribute] = []
    columns: list[Reals] = []
    for (name,), frame in known.group_by("attribute", maintain_order=True):
        attribute = _attribute(str(name), frame, owner, answered, min_users)
        if attribute is None:
            continue
        column = np.full(len(user), np.nan)
        values = {value: attribute.number(value) for value in frame["value"].unique().to_list()}
        column[frame["u"].to_numpy()] = frame["value"].replace_strict(values, return_dtype=pl.Float64).to_numpy()
        attributes.append(attribute)
        columns.append(column)
    return Encoding(tuple(attributes)), np.column_stack(columns) if columns else np.zeros((len(user), 0))


def _attribute(name: str, frame: pl.DataFrame, owner: Ints, answered: Flags, min_users: int) -> Attribute | None:
    value = frame["value"]
    if value.n_unique() > 2:
        for kind in ("number", "date"):
            attribute = Attribute(name, kind, {})
            distinct = value.unique()
            reads = np.isfinite([attribute.number(one) for one in distinct.to_list()])
            if value.is_in(distinct.filter(pl.Series(reads)).implode()).mean() >= _NEARLY_ALL:  # type: ignore[operator]
                return attribute
    sends = pl.DataFrame({"u": pl.Series(owner, dtype=pl.UInt32), "answered": answered})
    own = frame.select("u", "value").join(sends, on="u", how="inner")
    found = own.group_by("value").agg(pl.len().alias("sent"), pl.col("answered").sum(), pl.col("u").n_unique().alias("users"))
    told = found.filter(pl.col("users") >= min_users, pl.col("sent") >= _FEWEST_SENDS).sort("value")
    if not 1 < len(told) <= _MOST_VALUES:
        return None
    share = float(answered.mean())
    shares = {row[0]: round((row[2] + PRIOR * share) / (row[1] + PRIOR), 6) for row in told.select("value", "sent", "answered").iter_rows()}
    return Attribute(name, "shares", shares)
