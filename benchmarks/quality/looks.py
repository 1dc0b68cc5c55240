"""The committed log of looks at test data: one JSON line for each, with the section and the revision that was looked with."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import memlearn
from memlearn.evaluation.looks import LOG
from quality.section import Figures

_HERE = Path(__file__).parent


def bring(log: Path, folder: Path, section: str) -> None:
    """Lay the earlier looks of a section beside its report, so that the report tells how many there were."""
    earlier = [line for line in _lines(log) if json.loads(line)["section"] == section]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LOG).write_text("".join(f"{line}\n" for line in earlier), encoding="utf-8")


def take(log: Path, folder: Path, section: str, scale: float) -> None:
    """Append the look that an evaluation has just noted beside its report."""
    look = json.loads(_lines(folder / LOG)[-1])
    line = json.dumps({**look, "section": section, "revision": revision(), "scale": scale}, ensure_ascii=False, sort_keys=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def note(log: Path, section: str, figures: Figures) -> None:
    """Append a look of a section that writes no report."""
    look = {
        "section": section,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": memlearn.__version__,
        "revision": revision(),
        "scale": 1.0,
        "figures": {name: {metric: [one["mean"], one["low"], one["high"]] for metric, one in own.items()} for name, own in figures.items()},
    }
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(look, ensure_ascii=False, sort_keys=True) + "\n")


def revision() -> str:
    """The commit of the code, with `-dirty` where it has been changed since; empty where that cannot be told."""
    told = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40"], cwd=_HERE, capture_output=True, text=True, check=False)
    return told.stdout.strip()


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()] if path.is_file() else []
