"""Items of a source: one row per item, whatever the rows say twice."""

from __future__ import annotations

import polars as pl

from memlearn.records import ITEM_SCHEMA, level_column
from memlearn.sources.amounts import NumberReader
from memlearn.sources.config import ItemSource
from memlearn.sources.context import SourceContext
from memlearn.sources.locate import Delivery
from memlearn.sources.money import NO_RATE, UNKNOWN_CURRENCY, convert, has_rate, minor_digits, read_currencies
from memlearn.sources.problems import Problems
from memlearn.sources.rows import scan_column
from memlearn.sources.tables import choose, read_table, time_reader
from memlearn.sources.texts import clean_attributes, clean_ids, clean_names, clean_text
from memlearn.sources.times import TimeReader


def read_items(name: str, source: ItemSource, context: SourceContext) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a whole source of items.

    Of several rows for one item the most frequent name, text, levels, price and validity count, and of equals the smallest; levels
    are chosen together, price with its currency, and both ends of the validity.

    Args:
        name: name of the source.
        source: its config.
        context: settings that all sources share.

    Returns:
        Items (columns of `ITEM_SCHEMA`, then `level_<name>` in the config's order), sorted by id; and rejects.

    Raises:
        SourceError: a delivery cannot be read or lacks a column, or there is no row.
        RejectLimitError: more rows than allowed are unusable.
    """
    columns = [*source.columns.model_dump().values(), *source.levels.values()]
    rows, rejects = read_table(name, source, columns, context, lambda delivery: _ItemMapper(source, delivery, context), source.max_rejects)
    levels = [level_column(level) for level in source.levels]
    groups = [["name"], ["text"], ["price", "currency"], ["valid_from_us", "valid_until_us"], *([levels] if levels else [])]
    items = choose(rows, ["item_id"], groups).with_columns(
        pl.col("name").fill_null(pl.col("item_id")), source=pl.lit(name), recommend=pl.lit(source.recommend)
    )
    return items.select(*(pl.col(column).cast(dtype) for column, dtype in ITEM_SCHEMA.items()), *levels), rejects


class _ItemMapper:
    def __init__(self, source: ItemSource, delivery: Delivery, context: SourceContext) -> None:
        self._source, self._context = source, context
        wanted = source.columns
        self._price = NumberReader("auto", scan_column(source, delivery, wanted.price, context)) if wanted.price else None
        self._validity: dict[str, tuple[str, TimeReader]] = {}
        if wanted.valid_from:
            reader = time_reader(source, delivery, wanted.valid_from, source.timezone, "start", context)
            self._validity["valid_from_us"] = (wanted.valid_from, reader)
        if wanted.valid_until:
            reader = time_reader(source, delivery, wanted.valid_until, source.timezone, "end", context)
            self._validity["valid_until_us"] = (wanted.valid_until, reader)

    def map(self, frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
        wanted = self._source.columns
        item = clean_ids(frame[wanted.item])
        problems.add(item.is_null(), "no item id")
        table = pl.DataFrame({"item_id": item}).with_columns(
            pl.lit(None, dtype=dtype).alias(column) for column, dtype in ITEM_SCHEMA.items() if column != "item_id"
        )
        found = self._prices(frame, problems)
        if wanted.name:
            found["name"] = clean_names(frame[wanted.name])
        if wanted.text:
            found["text"] = clean_text(frame[wanted.text])
        for field, (column, reader) in self._validity.items():
            times = reader.read(frame[column])
            problems.add_texts(times.problem)
            found[field] = times.us
        for level, column in self._source.levels.items():
            found[level_column(level)] = clean_attributes(frame[column])
        return table.with_columns(**found)

    def _prices(self, frame: pl.DataFrame, problems: Problems) -> dict[str, pl.Series]:
        wanted, money = self._source.columns, self._context.money
        if not wanted.price or self._price is None:
            return {}
        currency = read_currencies(frame[wanted.currency] if wanted.currency else None, self._context.currency, frame.height)
        problems.add(currency.is_null(), UNKNOWN_CURRENCY)
        price, bad = self._price.read(frame[wanted.price], minor_digits(currency), currency)
        problems.add(bad & currency.is_not_null(), "price is not a number in this currency")
        price = convert(price, currency, money)
        if money.convert_to:
            problems.add(~has_rate(currency, money) & currency.is_not_null(), NO_RATE)
            currency = pl.repeat(money.convert_to, frame.height, dtype=pl.String, eager=True)
        return {"price": price, "currency": currency.set(price.is_null(), None)}
