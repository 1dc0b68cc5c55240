"""Checks of a config that go beyond a single part: names, and keys that need one another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from memlearn.sources.config import DocumentSource, EventSource, ItemSource, OfferItemSource, PersonSource, StatementSource
from memlearn.wiring.problems import Path, Problem, nearest

if TYPE_CHECKING:
    from memlearn.sources.config import Location, Source
    from memlearn.wiring.config import Config

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DATABASES = ("duckdb:", "sqlite:", "postgresql://", "postgres://")
# Dimensions that every event or item has; a free attribute or level of that name could not be told apart. What each is, and what to do.
_RESERVED = {
    "item": "what was bought or offered, which `columns.item` maps. Map the column there, or name the group of items it holds, for example 'product_line'",
    "merchant": "what `merchants: true` reads from raw merchant strings. For a column of merchants take 'partner' (which offers are matched by), 'shop' or 'seller'",
    "merchant_category": "the category that `merchants: true` finds for a merchant. Take 'category', under which both are learned together, or 'trade'",
    "user": "whom a row belongs to, which `columns.user` maps. For a group of users take 'household', 'account' or 'team'",
    "currency": "what amounts are in, which `columns.currency` maps. Map the column there, or take 'paid_in' to learn from it besides",
}


def check_config(config: Config) -> list[Problem]:
    """Every problem of a config whose keys are valid one by one."""
    return [*_check_top(config), *(problem for name, source in config.sources.items() for problem in _check_source(config, name, source))]


def _check_top(config: Config) -> Iterator[Problem]:
    yield from _check_money(config)
    if not any(isinstance(source, EventSource) for source in config.sources.values()):
        yield Problem(("sources",), "no source has `role: events`; memory is learned from events. Add one.")
    labels = Counter(spec.label for spec in config.blocks)
    for position, spec in enumerate(config.blocks):
        if labels[spec.label] > 1:
            yield Problem(("blocks", position), f"block {spec.label!r} is there {labels[spec.label]} times. Keep one of them.")


def _check_money(config: Config) -> Iterator[Problem]:
    if config.money.convert_to is not None and not config.money.rates:
        example = f"`rates: {{USD: 0.92}}` for one US dollar in {config.money.convert_to}"
        yield Problem(("money", "convert_to"), f"there are no `rates` to convert with. Add them, for example {example}.")


def _check_source(config: Config, name: str, source: Source) -> Iterator[Problem]:
    at = ("sources", name)
    if isinstance(source, DocumentSource):
        return
    yield from _check_location(at, source)
    yield from _check_columns(at, source)
    if isinstance(source, EventSource):
        yield from _check_events(config, at, source)
    elif isinstance(source, ItemSource):
        yield from _check_names((*at, "levels"), source.levels)
        if source.columns.price is not None and source.columns.currency is None:
            yield from _check_currency_known(config, (*at, "columns", "price"))
    elif isinstance(source, PersonSource):
        for attribute in sorted(set(source.sensitive) - set(source.attributes)):
            yield Problem((*at, "sensitive"), f"{attribute!r} is not one of the attributes.{nearest(attribute, source.attributes)}")
    elif isinstance(source, OfferItemSource):
        levels = sorted({level for own in config.sources.values() if isinstance(own, ItemSource) for level in own.levels})
        if source.level is not None and source.level not in levels:
            yield Problem((*at, "level"), f"no source of items has a level {source.level!r}.{nearest(source.level, levels)}")
    else:
        assert isinstance(source, StatementSource)


def _check_location(at: Path, source: Location) -> Iterator[Problem]:
    paths = [source.path] if isinstance(source.path, str) else source.path
    if paths is not None and not all(paths or [""]):
        yield Problem((*at, "path"), "the path is empty. Name a file, a glob or a folder.")
    if source.database is not None and not source.database.startswith(_DATABASES):
        kind = source.database.split(":")[0]
        way_out = f" Write 'sqlite:{kind}' or 'duckdb:{kind}' for a file." if kind == source.database else ""
        yield Problem((*at, "database"), f"{kind!r} is not a known kind of database. Known: duckdb, sqlite, postgresql.{way_out}")


def _check_columns(at: Path, source: Location) -> Iterator[Problem]:
    for part in ("columns", "attributes", "levels"):
        written = getattr(source, part, None) or {}
        names = written if isinstance(written, dict) else written.model_dump()
        for name, column in names.items():
            if column is not None and not column.strip():
                yield Problem((*at, part, name), "the name of the column is empty. Write the column's name, or remove the key.")


def _check_events(config: Config, at: Path, source: EventSource) -> Iterator[Problem]:
    columns = source.columns
    if source.kinds and columns.kind is None:
        yield Problem((*at, "kinds"), "`kinds` needs `columns.kind`, the column whose values it maps. Add it, or use `kind`.")
    if columns.refers_to is not None and columns.key is None:
        yield Problem((*at, "columns", "refers_to"), "`refers_to` needs `columns.key`, the column of the keys that it names. Map it.")
    if source.mode == "append" and "max_shrink" in source.model_fields_set:
        yield Problem((*at, "max_shrink"), "`max_shrink` has a meaning with `mode: snapshot` only. Set the mode, or remove it.")
    yield from _check_names((*at, "attributes"), source.attributes)
    if source.currency is None and columns.currency is None and columns.amount is not None:
        yield from _check_currency_known(config, (*at, "columns", "amount"))


def _check_currency_known(config: Config, at: Path) -> Iterator[Problem]:
    if "currency" not in config.model_fields_set:
        yield Problem(
            at, "no currency is known for these amounts. Add `currency: EUR` (or yours) at the top, or map a column of currencies."
        )


def _check_names(at: Path, names: dict[str, str]) -> Iterator[Problem]:
    for name in names:
        if not _NAME.fullmatch(name):
            yield Problem((*at, name), f"{name!r} is not a name: small letters, digits and `_`, a letter first, at most 40.")
        elif name in _RESERVED:
            yield Problem((*at, name), f"{name!r} is taken: it is {_RESERVED[name]}.")
