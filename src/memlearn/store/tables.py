"""The tables of a release and their columns."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

_TEXT = pl.String()
_INT = pl.Int64()
_REAL = pl.Float64()
_TEXTS = pl.List(pl.String())
_INTS = pl.List(pl.Int32())

_STATEMENT: dict[str, pl.DataType] = {
    "label": _TEXT,
    # 1-based line in the block.
    "line": pl.Int32(),
    "text": _TEXT,
    "kind": _TEXT,
    "dim": _TEXT,
    "key": _TEXT,
    # JSON of `Fact.to_json()`; null for a statement without a fact.
    "fact": _TEXT,
    "rows": _TEXTS,
    "statistic": _TEXT,
    "passages": _TEXTS,
    "operator": pl.Boolean(),
    "status": _TEXT,
}

USER_TABLES: dict[str, dict[str, pl.DataType]] = {
    "statements": {"user_id": _TEXT, **_STATEMENT},
    "item_facts": {
        "user_id": _TEXT,
        "dim": _TEXT,
        "key": _TEXT,
        # Net purchases.
        "n": _INT,
        "days": pl.Int32(),
        "first_us": _INT,
        "last_us": _INT,
        "every_days": _REAL,
        "strength": _REAL,
        "lift": _REAL,
        "shown": _INT,
        "answered": _INT,
        "stance": _TEXT,
        "stance_until_us": _INT,
    },
    "cited_rows": {
        "user_id": _TEXT,
        "row_id": _TEXT,
        "source": _TEXT,
        "time_us": _INT,
        "offset_s": pl.Int32(),
        "has_clock": pl.Boolean(),
        "kind": _TEXT,
        # What a person reads.
        "label": _TEXT,
        "text": _TEXT,
        "amount": _INT,
        "currency": _TEXT,
        "quantity": _INT,
    },
    "persons": {"user_id": _TEXT, "attribute": _TEXT, "value": _TEXT},
    # One row for a user who bought what may be recommended; days count from 1970-01-01.
    "bought": {
        "user_id": _TEXT,
        # Of all that they bought.
        "visits": pl.Int32(),
        "purchases": pl.Int32(),
        "different": pl.Int32(),
        "first_day": pl.Int32(),
        "last_day": pl.Int32(),
        "last_size": pl.Int32(),
        # Of the items that memory holds, by id.
        "items": _TEXTS,
        "item_visits": _INTS,
        "item_first_day": _INTS,
        "item_last_day": _INTS,
        # Three numbers of each item, in thousandths: its visits, what is past counting less, the fastest fading first.
        "item_faded": _INTS,
    },
    # One row for a user to whom offers were sent: the latest of them, in order of time; minutes since 1970-01-01T00:00Z.
    "offered": {
        "user_id": _TEXT,
        "items": _TEXTS,
        "sent": _INTS,
        # -1 where it was not answered.
        "answered": _INTS,
    },
}
"""Tables with any number of rows a user, as their parts hold them."""

USER_ORDER = {
    "statements": ("label", "line"),
    "item_facts": ("dim", "key"),
    "cited_rows": ("time_us", "row_id"),
    "persons": ("attribute", "value"),
    "bought": (),
    "offered": (),
}
"""The order of a user's rows when read."""

USERS_SCHEMA: dict[str, pl.DataType] = {
    "user_id": _TEXT,
    "steps": _INT,
    "events": _INT,
    "first_us": _INT,
    "last_us": _INT,
    "state_digest": _TEXT,
    # Of all that the other tables say of the user, as `digest_users` gives it.
    "content_digest": _TEXT,
}
"""The table of users as its parts hold it; a segment adds `removed`."""

SHARED_TABLES: dict[str, dict[str, pl.DataType]] = {
    "blocks": {"label": _TEXT, "description": _TEXT, "limit": _INT, "read_only": pl.Boolean(), "shared": pl.Boolean()},
    "items": {"item_id": _TEXT},
    "key_levels": {"dim": _TEXT, "key": _TEXT, "parent_dim": _TEXT, "parent_key": _TEXT},
    # The trained ranker of offers, as `ranker`.
    "offer_ranker": {"digest": _TEXT, "told": _TEXT, "content": pl.Binary()},
    "pairs": {"kind": _TEXT, "dim": _TEXT, "key": _TEXT, "other": _TEXT, "n": _INT, "users": _INT, "lift": _REAL},
    "passages": {
        "passage_id": _TEXT,
        "document_id": _TEXT,
        "source": _TEXT,
        "path": _TEXT,
        "title": _TEXT,
        "kind": _TEXT,
        "headings": _TEXTS,
        "text": _TEXT,
        "digest": _TEXT,
    },
    "popularity": {"dim": _TEXT, "key": _TEXT, "n": _INT, "users": _INT, "recent": _INT},
    # The trained ranker: one row, or none where nothing could be trained. The digest is of the content, `told` is JSON.
    "ranker": {"digest": _TEXT, "told": _TEXT, "content": pl.Binary()},
    "shared_statements": dict(_STATEMENT),
}
"""Global tables and the columns each must have; `items` brings those of the catalogue, others may bring more."""

_SQL_TYPES: dict[pl.DataType, str] = {
    _TEXT: "varchar",
    _INT: "bigint",
    pl.Int32(): "integer",
    _REAL: "double",
    pl.Boolean(): "boolean",
    _TEXTS: "varchar[]",
    _INTS: "integer[]",
}

LATER_TABLES = {"bought": 2, "ranker": 2, "offered": 3, "offer_ranker": 3}
"""Tables that segments have from this format on; in older ones there are none of their rows."""

SILENT_TABLES = frozenset({"offer_ranker"})
"""Global tables that count for the content of a release only where they have rows."""


LATER_COLUMNS = {("bought", "item_faded"): 4}
"""Columns that segments have from this format on; in older ones they are null."""


def has_table(name: str, version: int) -> bool:
    """Whether segments of a format have a table.

    Args:
        name: of the table.
        version: the segment's format.
    """
    return version >= LATER_TABLES.get(name, 1)


def select_columns(schema: dict[str, pl.DataType]) -> str:
    """SQL that casts every column of a table to its declared type; `user_id` is left out."""
    return ", ".join(f'cast("{name}" as {_SQL_TYPES[dtype]}) as "{name}"' for name, dtype in schema.items() if name != "user_id")


def columns_of(table: str, version: int) -> str:
    """SQL that selects the columns of a table `t` of users in segments of a format, as this version names them; `user_id` is left out.

    Args:
        table: its name.
        version: the segment's format.
    """
    return ", ".join(
        f't."{name}"' if version >= LATER_COLUMNS.get((table, name), 1) else f'cast(null as {_SQL_TYPES[dtype]}) as "{name}"'
        for name, dtype in USER_TABLES[table].items()
        if name != "user_id"
    )


def column_types(schema: dict[str, pl.DataType], compression: Mapping[str, str]) -> str:
    """SQL that declares the columns of a table; `user_id` is left out.

    Args:
        schema: the table's columns.
        compression: column → how it is compressed; the others as DuckDB chooses.
    """
    chosen = {name: f" using compression '{method}'" for name, method in compression.items()}
    return ", ".join(f'"{name}" {_SQL_TYPES[dtype]}{chosen.get(name, "")}' for name, dtype in schema.items() if name != "user_id")
