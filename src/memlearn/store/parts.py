"""Parts: pieces of a release's tables as Parquet files, from which its segments and its searchable blocks are built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

# Values that hardly repeat, which a dictionary would make no smaller.
_UNLIKE = {
    *("text", "fact", "key", "value", "row_id", "state_digest", "content_digest"),
    *("time_us", "first_us", "last_us", "strength", "lift", "amount"),
}


def write_part(rows: pl.DataFrame, path: Path) -> None:
    """Write rows as Parquet; ids of an `Enum` become plain strings.

    Arrow's writer takes over the codes of an `Enum`, and spends next to nothing on columns without values.

    Args:
        rows: of one table.
        path: a new file.
    """
    pq.write_table(
        pa.table([_to_arrow(column) for column in rows], names=rows.columns),
        path,
        compression="lz4",
        use_dictionary=[name for name in rows.columns if name not in _UNLIKE],  # type: ignore[arg-type]
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
