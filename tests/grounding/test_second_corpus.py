"""The second frozen corpus: its form, how many statements of each sort, and that the samples still give exactly them."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from memlearn.memory.sensitive import SensitiveConfig, is_sensitive
from memlearn.store import StoreLayout
from memlearn.wiring.load import LoadedConfig

HERE = Path(__file__).parent
FILE = HERE / "corpus" / "second.jsonl"
FIELDS = ["id", "user_id", "shape", "text", "truth", "mutation", "base", "why", "cites"]
MUTATIONS = {
    "number", "date", "entity", "unit", "direction", "negation", "user", "quantity", "order", "comparison", "aggregation", "evidence",
}  # fmt: skip
Entries = list[dict[str, Any]]


@pytest.fixture(scope="module")
def corpus() -> Entries:
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def rebuilt(learned_samples: LoadedConfig) -> str:
    """The corpus as its builder writes it from the learned samples."""
    sys.path.insert(0, str(HERE))
    try:
        from corpus.build import to_lines
        from corpus.second.build import build
        from corpus.world import read_world
    finally:
        sys.path.remove(str(HERE))
    return to_lines(build(read_world(StoreLayout(learned_samples.config.store).rows)))


@pytest.fixture(scope="module")
def owners(learned_samples: LoadedConfig) -> dict[str, str]:
    """The user of each row."""
    files = sorted(StoreLayout(learned_samples.config.store).rows.glob("*/*.parquet"))
    rows = pl.concat([pl.read_parquet(file, columns=["row_id", "user_id", "tombstone"]) for file in files]).filter(~pl.col("tombstone"))
    return {f"{row_id:016x}": user_id for row_id, user_id, _ in rows.rows()}


def skeleton(text: str) -> str:
    """A text without its names and numbers: what is left of its shape."""
    numbers = r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|\w+teen)\b"
    return re.sub(rf"[€$£]?[\d.,:/-]*\d\w*|{numbers}|(?<!^)\b[A-ZÄÖÜ][\wäöüß]*", "_", text)


@pytest.mark.slow
def test_the_samples_still_give_exactly_the_frozen_statements(rebuilt: str) -> None:
    assert rebuilt == FILE.read_text(encoding="utf-8")


def test_every_entry_has_its_form(corpus: Entries) -> None:
    ids = [entry["id"] for entry in corpus]
    assert ids == sorted(set(ids))
    known = {entry["id"]: entry for entry in corpus}
    for entry in corpus:
        assert list(entry) == FIELDS
        assert entry["text"] == entry["text"].strip() != ""
        assert entry["why"]
        assert entry["truth"] in {"true", "false", "uncheckable"}
        false = entry["truth"] == "false"
        assert (entry["mutation"] in MUTATIONS) is false
        if not false:
            assert entry["base"] is None
            continue
        base = known[entry["base"]]
        assert (base["truth"], base["shape"]) == ("true", entry["shape"])
        assert (entry["user_id"] != base["user_id"]) is (entry["mutation"] == "user"), entry["id"]
        assert (entry["text"] == base["text"]) is (entry["mutation"] in {"user", "evidence"}), entry["id"]
        if entry["mutation"] == "evidence":
            assert not {str(cite) for cite in entry["cites"]} & {str(cite) for cite in base["cites"]}


def test_there_are_enough_of_each_sort(corpus: Entries) -> None:
    truths = Counter(entry["truth"] for entry in corpus)
    assert truths["true"] >= 160
    assert truths["false"] >= 320
    assert 12 <= truths["uncheckable"] <= 20
    kinds = Counter(entry["mutation"] for entry in corpus if entry["mutation"])
    assert kinds.keys() == MUTATIONS
    assert min(kinds.values()) >= 15, kinds
    assert len({entry["user_id"] for entry in corpus}) >= 100


def test_the_shapes_are_many_and_unlike_each_other_and_those_of_the_first_corpus(corpus: Entries) -> None:
    true = [entry for entry in corpus if entry["truth"] == "true"]
    assert len({entry["shape"] for entry in true}) >= 60
    assert max(Counter(entry["shape"] for entry in true).values()) <= 3
    of_skeleton: dict[str, set[str]] = {}
    for entry in true:
        of_skeleton.setdefault(skeleton(entry["text"]), set()).add(entry["shape"])
    assert [sorted(named) for named in of_skeleton.values() if len(named) > 1] == []
    first = [json.loads(line)["text"] for line in (HERE / "corpus" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    assert of_skeleton.keys() & {skeleton(text) for text in first} == set()


def test_what_must_not_be_stated_is_not_in_question(corpus: Entries) -> None:
    texts = pl.Series([entry["text"] for entry in corpus])
    assert texts.filter(is_sensitive(texts, SensitiveConfig())).to_list() == []


def test_cited_rows_are_there_and_are_the_users_own_unless_another_users_were_to_be_passed_off(
    corpus: Entries, owners: dict[str, str]
) -> None:
    passed_off = 0
    for entry in corpus:
        rows = [cite for cite in entry["cites"] if isinstance(cite, str)]
        others = [cite for cite in entry["cites"] if not isinstance(cite, str)]
        assert entry["cites"]
        assert len(rows) == len(set(rows)) <= 60
        assert all(set(cite) in ({"statistic"}, {"person"}) for cite in others)
        assert all(set(cite.get("statistic", {"dim", "key"})) == {"dim", "key"} for cite in others)
        if {owners[row] for row in rows} - {entry["user_id"]}:
            assert entry["mutation"] == "user", entry["id"]
            passed_off += 1
    assert passed_off >= 5
