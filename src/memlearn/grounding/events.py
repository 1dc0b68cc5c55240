"""Rows as an SQL table of events: what each is about, when it was in local time, and what it is evidence for."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from memlearn.duck import Connection
from memlearn.grounding.tables import FactTables, Settings, with_needed_columns
from memlearn.records import ATTRIBUTE_PREFIX, LEVEL_PREFIX
from memlearn.records.hours import HOURS

RETURNS = "('refund', 'cancellation')"
BANDS = {
    "weekdays": ("true", "isodow(day) <= 5"),
    "weekends": ("true", "isodow(day) >= 6"),
    **{name: ("has_hour", f"(hour >= {low} and hour < {high} or hour < {high - 24})") for name, (low, high) in HOURS.items()},
}
"""Time of the week → SQL over an event: is it known whether the event lies in it; does it."""


def register(connection: Connection, name: str, frame: pl.DataFrame) -> None:
    """Make a frame a table of the database."""
    connection.register(name, frame.to_arrow(compat_level=pl.CompatLevel.oldest()))


def create_events(connection: Connection, tables: FactTables, *, returns: bool = True) -> dict[str, str]:
    """Create the table `event`.

    Args:
        connection: an in-memory database.
        tables: the rows and items.
        returns: True gives refunds and cancellations what the row they name is about.

    Returns:
        Column that holds the key of each dimension.
    """
    rows = with_needed_columns(tables.rows, tables.settings.attributes)
    register(connection, "raw", rows)
    register(connection, "catalogue", _unique_items(tables.items))
    about = ["item_id", "merchant", "merchant_category", *(name for name in rows.columns if name.startswith(ATTRIBUTE_PREFIX))]
    levels = [name for name in tables.items.columns if name.startswith(LEVEL_PREFIX)]
    keys = _keys(about, levels)
    named = ", ".join(f'{_own_or_named(name, returns=returns)} as "{name}"' for name in about)
    level_columns = "".join(f', c."{name}"' for name in levels)
    key_columns = ", ".join(f"{expression} as k{number}" for number, expression in enumerate(keys.values()))
    connection.execute(
        f"""
        create or replace temp table event as
        with named as ({_named_rows(about)}),
        meant as (
            select r.* replace ({named}) from raw r
            left join named n on r.user_hash = n.user_hash and r.refers_to = n.named_key and r.kind in {RETURNS}
        ),
        placed as (select m.*, make_timestamp(m.time_us + m.offset_s::bigint * 1000000) as local{level_columns} from meant m left join catalogue c using (item_id))
        select user_hash, row_id, item_id, currency, {_flags(tables.settings)},
            local::date as day, (year(local) * 12 + month(local) - 1)::integer as month, hour(local)::integer as hour, amount, {key_columns}
        from placed
        """
    )
    return {name: f"k{number}" for number, name in enumerate(keys)}


def _unique_items(items: pl.DataFrame) -> pl.DataFrame:
    wanted = [name for name in items.columns if name == "item_id" or name.startswith(LEVEL_PREFIX)]
    return items.select(wanted).unique("item_id", keep="first", maintain_order=True)


def _keys(about: Sequence[str], levels: Sequence[str]) -> dict[str, str]:
    """Dimension → SQL for the key of a row in it. An attribute takes the place of a level of its name."""
    keys = {"item": "item_id", "merchant": "merchant"}
    keys |= {name.removeprefix(LEVEL_PREFIX): f'"{name}"' for name in levels}
    keys["category"] = f"coalesce({keys['category']}, merchant_category)" if "category" in keys else "merchant_category"
    return keys | {name.removeprefix(ATTRIBUTE_PREFIX): f'"{name}"' for name in about if name.startswith(ATTRIBUTE_PREFIX)}


def _own_or_named(name: str, *, returns: bool) -> str:
    return f'coalesce(r."{name}", n."{name}")' if returns else f'r."{name}"'


def _named_rows(about: Sequence[str]) -> str:
    """The last row of each user and key that a refund or cancellation names."""
    columns = ", ".join(f'r."{name}"' for name in about)
    return f"""
        select r.user_hash, r.key as named_key, {columns} from raw r
        semi join (select user_hash, refers_to from raw where kind in {RETURNS} and refers_to is not null) w
            on r.user_hash = w.user_hash and r.key = w.refers_to
        qualify row_number() over (partition by r.user_hash, r.key order by r.time_us desc, r.seq desc, r.row_id desc) = 1
        """


def _flags(settings: Settings) -> str:
    def weak(what: str) -> str:
        names = ", ".join("'" + name.replace("'", "''") + "'" for name in settings.weak_for(what))
        return f"source in ({names})" if names else "false"

    flags = {
        "purchase": f"kind = 'purchase' and not {weak('preferences')}",
        "returned": f"kind in {RETURNS} and not {weak('preferences')}",
        "exposure": "kind = 'exposure'",
        "answer": "kind = 'redemption'",
        "weak_exposure": f"kind = 'exposure' and {weak('ignored_offers')}",
        "weak_interval": weak("intervals"),
        "has_hour": f"has_clock and not {weak('hours')}",
        "paid": f"amount is not null and not {weak('amounts')}",
        "priced": f"amount is not null and not {weak('amounts')} and not {weak('discounts')}",
        "reduced": "coalesce(discount, 0) > 0",
    }
    return ", ".join(f"coalesce({expression}, false) as {name}" for name, expression in flags.items())
