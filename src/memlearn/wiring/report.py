"""What all reports have in common."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Report:
    """Frozen values that a program reads as JSON and the CLI renders for people."""

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values, field by field."""
        return asdict(self)
