"""Events of a delivery: rows mapped to the canonical table, and the rows that cannot be used."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from memlearn.records import EVENT_SCHEMA, KINDS, attribute_column
from memlearn.records.coded import fresh_categories, is_coded, number_strings
from memlearn.sources.amounts import NumberReader
from memlearn.sources.config import EventSource, Kind
from memlearn.sources.context import SourceContext
from memlearn.sources.limits import implausible_times
from memlearn.sources.locate import Delivery
from memlearn.sources.merchants import normalise_merchants
from memlearn.sources.money import NO_RATE, UNKNOWN_CURRENCY, convert, has_rate, minor_digits, read_currencies
from memlearn.sources.problems import Problems
from memlearn.sources.raw import RawBatch, reject_rows
from memlearn.sources.rows import read_rows, scan_column
from memlearn.sources.texts import as_text, clean_ids, clean_text, code_ids, is_true
from memlearn.sources.times import TimeReader, TimeRules

_ZERO_YEAR = 1970
_QUANTITY_DIGITS = 3
_THREADS = 2
_GIVEN_BACK = ("refund", "cancellation")
_KIND = pl.Enum(KINDS)


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Some events of a delivery.

    Args:
        events: the columns of `EVENT_SCHEMA`, then `attr_<name>` for every attribute of the context; strings may come as categories.
        rejects: the rows that cannot be used, as `REJECT_SCHEMA`.
        read: rows read, the rejected ones included.
        unmapped: value of the kind column that is neither mapped nor one of our names → its rows, which take the source's `kind`.
    """

    events: pl.DataFrame
    rejects: pl.DataFrame
    read: int
    unmapped: Mapping[str, int]


def read_events(name: str, source: EventSource, delivery: Delivery, context: SourceContext) -> Generator[EventBatch, None, None]:
    """Read a delivery of events in batches of at most about 500,000 rows, in the order of the rows.

    Args:
        name: name of the source.
        source: its config.
        delivery: one of `list_deliveries`.
        context: settings that all sources share.

    Raises:
        SourceError: the delivery cannot be read, lacks a column, or has dates whose order of day and month nothing decides.
        TransientError: a database cannot be reached now.
    """
    mapper = _Mapper(name, source, delivery, context)
    pending: deque[Future[EventBatch]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for batch in read_rows(source, delivery, mapper.columns, context):
            pending.append(pool.submit(mapper.map, batch))
            if len(pending) > _THREADS:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


class _Mapper:
    """Maps the batches of one delivery; holds what is decided once per delivery."""

    def __init__(self, name: str, source: EventSource, delivery: Delivery, context: SourceContext) -> None:
        wanted = source.columns
        self._name, self._source, self._delivery, self._context = name, source, delivery, context
        self._default_currency = source.currency or context.currency
        self.columns = [column for column in wanted.model_dump().values() if column] + list(source.attributes.values())
        zone, small = source.timezone or context.timezone, source.earliest is not None and source.earliest.year <= _ZERO_YEAR
        rules = TimeRules(zone, source.time_formats, source.time_unit, source.time_origin, small=small)
        where = f"Source {name!r}: {delivery.name!r} column {wanted.time!r}"
        self._times = TimeReader(rules, where, scan_column(source, delivery, wanted.time, context))
        self._numbers = {
            field: NumberReader(source.decimal_mark, scan_column(source, delivery, column, context))
            for field, column in wanted.model_dump(include={"amount", "quantity", "discount", "sequence"}).items()
            if column
        }
        self._kinds = {**{kind: kind for kind in KINDS}, **{value.strip().casefold(): kind for value, kind in source.kinds.items()}}

    def map(self, batch: RawBatch) -> EventBatch:
        frame, problems = batch.frame, Problems(batch.frame.height)
        columns: dict[str, pl.Series | pl.Expr] = dict.fromkeys(EVENT_SCHEMA, pl.lit(None))
        tombstone = self._tombstones(frame)
        columns["source"] = pl.lit(self._name)
        columns["tombstone"] = pl.lit(False) if tombstone is None else tombstone
        self._map_ids(frame, columns, problems, tombstone)
        self._map_times(frame, columns, problems, tombstone)
        texts = _coded_texts(frame[self._source.columns.kind]) if self._source.columns.kind else None
        self._map_money(frame, columns, problems, None if texts is None else self._kind(*texts))
        self._map_texts(frame, columns)
        events = _assemble(columns)
        return self._split(batch, events, problems, {} if texts is None else self._unmapped(*texts))

    def _split(self, batch: RawBatch, events: pl.DataFrame, problems: Problems, unmapped: Mapping[str, int]) -> EventBatch:
        reasons = problems.reasons
        if reasons is None:
            return EventBatch(events, batch.rejects, batch.read, unmapped)
        rejects = reject_rows(self._delivery, batch, reasons)
        if batch.rejects.height:
            rejects = pl.concat([batch.rejects, rejects]).sort("row", maintain_order=True)
        return EventBatch(events.filter(reasons.is_null()), rejects, batch.read, unmapped)

    def _tombstones(self, frame: pl.DataFrame) -> pl.Series | None:
        column = self._source.columns.deleted
        return is_true(frame[column]) if column else None

    def _map_ids(
        self, frame: pl.DataFrame, columns: dict[str, pl.Series | pl.Expr], problems: Problems, tombstone: pl.Series | None
    ) -> None:
        wanted = self._source.columns
        user = code_ids(frame[wanted.user])
        problems.add(user.is_null(), "no user") if user.null_count() else None
        columns["user_id"] = user
        if wanted.key:
            columns["key"] = key = clean_ids(frame[wanted.key])
            if key.null_count():
                if tombstone is not None:
                    problems.add(key.is_null() & tombstone, "a deletion without a key")
                problems.add(key.is_null(), "no key")
        if wanted.item:
            columns["item_id"] = code_ids(frame[wanted.item])
        if wanted.refers_to:
            columns["refers_to"] = clean_ids(frame[wanted.refers_to])

    def _map_times(
        self, frame: pl.DataFrame, columns: dict[str, pl.Series | pl.Expr], problems: Problems, tombstone: pl.Series | None
    ) -> None:
        times = self._times.read(frame[self._source.columns.time])
        problems.add_texts(times.problem)
        wrong = implausible_times(times, self._source.earliest, self._source.latest)
        if wrong is not None:
            # When a deleted row happened does not matter.
            problems.add_texts(wrong if tombstone is None else wrong.set(tombstone, None))
        us, offset = times.us, times.offset_s
        if us.null_count():
            missing = us.is_null() & times.problem.is_null()
            if tombstone is not None:
                # A deletion often carries only its key; when the deleted row happened does not matter.
                us, offset = us.set(missing & tombstone, 0), offset.set(missing & tombstone, 0)
                missing = missing & ~tombstone
            problems.add(missing, "no time")
        columns["time_us"], columns["offset_s"], columns["has_clock"] = us, offset, times.has_clock
        columns["seq"] = pl.lit(0)
        if column := self._source.columns.sequence:
            sequence, bad = self._numbers["sequence"].read(frame[column], 0)
            problems.add(bad, "sequence is not a number")
            columns["seq"] = sequence.fill_null(0)

    def _map_money(self, frame: pl.DataFrame, columns: dict[str, pl.Series | pl.Expr], problems: Problems, kind: pl.Series | None) -> None:
        wanted = self._source.columns
        amount = quantity = None
        if wanted.quantity:
            quantity, bad = self._numbers["quantity"].read(frame[wanted.quantity], _QUANTITY_DIGITS)
            problems.add(bad, "quantity is not a number")
        if wanted.amount or wanted.discount:
            amount = self._amounts(frame, columns, problems)
        columns.update(_signed(kind, self._source.kind, amount, quantity))

    def _amounts(self, frame: pl.DataFrame, columns: dict[str, pl.Series | pl.Expr], problems: Problems) -> pl.Series | None:
        """Put currency and discount in their places; return the amount."""
        wanted, money = self._source.columns, self._context.money
        currency = read_currencies(frame[wanted.currency] if wanted.currency else None, self._default_currency, frame.height)
        problems.add(currency.is_null(), UNKNOWN_CURRENCY)
        digits = minor_digits(currency)
        found: dict[str, pl.Series] = {}
        for field, column in (("amount", wanted.amount), ("discount", wanted.discount)):
            if column:
                minor, bad = self._numbers[field].read(frame[column], digits, currency)
                problems.add(bad & currency.is_not_null(), f"{field} is not a number in this currency")
                found[field] = convert(minor, currency, money)
        there = pl.Series([False], dtype=pl.Boolean).new_from_index(0, frame.height)
        for values in found.values():
            there = there | values.is_not_null() if values.null_count() else pl.repeat(True, frame.height, eager=True)
        if money.convert_to:
            problems.add(~has_rate(currency, money) & currency.is_not_null(), NO_RATE)
            currency = pl.repeat(money.convert_to, frame.height, dtype=pl.String, eager=True)
        columns["currency"] = currency if there.all() else currency.set(~there, None)
        if "discount" in found:
            columns["discount"] = found["discount"].abs()
        return found.get("amount")

    def _kind(self, numbers: pl.Series, texts: Sequence[str | None]) -> pl.Series:
        default: Kind = self._source.kind
        kinds = pl.Series([default if text is None else self._kinds.get(text.casefold(), default) for text in texts], dtype=_KIND)
        return kinds.gather(numbers).fill_null(default)

    def _unmapped(self, numbers: pl.Series, texts: Sequence[str | None]) -> Mapping[str, int]:
        unknown = [text if text is not None and text.casefold() not in self._kinds else None for text in texts]
        if not any(unknown):
            return {}
        counted = pl.Series(unknown, dtype=pl.String).gather(numbers).drop_nulls().value_counts(name="rows")
        return dict(counted.iter_rows())

    def _map_texts(self, frame: pl.DataFrame, columns: dict[str, pl.Series | pl.Expr]) -> None:
        if column := self._source.columns.text:
            text = clean_text(frame[column])
            columns["text"] = text
            if self._source.merchants:
                merchants = normalise_merchants(text, self._context.merchants)
                columns["merchant"], columns["merchant_category"] = merchants["merchant"], merchants["merchant_category"]
        attributes: Mapping[str, str] = self._source.attributes
        for attribute in sorted({*self._context.attributes, *attributes}):
            source_column = attributes.get(attribute)
            columns[attribute_column(attribute)] = code_ids(frame[source_column]) if source_column else pl.lit(None)


def _coded_texts(values: pl.Series) -> tuple[pl.Series, list[str | None]]:
    """For each row the place of its value among the distinct ones, and those."""
    numbers, distinct = number_strings(as_text(values).cast(fresh_categories()))
    return numbers, clean_ids(distinct.cast(pl.String)).to_list()


def _assemble(columns: Mapping[str, pl.Series | pl.Expr]) -> pl.DataFrame:
    """The table of events; expressions are constants, which fill the height of the other columns."""
    dtypes = {column: EVENT_SCHEMA.get(column, pl.String()) for column in columns}
    series = {column: value for column, value in columns.items() if isinstance(value, pl.Series)}
    constants = {
        column: value if column == "kind" else value.cast(dtypes[column]) for column, value in columns.items() if isinstance(value, pl.Expr)
    }
    frame = pl.DataFrame(series).with_columns(**constants)
    return frame.select(pl.col(column) if is_coded(frame.schema[column]) else pl.col(column).cast(dtypes[column]) for column in dtypes)


def _signed(kind: pl.Series | None, default: Kind, amount: pl.Series | None, quantity: pl.Series | None) -> dict[str, pl.Series | pl.Expr]:
    """Kinds, amounts and quantities by the convention: what is given back is negative, all that is bought positive."""
    measures = {name: values for name, values in (("amount", amount), ("quantity", quantity)) if values is not None}
    kinds: pl.Series | pl.Expr = pl.lit(default, dtype=_KIND) if kind is None else kind
    negative = {name: bool((values < 0).any()) for name, values in measures.items()}
    simple = default == "purchase" if kind is None else bool((kind == "purchase").all())
    if (not any(negative.values()) and simple) or not measures:
        return {"kind": kinds, **measures}
    frame = pl.DataFrame(measures).with_columns(kind=kinds)
    below = pl.any_horizontal(pl.col(name).fill_null(0) < 0 for name in measures)
    frame = frame.with_columns(kind=pl.when(below & (pl.col("kind") == "purchase")).then(pl.lit("refund", dtype=_KIND)).otherwise("kind"))
    given_back = pl.col("kind").is_in(_GIVEN_BACK)
    signed = frame.with_columns(pl.when(given_back).then(-pl.col(name).abs()).otherwise(name).alias(name) for name in measures)
    return {name: signed[name] for name in ("kind", *measures)}
