"""What a line is checked against: one user's rows as columns, the names that stand in them, and what of it the line cites."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.grounding.freetext.tokens import fold_words
from memlearn.records import ATTRIBUTE_PREFIX, LEVEL_PREFIX

Mask = NDArray[np.bool_]
_EPOCH = date(1970, 1, 1).toordinal()
_DAY_S = 86_400
_MICROS = 1_000_000
_GIVEN_BACK = ("refund", "cancellation")
_COUNTED = ("purchase", *_GIVEN_BACK)
# Fewer digits are rather a number than the name of anything.
_FEWEST_DIGITS = 5
_MOST_SHOWN = 8
_NAMED = ("item_id", "name")


@dataclass(frozen=True, slots=True, eq=False)
class KnownNames:
    """Names that exist, whoever has them in their rows; made once for all users.

    Args:
        words: each name in folded words.
        longest: words of the longest one.
    """

    words: frozenset[tuple[str, ...]]
    longest: int

    @staticmethod
    def of(items: pl.DataFrame | None = None, others: Collection[str] = ()) -> KnownNames:
        """The names, ids and levels of a catalogue, and others; mere numbers are no names."""
        words = {fold_words(name) for name in others} | (_item_names(items) if items is not None else set())
        kept = frozenset(name for name in words if name and not all(word.isdigit() for word in name))
        return KnownNames(kept, max(map(len, kept), default=1))


class RowNames(Mapping[tuple[str, ...], Mapping[str, Mask]]):
    """The names in a user's rows; which rows a name stands for is found out when it is asked for."""

    def __init__(self, columns: Mapping[str, NDArray[np.str_]], titles: Mapping[str, str]) -> None:
        """Take the names.

        Args:
            columns: dimension → key of each row.
            titles: item → name.
        """
        self._columns = columns
        self._titles = titles
        self._keys: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        for dim, keys in columns.items():
            for key in sorted(set(keys.tolist())):
                for text in {key, titles.get(key, key) if dim == "item" else key}:
                    words = fold_words(text)
                    if words and not (len(words) == 1 and words[0].isdigit() and len(words[0]) < _FEWEST_DIGITS):
                        self._keys.setdefault(words, []).append((dim, key))
        self.longest = max(map(len, self._keys), default=1)

    def __getitem__(self, words: tuple[str, ...]) -> Mapping[str, Mask]:
        """Dimension → rows."""
        found: dict[str, Mask] = {}
        for dim, key in self._keys[words]:
            mask = self._columns[dim] == key
            found[dim] = found[dim] | mask if dim in found else mask
        return found

    def shown(self, dim: str, key: str) -> str:
        """A key as it is called: an item by its name."""
        return self._titles.get(key, key) if dim == "item" else key

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """The names."""
        return iter(self._keys)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._keys)

    def __contains__(self, words: object) -> bool:
        """Whether there is such a name."""
        return words in self._keys


@dataclass(frozen=True, slots=True, eq=False)
class UserView:
    """A user's rows in order of time, and the names that they may be spoken of by.

    Args:
        row_ids: 16 hexadecimal digits each.
        kind: kind of each event.
        day: local day of each row, days since 1970-01-01.
        second: second of the local day; -1 where the source gives no clock time.
        amount: minor units, 0 where there is none; `priced` says where there is one.
        priced: True where a row has an amount.
        currency: empty where there is none.
        text: folded words of the row's text.
        written: the row's text as it is.
        returned: purchases that a refund or cancellation names.
        columns: dimension → key of each row, empty where it has none.
        names: folded words of a name → rows that it stands for, by dimension.
        foreign: folded words of names that a catalogue holds; they count where no row of the user has them.
        person: attribute → value.
        last_day: where the rows end, that "last summer" and "so far" are told from.
        discounted: purchases at a discount, of those that tell whether they were.
        tells_discounts: purchases of which it is known whether they were at a discount.
        unseen: offers shown of which nobody can tell whether they were seen.
        loose: rows whose days tell nothing of intervals.
    """

    row_ids: tuple[str, ...]
    kind: NDArray[np.str_]
    day: NDArray[np.int64]
    second: NDArray[np.int64]
    amount: NDArray[np.int64]
    priced: Mask
    currency: NDArray[np.str_]
    text: tuple[tuple[str, ...], ...]
    written: tuple[str, ...]
    returned: Mask
    columns: Mapping[str, NDArray[np.str_]]
    names: Mapping[tuple[str, ...], Mapping[str, Mask]]
    foreign: frozenset[tuple[str, ...]]
    person: Mapping[str, str]
    last_day: int
    discounted: Mask
    tells_discounts: Mask
    unseen: Mask
    loose: Mask
    longest_name: int = field(default=1)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.row_ids)

    def none(self) -> Mask:
        """No row."""
        return np.zeros(self.size, dtype=np.bool_)

    def shown(self, dim: str, keys: Sequence[str]) -> str:
        """Keys as they are called, the first few, for a message."""
        told = [self.names.shown(dim, key) if isinstance(self.names, RowNames) else key for key in keys[:_MOST_SHOWN]]
        return ", ".join(told) + (" …" if len(keys) > _MOST_SHOWN else "")

    def of_kinds(self, kinds: Sequence[str]) -> Mask:
        """Rows of these kinds."""
        mask = self.none()
        for kind in kinds:
            mask |= self.kind == kind
        return mask


@dataclass(frozen=True, slots=True)
class CitedEvidence:
    """What a line cites.

    Args:
        rows: ids of rows.
        statistics: (dim, key) of each statistic; (None, None) for one of the user as a whole.
        persons: names of attributes that are given about the user.
        events: kinds of events that each statistic is counted from; none: of all kinds, as where it is left out.
    """

    rows: tuple[str, ...] = ()
    statistics: tuple[tuple[str | None, str | None], ...] = ()
    persons: tuple[str, ...] = ()
    events: tuple[tuple[str, ...], ...] = ()


def cited_rows(view: UserView, cited: CitedEvidence) -> tuple[Mask, tuple[str, ...]]:
    """The rows that count as cited, and the ids among the cited ones that are no rows of the user."""
    wanted = set(cited.rows)
    mask = np.array([row in wanted for row in view.row_ids], dtype=np.bool_) if view.size else view.none()
    counted_from = (*cited.events, *([()] * (len(cited.statistics) - len(cited.events))))
    for (dim, key), events in zip(cited.statistics, counted_from, strict=True):
        counted = view.of_kinds(events) if events else np.ones(view.size, dtype=np.bool_)
        if dim is None:
            mask = mask | counted
        elif dim == "currency" and key is not None:
            mask = mask | (counted & (view.currency == key))
        elif dim in view.columns and key is not None:
            mask = mask | (counted & (view.columns[dim] == key))
    return mask, tuple(sorted(wanted - set(view.row_ids)))


@dataclass(frozen=True, slots=True, eq=False)
class RowColumns:
    """Rows as plain columns, of one user or of many: taken out of the table at once, since queries of many small tables take long.

    Args:
        row_ids: 16 hexadecimal digits each.
        kind, currency: empty where there is none.
        day, second: as of `UserView`.
        amount: minor units; None where there is none.
        text: as it is.
        key, refers_to: names of rows, and the row that a refund names.
        keys: dimension → key of each row, empty where it has none.
        discounted, tells_discounts, unseen, loose: as of `UserView`.
    """

    row_ids: list[str]
    kind: list[str]
    day: NDArray[np.int64]
    second: NDArray[np.int64]
    amount: list[int | None]
    currency: list[str]
    text: list[str]
    key: list[str | None]
    refers_to: list[str | None]
    keys: Mapping[str, list[str]]
    discounted: Mask
    tells_discounts: Mask
    unseen: Mask
    loose: Mask

    @staticmethod
    def of(rows: pl.DataFrame, items: pl.DataFrame | None = None, weak: Mapping[str, Sequence[str]] | None = None) -> RowColumns:
        """The columns of canonical rows.

        Args:
            rows: in order, with `row_id` (number or 16 hexadecimal digits) and `attr_…`.
            items: the items' table: `item_id`, `level_…`.
            weak: source → what its rows are no evidence for; they are taken as if they did not say it.
        """
        local = rows["time_us"].to_numpy() // _MICROS + np.array([offset or 0 for offset in rows["offset_s"].to_list()], dtype=np.int64)
        clock = np.array([known is not False for known in rows["has_clock"].to_list()], dtype=np.bool_) & ~_weak(rows, weak, "hours")
        kind = np.where(_weak(rows, weak, "preferences") & rows["kind"].cast(pl.String).is_in(_COUNTED).to_numpy(), "", _strings(rows["kind"]))
        amount = rows["amount"].to_list()
        amounts = _weak(rows, weak, "amounts")
        if amounts.any():
            amount = [None if unknown else value for value, unknown in zip(amount, amounts.tolist(), strict=True)]
        tells = np.array([value is not None for value in amount], dtype=np.bool_) & (kind == "purchase") & ~_weak(rows, weak, "discounts")
        return RowColumns(
            row_ids=[value if isinstance(value, str) else f"{value:016x}" for value in rows["row_id"].to_list()],
            kind=kind.tolist(),
            day=local // _DAY_S,
            second=np.where(clock, local % _DAY_S, -1),
            amount=amount,
            currency=_strings(rows["currency"]),
            text=_strings(rows["text"]),
            key=rows["key"].cast(pl.String).to_list(),
            refers_to=rows["refers_to"].cast(pl.String).to_list(),
            keys=_keys(rows, items),
            discounted=tells & ((rows["discount"].fill_null(0) > 0).to_numpy() if "discount" in rows.columns else False),
            tells_discounts=tells,
            unseen=(kind == "exposure") & _weak(rows, weak, "ignored_offers"),
            loose=_weak(rows, weak, "intervals"),
        )

    def view(
        self, start: int, end: int, titles: Mapping[str, str], person: Mapping[str, str], last_day: int, known: KnownNames
    ) -> UserView:
        """The view of a user's rows.

        Args:
            start: where they begin.
            end: and where they end.
            titles: item → name.
            person: what is given about the user.
            last_day: where the rows end, days since 1970-01-01.
            known: all names that exist.
        """
        columns = {dim: np.array(keys[start:end], dtype=np.str_) for dim, keys in self.keys.items()}
        amount, texts = self.amount[start:end], self.text[start:end]
        names = RowNames(columns, titles)
        return UserView(
            row_ids=tuple(self.row_ids[start:end]),
            kind=np.array(self.kind[start:end], dtype=np.str_),
            day=self.day[start:end],
            second=self.second[start:end],
            amount=np.array([value or 0 for value in amount], dtype=np.int64),
            priced=np.array([value is not None for value in amount], dtype=np.bool_),
            currency=np.array(self.currency[start:end], dtype=np.str_),
            text=tuple(fold_words(text) for text in texts),
            written=tuple(" ".join(text.split()) for text in texts),
            returned=self._returned(start, end),
            columns=columns,
            names=names,
            foreign=known.words,
            person=dict(person),
            last_day=last_day,
            discounted=self.discounted[start:end],
            tells_discounts=self.tells_discounts[start:end],
            unseen=self.unseen[start:end],
            loose=self.loose[start:end],
            longest_name=max(known.longest, names.longest),
        )

    def _returned(self, start: int, end: int) -> Mask:
        named = zip(self.kind[start:end], self.refers_to[start:end], strict=True)
        keys = {key for kind, key in named if key is not None and kind in _GIVEN_BACK}
        if not keys:
            return np.zeros(end - start, dtype=np.bool_)
        return np.array([key in keys for key in self.key[start:end]], dtype=np.bool_)


def build_view(
    rows: pl.DataFrame,
    *,
    items: pl.DataFrame | None = None,
    person: Mapping[str, str] | None = None,
    catalogue: Collection[str] = (),
    last_day: date | None = None,
    known: KnownNames | None = None,
    weak: Mapping[str, Sequence[str]] | None = None,
) -> UserView:
    """A view of one user's rows.

    Args:
        rows: of this user alone, with the canonical columns, `row_id` (number or 16 hexadecimal digits) and `attr_…`.
        items: the items' table: `item_id`, `name`, `level_…`.
        person: what is given about the user.
        catalogue: names that exist beside those of the user's rows (merchants, items, categories).
        last_day: where the rows end; by default the day of the last row.
        known: names of a whole catalogue, read beforehand; by default those of `items` and `catalogue`.
        weak: source → what its rows are no evidence for.
    """
    columns = RowColumns.of(in_order(rows), items, weak)
    last = last_day.toordinal() - _EPOCH if last_day else int(columns.day.max()) if len(rows) else 0
    return columns.view(0, len(rows), _titles(items), person or {}, last, known or KnownNames.of(items, catalogue))


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in total order; most come so."""
    time = rows["time_us"].to_numpy()
    if bool((time[1:] > time[:-1]).all()):
        return rows
    return rows.sort([name for name in ("time_us", "seq", "row_id") if name in rows.columns], maintain_order=True)


def _weak(rows: pl.DataFrame, weak: Mapping[str, Sequence[str]] | None, what: str) -> Mask:
    """The rows of sources that are no evidence for something."""
    names = [source for source, cannot in (weak or {}).items() if what in cannot]
    if not names:
        return np.zeros(len(rows), dtype=np.bool_)
    return rows["source"].cast(pl.String).is_in(names).fill_null(value=False).to_numpy()


def _strings(column: pl.Series) -> list[str]:
    return column.cast(pl.String).fill_null("").to_list()


def _keys(rows: pl.DataFrame, items: pl.DataFrame | None) -> dict[str, list[str]]:
    """Dimension → keys: merchant, category, item, levels of the catalogue, free attributes."""
    plain = {"merchant": "merchant", "merchant_category": "merchant_category", "item": "item_id"}
    plain |= {name.removeprefix(ATTRIBUTE_PREFIX): name for name in rows.columns if name.startswith(ATTRIBUTE_PREFIX)}
    found = {dim: _strings(rows[name]) for dim, name in plain.items() if name in rows.columns}
    if items is not None:
        levels = [name for name in items.columns if name.startswith(LEVEL_PREFIX)]
        # Of an item that comes twice the first counts.
        table = items.select(pl.col("item_id").cast(pl.String), *(pl.col(name).cast(pl.String) for name in levels)).unique(
            "item_id", keep="first", maintain_order=True
        )
        joined = rows.select(pl.col("item_id").cast(pl.String)).join(table, on="item_id", how="left", maintain_order="left")
        found |= {name.removeprefix(LEVEL_PREFIX): _strings(joined[name]) for name in levels}
    return found


def _titles(items: pl.DataFrame | None) -> dict[str, str]:
    if items is None or "name" not in items.columns:
        return {}
    pairs = zip(items["item_id"].cast(pl.String).to_list(), items["name"].cast(pl.String).to_list(), strict=True)
    return {item: name for item, name in pairs if item is not None and name is not None}


def _item_names(items: pl.DataFrame) -> set[tuple[str, ...]]:
    """Names, ids and levels of the catalogue."""
    wanted = [name for name in items.columns if name in _NAMED or name.startswith(LEVEL_PREFIX)]
    return {fold_words(text) for name in wanted for text in items[name].cast(pl.String).drop_nulls().unique(maintain_order=True).to_list()}
