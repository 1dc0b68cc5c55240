"""Why rows cannot be used: the first reason counts."""

from __future__ import annotations

import polars as pl


class Problems:
    """Collects reasons against the rows of one batch."""

    def __init__(self, height: int) -> None:
        """Start with no reason against any of `height` rows."""
        self._height = height
        self._reasons: pl.Series | None = None

    def add(self, bad: pl.Series, reason: str) -> None:
        """Note a reason against some rows, where none is noted yet."""
        if bad.any():
            self.add_texts(pl.Series([reason], dtype=pl.String).new_from_index(0, self._height).set(~bad.fill_null(False), None))

    def add_texts(self, reasons: pl.Series) -> None:
        """Note a reason per row; null: none."""
        if reasons.null_count() == self._height:
            return
        self._reasons = reasons if self._reasons is None else self._reasons.zip_with(self._reasons.is_not_null(), reasons)

    @property
    def reasons(self) -> pl.Series | None:
        """The reason against each row, null for good rows; None where all rows are good."""
        return self._reasons
