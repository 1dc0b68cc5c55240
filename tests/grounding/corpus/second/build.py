"""Writes the second corpus again from the committed samples: `PYTHONPATH=src:tests/grounding python -m corpus.second.build [FILE]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from corpus.book import Book
from corpus.build import to_lines
from corpus.world import World, read_world

from . import calendars, cashbacks, contests, digests, hours, hunches, money, pauses, portions, profiles, returns, tallies, towns, turns
from .book import SHAPES

CORPUS = Path(__file__).parent.with_name("second.jsonl")
_SUBJECTS = (tallies, calendars, hours, pauses, money, contests, turns, towns, portions, cashbacks, returns, profiles, digests)


def build(world: World) -> list[dict[str, Any]]:
    """All statements, sorted by id; every truth and falsity is computed, and asserted, on the way."""
    assert all(subject.__name__ in {shape.tell.__module__ for shape in SHAPES} for subject in _SUBJECTS)
    book = Book(world)
    for shape in SHAPES:
        book.write(shape)
    hunches.write(book)
    return sorted(book.entries, key=lambda entry: str(entry["id"]))


def main() -> None:
    """Learn the samples into a folder that is removed again, and write the corpus."""
    import memlearn
    from memlearn.wiring.load import load_config

    target = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    with tempfile.TemporaryDirectory() as folder:
        memlearn.learn(load_config(Path(__file__).resolve().parents[4] / "configs" / "sample.yaml", {"SAMPLE_STORE": folder}))
        world = read_world(Path(folder) / "rows")
    target.write_text(to_lines(build(world)), encoding="utf-8")


if __name__ == "__main__":
    main()
