from __future__ import annotations

import json

import polars as pl
import pytest

from memlearn.learning.agent.lines import as_statements, without_spoken_of
from memlearn.memory.sensitive import SensitiveConfig, are_sensitive, find_sensitive


def test_what_is_sensitive_since_it_was_written_is_not_published() -> None:
    lines = [{"text": text, "evidence": {"rows": ["0" * 16]}, "status": "verified"} for text in ("Buys tea.", "Buys coffee.", "Buys cake.")]
    blocks = pl.DataFrame({"user_id": ["anna"], "blocks": [json.dumps({"habits": lines, "other": lines})]})
    published = as_statements(blocks, ["habits"], pl.String(), SensitiveConfig(words=["coffee"]))
    assert published.select("line", "text").rows() == [(1, "Buys tea."), (2, "Buys cake.")]
    assert as_statements(blocks, ["habits"], pl.String(), SensitiveConfig())["line"].to_list() == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Buys at the pharmacy every week.", "pharmacy"),
        ("Is not ill.", "ill"),
        ("Probably in debt, it seems.", "in debt"),
        ("Health food fan, with a cough.", "cough"),
        ("Likes Oat Milk.", "oat milk"),
        ("Expecting a baby?", "expecting a baby"),
        ("Health food fan.", None),
        ("A regular of Health Shop.", None),
        ("Bought coffee 5 times.", None),
        ("A minority of purchases, a poor answer to offers.", None),
        ("", None),
    ],
)
def test_sentences_are_watched_alike_one_by_one_and_together(text: str, word: str | None) -> None:
    config = SensitiveConfig(words=["oat milk"], allow=["Health Shop"])
    assert find_sensitive(text, config) == word
    assert are_sensitive(pl.Series([text, "Buys tea."]), config).to_list() == [word is not None, False]


@pytest.mark.parametrize("text", ["pr\u0435gnant", "p\u200breg\u00adnant", "\uff50regnant", "PR\u0395GNANT", "prégnant"])
def test_disguise_does_not_help(text: str) -> None:
    assert find_sensitive(f"Seems {text}.", SensitiveConfig()) == "pregnant"


@pytest.mark.parametrize(
    ("statistic", "left"),
    [
        (None, ["likes coffee", "answers coffee", "likes tea"]),
        ("counts category coffee", ["answers coffee", "likes tea"]),
        ("season category coffee", ["answers coffee", "likes tea"]),
        ("offers category coffee", ["likes coffee", "likes tea"]),
        ("offers category coffee; rhythm category coffee", ["likes tea"]),
        ("weekdays", ["likes coffee", "answers coffee", "likes tea"]),
        ("moved category tea; moved category coffee", ["answers coffee"]),
    ],
)
def test_lines_about_what_an_agent_s_line_cites_are_left_out(statistic: str | None, left: list[str]) -> None:
    lines = pl.DataFrame({
        "user_id": ["anna"] * 3, "kind": ["likes", "offer_answers", "likes"], "dim": ["category"] * 3, "key": ["coffee", "coffee", "tea"],
        "text": ["likes coffee", "answers coffee", "likes tea"],
    })  # fmt: skip
    written = pl.DataFrame({"user_id": ["anna"], "text": ["Something else."], "statistic": pl.Series([statistic], dtype=pl.String)})
    assert without_spoken_of(lines, written)["text"].to_list() == left
