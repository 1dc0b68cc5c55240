"""The status file: what a running learn tells those who may not open the ledger meanwhile."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from memlearn.store.layout import StoreLayout


def write_status(
    layout: StoreLayout, run_id: str, stage: str, done: int = 0, total: int = 0, earlier: Sequence[Mapping[str, object]] = ()
) -> None:
    """Say where a run is; replaced as a whole, so that a reader never sees half of it.

    Args:
        layout: the store.
        run_id: the run.
        stage: what it does, or how it ended.
        done: units of the stage that are finished.
        total: units of the stage; 0 where that is not known.
        earlier: the runs before it, newest first.
    """
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    content = {"run_id": run_id, "stage": stage, "done": done, "total": total, "pid": os.getpid(), "at": now, "earlier": list(earlier)}
    aside = layout.status.with_suffix(".tmp")
    # A run does not fail for want of room for its status.
    with suppress(OSError):
        aside.write_text(json.dumps(content))
        aside.replace(layout.status)


def read_status(layout: StoreLayout) -> dict[str, Any] | None:
    """What the last run said of itself; None where none ever ran."""
    try:
        content: dict[str, Any] = json.loads(layout.status.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return content
