"""The log of looks at the test period: one JSON line for each, kept beside the report, never rewritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from memlearn.errors import StoreError
from memlearn.evaluation.results import Evaluation, Missing

LOG = "final-looks.jsonl"


def earlier_looks(folder: Path) -> int:
    """How many looks the log holds.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return sum(1 for line in (folder / LOG).read_text(encoding="utf-8").splitlines() if line.strip())
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreError(f"The log of final looks {str(folder / LOG)!r} cannot be read: {error.strerror}.") from error


def note_look(folder: Path, evaluation: Evaluation, config_digest: str) -> None:
    """Append one look.

    Args:
        folder: of the report.
        evaluation: what was seen.
        config_digest: digest of the config's part that is learned from.

    Raises:
        StoreError: the log cannot be written.
    """
    line = json.dumps(_look(evaluation, config_digest), ensure_ascii=False, sort_keys=True)
    try:
        with (folder / LOG).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as error:
        raise StoreError(f"The log of final looks {str(folder / LOG)!r} cannot be written: {error.strerror}.") from error


def _look(evaluation: Evaluation, config_digest: str) -> dict[str, Any]:
    subject = evaluation.subject
    figures = {
        method.name: {
            name: None if isinstance(figure, Missing) else [round(figure.mean, 6), round(figure.low, 6), round(figure.high, 6)]
            for name, figure in method.metrics.items()
        }
        for method in evaluation.methods
    }
    return {
        "date": subject.date,
        "version": subject.version,
        "data": subject.data,
        "config": subject.config,
        "config_digest": config_digest,
        "cuts": [cut.as_of for cut in subject.cuts],
        "users": evaluation.users.judged,
        "figures": figures,
    }
