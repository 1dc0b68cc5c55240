"""Parts: pieces of a release's tables as Parquet files, from which its segments and its searchable blocks are built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

# Of these a part has few different values, which a dictionary makes much smaller.
_ALIKE = {"user_id", "label", "kind", "dim", "statistic", "status", "source", "currency", "attribute", "stance"}


def write_part(rows: pl.DataFrame, path: Path) -> None:
    """Write rows as Parquet; ids of an `Enum` become plain strings.

    Arrow's writer takes over the codes of an `Enum`, and spends next to nothing on columns without values. What is read back within
    the minute is not compressed: that would take longer than writing and reading all of it.

    Args:
        rows: of one table.
        path: a new file.
    """
    pq.write_table(
        pa.table([_to_arrow(column) for column in rows], names=rows.columns),
        path,
        compression="none",
        use_dictionary=[name for name in rows.columns if name in _ALIKE],  # type: ignore[arg-type]
        write_statistics=False,
        store_schema=False,
    )


def _to_arrow(column: pl.Series) -> pa.Array[Any]:
    oldest = pl.CompatLevel.oldest()
    if isinstance(column.dtype, pl.Enum):
        if column.null_count() == len(column):
            return pa.nulls(len(column), pa.large_string())
        strings = column.dtype.categories.to_arrow(compat_level=oldest)
        return pa.DictionaryArray.from_arrays(column.to_physical().cast(pl.Int32).to_arrow(), strings)
    if column.null_count() == len(column):
        kind: Any = column.head(0).to_arrow(compat_level=oldest).type
        return pa.nulls(len(column), kind)  # type: ignore[no-any-return]
    return column.to_arrow(compat_level=oldest)
