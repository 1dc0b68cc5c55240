from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import lancedb
import numpy as np
import polars as pl
import pytest

from memlearn.chunks.documents import Passage
from memlearn.errors import DamagedError, StoreError
from memlearn.store.vectors import Cleaned, RegistryEmbedder, VectorStore, builtin_embedder
from memlearn.store.vectors.embedder import remote_embedder
from memlearn.store.vectors.hashing import embed_texts

TEXTS = {
    "refunds": "We refund every purchase within 14 days.",
    "age": "Offers for alcohol must never be shown to minors.",
    "caps": "At most two push messages a week may be sent.",
    "tone": "Use short sentences and everyday words.",
}


def passages(texts: dict[str, str] = TEXTS) -> list[Passage]:
    kinds = {"tone": "guideline"}
    return [
        Passage(f"d#{name}/1", "d", "s", "d.md", "Doc", kinds.get(name, "policy"), ("Doc", name), text, f"digest-{text}")
        for name, text in texts.items()
    ]


class Counting:
    """A model that counts what it is asked for."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.fail_after: int | None = None

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        if self.fail_after is not None and len(self.texts) >= self.fail_after:
            raise ConnectionResetError
        self.texts.extend(texts)
        return embed_texts(texts, 64)

    def embedder(self, model_id: str = "m1") -> RegistryEmbedder:
        return remote_embedder(model_id, model_id, 64, self.embed, batch_size=512)


def blocks(path: Path, values: dict[str, str]) -> Path:
    rows = [(user, label, f"{value} {label}") for user, value in values.items() for label in ("profile", "habits")]
    pl.DataFrame(rows, schema=["user_id", "label", "value"], orient="row").write_ipc(path)
    return path


def profiles(store: VectorStore, version: int) -> dict[str, str]:
    frame = store.read_blocks(version).filter(pl.col("label") == "profile")
    return {user: value.removesuffix(" profile") for user, value in frame.select("user_id", "value").iter_rows()}


def test_passages_come_back_and_are_found_by_words_and_meaning(tmp_path: Path) -> None:
    store, embedder = VectorStore(tmp_path), builtin_embedder()
    written = store.write_passages(passages(), embedder)
    assert (written.rows, written.embedded) == (4, 4)
    assert store.read_passages(written.version)["text"].to_list() == [TEXTS[name] for name in sorted(TEXTS)]
    found = store.search_passages(written.version, "refunding a purchase", embedder, k=2)
    assert found["passage_id"][0] == "d#refunds/1"
    assert (found["text_rank"][0], found["vector_rank"][0]) == (1, 1)
    assert found["headings"][0].to_list() == ["Doc", "refunds"]
    only = store.search_passages(written.version, "refunding a purchase", embedder, kind="guideline")
    assert only["passage_id"].to_list() == ["d#tone/1"]
    # A heading is searched too.
    assert store.search_passages(written.version, "caps", None)["passage_id"].to_list() == ["d#caps/1"]


@pytest.mark.parametrize("query", ["", "  ", '"unbalanced', "a AND (b OR", "%_' drop", "zzzz"])
def test_any_query_is_answered(tmp_path: Path, query: str) -> None:
    store, embedder = VectorStore(tmp_path), builtin_embedder()
    version = store.write_passages(passages(), embedder).version
    found = store.search_passages(version, query, embedder, k=3)
    assert found.columns[-3:] == ["score", "text_rank", "vector_rank"]
    assert found.height == (0 if not query.strip() else 3)
    assert store.search_passages(version, "zzzz", None).is_empty()


def test_search_is_the_same_for_every_order_of_writing(tmp_path: Path) -> None:
    many = {f"n{at}": f"Offer {at % 7} about topic {at % 3} ends soon." for at in range(300)}
    answers = []
    for place, items in (("a", list(many.items())), ("b", list(many.items())[::-1])):
        store = VectorStore(tmp_path / place)
        version = store.write_passages(passages(dict(items)), builtin_embedder()).version
        answers.append(store.search_passages(version, "offer 3 topic 1", builtin_embedder(), k=20))
    assert answers[0].equals(answers[1])


def test_writing_the_same_again_makes_no_version_and_embeds_nothing(tmp_path: Path) -> None:
    store, model = VectorStore(tmp_path), Counting()
    first = store.write_passages(passages(), model.embedder())
    again = store.write_passages(passages()[::-1], model.embedder())
    assert (again.version, again.embedded) == (first.version, 0)
    assert len(model.texts) == 4


def test_only_changed_texts_are_embedded_and_a_model_that_returns_is_remembered(tmp_path: Path) -> None:
    store, model = VectorStore(tmp_path), Counting()
    first = store.write_passages(passages(), model.embedder())
    changed = store.write_passages(passages({**TEXTS, "caps": "At most one."}), model.embedder())
    assert (changed.embedded, model.texts[4:]) == (1, ["Doc › caps\nAt most one."])
    assert store.write_passages(passages(), model.embedder("m2")).embedded == 4
    assert store.write_passages(passages(), model.embedder()).embedded == 0
    with pytest.raises(StoreError, match="'m1', the query with 'm2'"):
        store.search_passages(first.version, "x", model.embedder("m2"))


def test_vectors_paid_for_before_a_failure_are_not_asked_for_again(tmp_path: Path) -> None:
    store, model = VectorStore(tmp_path), Counting()
    many = {f"n{at}": f"text {at}" for at in range(5000)}
    model.fail_after = 3000
    with pytest.raises(ConnectionResetError):
        store.write_passages(passages(many), model.embedder())
    model.fail_after = None
    before = len(model.texts)
    assert store.write_passages(passages(many), model.embedder()).embedded == 5000 - 2048
    assert len(model.texts) - before == 5000 - 2048


def test_items_are_searched_by_name_level_and_text(tmp_path: Path) -> None:
    store, embedder = VectorStore(tmp_path), builtin_embedder()
    items = pl.DataFrame(
        {
            "item_id": ["i1", "i2"],
            "source": "s",
            "name": ["Espresso", "Soap"],
            "text": [None, "for hands"],
            "recommend": True,
            "level_category": ["COFFEE", "HOUSEHOLD"],
        }
    )
    version = store.write_items(items, embedder).version
    assert store.search_items(version, "coffee", embedder, k=1)["item_id"].to_list() == ["i1"]
    assert store.search_items(store.write_items(items, None).version, "hands", None)["name"].to_list() == ["Soap"]


def test_lancedb_itself_can_search_the_table_with_our_registered_function(tmp_path: Path) -> None:
    VectorStore(tmp_path).write_passages(passages(), builtin_embedder())
    table = lancedb.connect(str(tmp_path)).open_table("passages")
    assert table.search("refunding purchases", query_type="vector").limit(1).to_arrow()["passage_id"][0].as_py() == "d#refunds/1"


def test_an_incremental_write_replaces_changed_users_and_old_versions_stay(tmp_path: Path) -> None:
    store = VectorStore(tmp_path / "lance")
    first = store.write_blocks(
        [blocks(tmp_path / "1.arrow", {"a": "1", "b'x": "1", "c": "1"}), blocks(tmp_path / "2.arrow", {"d": "1"})]
    ).version
    second = store.write_blocks([blocks(tmp_path / "3.arrow", {"b'x": "2", "e": "2"})], ["c", "ghost"], base=first).version
    assert profiles(store, first) == {"a": "1", "b'x": "1", "c": "1", "d": "1"}
    assert profiles(store, second) == {"a": "1", "b'x": "2", "d": "1", "e": "2"}
    assert store.read_blocks(second, ["e", "none"])["label"].to_list() == ["habits", "profile"]
    assert store.read_blocks(second, []).is_empty()


def test_a_write_builds_on_the_version_it_is_told_whatever_came_after(tmp_path: Path) -> None:
    store = VectorStore(tmp_path / "lance")
    first = store.write_blocks([blocks(tmp_path / "1.arrow", {"a": "1", "b": "1"})]).version
    store.write_blocks([blocks(tmp_path / "2.arrow", {"a": "unpublished"})], ["b"], base=first)
    third = store.write_blocks([blocks(tmp_path / "3.arrow", {"c": "3"})], base=first).version
    assert profiles(store, third) == {"a": "1", "b": "1", "c": "3"}


def test_replace_and_nothing_to_write(tmp_path: Path) -> None:
    store = VectorStore(tmp_path / "lance")
    assert store.write_blocks([]).rows == 0
    store.write_blocks([blocks(tmp_path / "1.arrow", {"a": "1"})])
    version = store.write_blocks([blocks(tmp_path / "2.arrow", {"b": "2"})], replace=True).version
    assert profiles(store, version) == {"b": "2"}
    assert profiles(store, store.write_blocks([], ["b"]).version) == {}


def test_many_small_writes_are_compacted_and_the_content_stays(tmp_path: Path) -> None:
    store = VectorStore(tmp_path / "lance")
    for at in range(70):
        version = store.write_blocks([blocks(tmp_path / f"{at}.arrow", {f"u{at % 10}": str(at)})]).version
    assert profiles(store, version) == {f"u{at % 10}": str(at) for at in range(60, 70)}


def test_cleanup_keeps_named_versions_and_forgets_unused_vectors(tmp_path: Path) -> None:
    store, embedder = VectorStore(tmp_path), builtin_embedder()
    kept = []
    for at in range(4):
        if at == 2:
            time.sleep(1.5)
        kept.append(store.write_passages(passages({"only": f"Text number {at}."}), embedder).version)
    assert store.cleanup({"passages": kept[2:]}) == Cleaned({"passages": 0}, 0)
    cleaned = store.cleanup({"passages": kept[2:]}, margin=timedelta(seconds=1))
    assert cleaned.vectors == 2
    assert cleaned.versions["passages"] >= 3
    for at in (2, 3):
        assert store.read_passages(kept[at])["text"].to_list() == [f"Text number {at}."]
        assert store.search_passages(kept[at], "number", embedder).height == 1
    with pytest.raises(StoreError, match=f"no version {kept[0]}"):
        store.read_passages(kept[0])
    assert store.write_passages(passages({"only": "Text number 3."}), embedder).embedded == 0
    assert store.cleanup({}).vectors == 0


def test_missing_and_damaged_tables_are_named(tmp_path: Path) -> None:
    store = VectorStore(tmp_path)
    with pytest.raises(StoreError, match=r"no table 'passages'.*memlearn learn"):
        store.search_passages(1, "x", None)
    version = store.write_passages(passages(), None).version
    for file in (tmp_path / "passages.lance" / "data").iterdir():
        file.write_bytes(b"damaged")
    with pytest.raises(DamagedError, match="'passages'"):
        store.read_passages(version)
