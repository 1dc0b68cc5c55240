"""Writes the corpus again from the committed samples: `PYTHONPATH=src:tests/grounding python -m corpus.build [FILE]`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import amounts, comparisons, counts, dates, givens, offers, opinions, places, rhythm, sentences, shares, spans, voices
from .book import SHAPES, Book
from .world import World, read_world

CORPUS = Path(__file__).with_name("corpus.jsonl")
_SUBJECTS = (counts, rhythm, dates, amounts, comparisons, places, shares, offers, givens, sentences, spans, voices)


def build(world: World) -> list[dict[str, Any]]:
    """All statements, sorted by id; every truth and falsity is computed, and asserted, on the way."""
    assert all(subject.__name__ in {shape.tell.__module__ for shape in SHAPES} for subject in _SUBJECTS)
    book = Book(world)
    for shape in SHAPES:
        book.write(shape)
    opinions.write(book)
    return sorted(book.entries, key=lambda entry: str(entry["id"]))


def to_lines(entries: list[dict[str, Any]]) -> str:
    """The file's content."""
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)


def main() -> None:
    """Learn the samples into a folder that is removed again, and write the corpus."""
    import memlearn
    from memlearn.wiring.load import load_config

    target = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    with tempfile.TemporaryDirectory() as folder:
        memlearn.learn(load_config(Path(__file__).resolve().parents[3] / "configs" / "sample.yaml", {"SAMPLE_STORE": folder}))
        world = read_world(Path(folder) / "rows")
    target.write_text(to_lines(build(world)), encoding="utf-8")


if __name__ == "__main__":
    main()
