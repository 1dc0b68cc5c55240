"""What `evaluate` reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memlearn.evaluation.results import Evaluation, of_json
from memlearn.wiring.report import Report


@dataclass(frozen=True, slots=True)
class EvaluateReport(Report):
    """What an evaluation found, and where it is written.

    Args:
        evaluation: every figure.
        said: the sentences that the figures allow.
        page: the HTML page.
        document: the same as JSON.
        log: the log of looks at the test period; None for a validation.
        seconds: wall-clock duration.
    """

    evaluation: Evaluation
    said: tuple[str, ...]
    page: str
    document: str
    log: str | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As printed with `--json`: the evaluation's own JSON, with the rest beside it."""
        return {
            "evaluation": self.evaluation.to_json(),
            "said": list(self.said),
            "page": self.page,
            "document": self.document,
            "log": self.log,
            "seconds": self.seconds,
        }

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> EvaluateReport:
        """A report from what `to_json` gave."""
        return cls(**{**data, "evaluation": of_json(data["evaluation"]), "said": tuple(data["said"])})
