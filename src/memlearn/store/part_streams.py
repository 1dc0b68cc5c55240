"""Parts as streams for DuckDB: read one after another, with the number of each row's user in place of its id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from memlearn.errors import StoreError
from memlearn.records.coded import fresh_categories
from memlearn.store.parts import read_batches, read_columns
from memlearn.store.tables import USER_TABLES, USERS_SCHEMA

_NOBODY = -1


class UserNumbers:
    """Finds the numbers of users; may be asked by several threads.

    Args:
        users: user_id and user_no, each user once.
    """

    def __init__(self, users: pl.DataFrame) -> None:
        self._dtype = fresh_categories()
        # The table of strings lasts as long as a column of this type does.
        self._held = users["user_id"].cast(self._dtype)
        codes = self._held.to_physical().to_numpy()
        self._numbers = np.full(int(codes.max()) + 1 if len(codes) else 0, _NOBODY, dtype=np.int32)
        self._numbers[codes] = users["user_no"].to_numpy()

    def find(self, user_ids: pl.Series) -> NDArray[np.int32]:
        """The number of each id; -1 for others, and for null."""
        codes = user_ids.cast(self._dtype).to_physical()
        known = (codes < len(self._numbers)).fill_null(value=False).to_numpy()
        numbers = np.full(len(codes), _NOBODY, dtype=np.int32)
        numbers[known] = self._numbers[codes.fill_null(0).to_numpy()[known]]
        return numbers


class PartStream:
    """The rows of all parts of a table.

    Args:
        table: one of `USER_TABLES`.
        files: its parts.
        numbers: of the users of all of them.

    Raises:
        StoreError: a part lacks a column.
    """

    def __init__(self, table: str, files: Sequence[Path], numbers: UserNumbers) -> None:
        self._table, self._files, self._numbers = table, files, numbers
        self.rows = 0
        """Rows that were read."""
        self.strays = 0
        """How many of these have no user."""
        for file in files:
            _check_columns(table, USER_TABLES[table], file)

    def reader(self) -> pa.RecordBatchReader:
        """The rows, once: user_no, and all columns but the user's id."""
        declared = _arrow_schema(USER_TABLES[self._table])
        others = [field for field in declared if field.name != "user_id"]
        schema = pa.schema([pa.field("user_no", pa.int32()), *others])
        return pa.RecordBatchReader.from_batches(schema, self._batches(schema))

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for batch in read_batches(self._files):
            numbers = self._number(batch.column("user_id"))
            self.rows += len(numbers)
            self.strays += int((numbers == _NOBODY).sum())
            columns = [_as(batch.column(field.name), field.type) for field in list(schema)[1:]]
            yield pa.RecordBatch.from_arrays([pa.array(numbers), *columns], schema=schema)

    def _number(self, user_ids: Any) -> NDArray[np.int32]:
        """Ids are looked up once for each user of a part, not for each row."""
        coded = user_ids if isinstance(user_ids, pa.DictionaryArray) else user_ids.dictionary_encode()
        known = np.append(self._numbers.find(pl.Series(coded.dictionary, dtype=pl.String)), np.int32(_NOBODY))
        numbers: NDArray[np.int32] = known[coded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)]
        return numbers


def stream_users(files: Sequence[Path]) -> pa.RecordBatchReader:
    """The rows of all parts of the table of users, once.

    Raises:
        StoreError: a part lacks a column.
    """
    for file in files:
        _check_columns("users", USERS_SCHEMA, file)
    schema = _arrow_schema({"user_id": pl.String(), **USERS_SCHEMA})
    batches = (
        pa.RecordBatch.from_arrays([_as(batch.column(field.name), field.type) for field in schema], schema=schema)
        for batch in read_batches(files)
    )
    return pa.RecordBatchReader.from_batches(schema, batches)


def _check_columns(table: str, schema: dict[str, pl.DataType], file: Path) -> None:
    columns = read_columns(file)
    missing = [name for name in schema if name not in columns]
    if missing:
        raise StoreError(f"A part of table {table!r} lacks the column {missing[0]!r}; it has {', '.join(columns)}.")


def _arrow_schema(schema: dict[str, pl.DataType]) -> pa.Schema:
    return pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema


def _as(column: Any, dtype: Any) -> Any:
    return column if column.type == dtype else column.cast(dtype)
