"""A step made by hand, for tests of the agent."""

from __future__ import annotations

from collections.abc import Sequence

from memlearn.errors import EditError
from memlearn.learning.agent.step import Cited, Row, Statistic, StepInput
from memlearn.memory import Block, BlockSpec, Evidence, Fact, Statement

ROWS = tuple(Row(f"{number:016x}", f"2026-01-{number:02d} purchase bread 2.50") for number in range(1, 13))
STATISTICS = (
    Statistic("bread: 12 purchases", Fact("habit", "item", "bread", {"n": 12})),
    Statistic("milk: 3 purchases", Fact("habit", "item", "milk", {"n": 3})),
)


def line(text: str, *rows: str) -> Statement:
    return Statement(text, Evidence(rows or ("f" * 16,)), None, "hypothesis")


BLOCKS = (
    Block(BlockSpec(label="habits", description="What is done regularly.", limit=200), (line("one"), line("two"), line("three"))),
    Block(BlockSpec(label="changes", description="What is new.", limit=60)),
    Block(BlockSpec(label="notes", description="Written by people.", read_only=True), (line("an order"),)),
)
STEP = StepInput("anna", 0, ROWS, STATISTICS, ("age band: 30-39",), BLOCKS, ("2026-01-01", "2026-01-12"))


def anything_true(step: StepInput, text: str, cited: Cited, _others: Sequence[Statement] = ()) -> Statement:
    """Takes every line that does not say it is a lie."""
    if "lie" in text:
        raise EditError(f"{text!r} is a lie. Write what the rows say.")
    return Statement(text, cited.evidence(step), None, "hypothesis")
