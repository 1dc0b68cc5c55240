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
# Fewer digits are rather a number than the name of anything.
_FEWEST_DIGITS = 5
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
        self._keys: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        for dim, keys in columns.items():
            for key in np.unique(keys).tolist():
                for text in {key, titles.get(key, key) if dim == "item" else key}:
                    words = fold_words(text)
                    if words and not (len(words) == 1 and words[0].isdigit() and len(words[0]) < _FEWEST_DIGITS):
                        self._keys.setdefault(words, []).append((dim, key))

    def __getitem__(self, words: tuple[str, ...]) -> Mapping[str, Mask]:
        """Dimension → rows."""
        found: dict[str, Mask] = {}
        for dim, key in self._keys[words]:
            mask = self._columns[dim] == key
            found[dim] = found[dim] | mask if dim in found else mask
        return found

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
    longest_name: int = field(default=1)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.row_ids)

    def none(self) -> Mask:
        """No row."""
        return np.zeros(self.size, dtype=np.bool_)

    def of_kinds(self, kinds: Sequence[str]) -> Mask:
        """Rows of these kinds."""
        return np.isin(self.kind, list(kinds))


@dataclass(frozen=True, slots=True)
class CitedEvidence:
    """What a line cites.

    Args:
        rows: ids of rows.
        statistics: (dim, key) of each statistic; (None, None) for one of the user as a whole.
        persons: names of attributes that are given about the user.
    """

    rows: tuple[str, ...] = ()
    statistics: tuple[tuple[str | None, str | None], ...] = ()
    persons: tuple[str, ...] = ()


def cited_rows(view: UserView, cited: CitedEvidence) -> tuple[Mask, tuple[str, ...]]:
    """The rows that count as cited, and the ids among the cited ones that are no rows of the user."""
    wanted = set(cited.rows)
    mask = np.array([row in wanted for row in view.row_ids], dtype=np.bool_) if view.size else view.none()
    for dim, key in cited.statistics:
        if dim is None:
            mask = np.ones(view.size, dtype=np.bool_)
        elif dim == "currency" and key is not None:
            mask = mask | (view.currency == key)
        elif dim in view.columns and key is not None:
            mask = mask | (view.columns[dim] == key)
    return mask, tuple(sorted(wanted - set(view.row_ids)))


def build_view(
    rows: pl.DataFrame,
    *,
    items: pl.DataFrame | None = None,
    person: Mapping[str, str] | None = None,
    catalogue: Collection[str] = (),
    last_day: date | None = None,
    known: KnownNames | None = None,
) -> UserView:
    """A view of one user's rows.

    Args:
        rows: of this user alone, with the canonical columns, `row_id` (number or 16 hexadecimal digits) and `attr_…`.
        items: the items' table: `item_id`, `name`, `level_…`.
        person: what is given about the user.
        catalogue: names that exist beside those of the user's rows (merchants, items, categories).
        last_day: where the rows end; by default the day of the last row.
        known: names of a whole catalogue, read beforehand; by default those of `items` and `catalogue`.
    """
    rows = _in_order(rows)
    columns = _columns(rows, items)
    local = rows["time_us"].to_numpy() // _MICROS + _whole(rows["offset_s"])
    day = local // _DAY_S
    clock = np.array([known is not False for known in rows["has_clock"].to_list()], dtype=np.bool_)
    texts = rows["text"].cast(pl.String).to_list()
    names = RowNames(columns, _titles(items))
    known = known or KnownNames.of(items, catalogue)
    return UserView(
        row_ids=_row_ids(rows["row_id"]),
        kind=_strings(rows["kind"]),
        day=day,
        second=np.where(clock, local % _DAY_S, -1),
        amount=_whole(rows["amount"]),
        priced=np.array([value is not None for value in rows["amount"].to_list()], dtype=np.bool_),
        currency=_strings(rows["currency"]),
        text=tuple(fold_words(text or "") for text in texts),
        written=tuple(" ".join((text or "").split()) for text in texts),
        returned=_returned(rows),
        columns=columns,
        names=names,
        foreign=known.words,
        person=dict(person or {}),
        last_day=last_day.toordinal() - _EPOCH if last_day else int(day.max()) if len(day) else 0,
        longest_name=max([known.longest, *(len(words) for words in names)]),
    )


# Most users have some dozens of rows, for which a list is faster than a query of a column.
def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in total order; most come so."""
    time = rows["time_us"].to_numpy()
    if bool((time[1:] > time[:-1]).all()):
        return rows
    return rows.sort([name for name in ("time_us", "seq", "row_id") if name in rows.columns], maintain_order=True)


def _whole(column: pl.Series) -> NDArray[np.int64]:
    return np.array([value or 0 for value in column.to_list()], dtype=np.int64)


def _strings(column: pl.Series) -> NDArray[np.str_]:
    return np.array([value or "" for value in column.cast(pl.String).to_list()], dtype=np.str_)


def _row_ids(column: pl.Series) -> tuple[str, ...]:
    return tuple(value if isinstance(value, str) else f"{value:016x}" for value in column.to_list())


def _columns(rows: pl.DataFrame, items: pl.DataFrame | None) -> dict[str, NDArray[np.str_]]:
    """Dimension → keys: merchant, category, item, levels of the catalogue, free attributes."""
    plain = {"merchant": "merchant", "merchant_category": "merchant_category", "item": "item_id"}
    plain |= {name.removeprefix(ATTRIBUTE_PREFIX): name for name in rows.columns if name.startswith(ATTRIBUTE_PREFIX)}
    found = {dim: _strings(rows[name]) for dim, name in plain.items() if name in rows.columns}
    if items is not None:
        levels = [name for name in items.columns if name.startswith(LEVEL_PREFIX)]
        ids, mine = items["item_id"].cast(pl.String).to_list(), rows["item_id"].cast(pl.String).to_list()
        for name in levels:
            # Of an item that comes twice the first counts.
            keys = dict(zip(reversed(ids), reversed(items[name].cast(pl.String).to_list()), strict=True))
            found[name.removeprefix(LEVEL_PREFIX)] = np.array([keys.get(item) or "" for item in mine], dtype=np.str_)
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


def _returned(rows: pl.DataFrame) -> Mask:
    named = zip(rows["kind"].cast(pl.String).to_list(), rows["refers_to"].cast(pl.String).to_list(), strict=True)
    keys = {key for kind, key in named if kind in _GIVEN_BACK and key is not None}
    if not keys:
        return np.zeros(len(rows), dtype=np.bool_)
    return np.array([key in keys for key in rows["key"].cast(pl.String).to_list()], dtype=np.bool_)
