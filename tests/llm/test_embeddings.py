from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from memlearn.chunks.documents import Passage
from memlearn.errors import ConfigError, InputError, TransientError
from memlearn.llm.config import EmbeddingConfig
from memlearn.llm.embeddings import EmbeddingClient
from memlearn.store.vectors import VectorStore
from memlearn.wiring.embedders import make_embedder


@pytest.fixture
def script(embedding_server: ModuleType) -> Any:
    return embedding_server.Script()


@pytest.fixture
def url(embedding_server: ModuleType, script: Any) -> Iterator[str]:
    with embedding_server.serve(script) as base_url:
        yield base_url


def client(url: str, **settings: Any) -> EmbeddingClient:
    return EmbeddingClient(
        EmbeddingConfig(provider="openai", model="m", base_url=url, **{"retries": 1, "timeout": 5.0} | settings), {"OPENAI_API_KEY": "k1"}
    )


def test_vectors_come_in_the_order_of_the_texts_and_in_batches(url: str, script: Any, embedding_server: ModuleType) -> None:
    texts = [f"{'x' * at}y" for at in range(7)]
    vectors = client(url, batch_size=3, dimensions=8).embed(texts)
    assert vectors.tolist() == [embedding_server.vector(text, 8) for text in texts]
    assert vectors.dtype == np.float32
    assert [len(request["input"]) for request in script.requests] == [3, 3, 1]
    assert {request["path"] for request in script.requests} == {"/v1/embeddings"}
    assert set(script.keys) == {"Bearer k1"}
    assert all("dimensions" not in request for request in script.requests)


def test_dimensions_are_asked_once_where_they_are_not_configured(url: str, script: Any) -> None:
    asked = client(url)
    assert (asked.dimensions, asked.dimensions) == (8, 8)
    assert asked.model_id == f"openai:{url}:m:8"
    assert len(script.requests) == 1


def test_dimensions_are_requested_where_configured(url: str, script: Any) -> None:
    assert client(url, dimensions=16, request_dimensions=True).embed(["a"]).shape == (1, 16)
    assert script.requests[0]["dimensions"] == 16


def test_an_empty_text_is_sent_as_something_and_no_text_not_at_all(url: str, script: Any) -> None:
    assert client(url, dimensions=8).embed([]).shape == (0, 8)
    assert script.requests == []
    assert client(url, dimensions=8).embed(["  "]).shape == (1, 8)
    assert script.requests[0]["input"] == ["-"]


def test_a_rate_limit_is_waited_for_as_long_as_the_server_says(url: str, script: Any) -> None:
    script.faults = [(429, {"Retry-After": "1"})]
    started = time.monotonic()
    assert client(url).embed(["a"]).shape == (1, 8)
    assert 0.9 < time.monotonic() - started < 5
    assert len(script.requests) == 2


@pytest.mark.parametrize("fault", [500, 503, 408, "close"])
def test_a_passing_fault_is_tried_again(url: str, script: Any, fault: Any) -> None:
    script.faults = [fault]
    assert client(url).embed(["a"]).shape == (1, 8)
    assert len(script.requests) == 2


@pytest.mark.parametrize(("fault", "words"), [(500, "500 2 times"), (429, "429 2 times"), ("close", "cannot be reached")])
def test_a_lasting_fault_is_transient_and_named(url: str, script: Any, fault: Any, words: str) -> None:
    script.faults = [fault] * 2
    with pytest.raises(TransientError, match=words):
        client(url).embed(["a"])
    assert len(script.requests) == 2


def test_a_server_that_never_answers_is_given_up_in_time(url: str, script: Any) -> None:
    script.faults = ["hang"] * 3
    started = time.monotonic()
    with pytest.raises(TransientError, match=r"within 0.3 s, 2 times"):
        client(url, timeout=0.3).embed(["a"])
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (401, ConfigError, "OPENAI_API_KEY"),
        (403, ConfigError, "OPENAI_API_KEY"),
        (404, ConfigError, "does not know 'm'"),
        (400, InputError, "1 text.*400"),
        (413, InputError, "batch_size"),
    ],
)
def test_a_refusal_is_not_tried_again(url: str, script: Any, fault: int, error: type[Exception], words: str) -> None:
    script.faults = [fault]
    with pytest.raises(error, match=words):
        client(url, retries=3).embed(["a"])
    assert len(script.requests) == 1


def test_wrong_dimensions_and_missing_vectors_are_refused(url: str, script: Any) -> None:
    with pytest.raises(ConfigError, match="length 8 for 'm'; expected 12"):
        client(url, dimensions=12).embed(["a"])
    script.drop_one = True
    with pytest.raises(ConfigError, match="1 vectors for 2 texts"):
        client(url).embed(["a", "b"])


def test_an_answer_that_is_no_embedding_is_an_error_of_ours(url: str, script: Any) -> None:
    script.faults = ["garbage"] * 2
    with pytest.raises((ConfigError, TransientError), match="OpenAI-compatible"):
        client(url).embed(["a"])


def test_nobody_listens() -> None:
    with pytest.raises(TransientError, match="cannot be reached"):
        client("http://127.0.0.1:9/v1", retries=0).embed(["a"])


def test_a_key_is_needed_for_openai_only() -> None:
    with pytest.raises(ConfigError, match="MY_KEY"):
        EmbeddingClient(EmbeddingConfig(provider="openai", api_key_env="MY_KEY"), {"OPENAI_API_KEY": "x"})
    EmbeddingClient(EmbeddingConfig(provider="openai", base_url="http://127.0.0.1:9/v1"), {}).close()


@pytest.mark.parametrize(
    "settings",
    [
        {"provider": "sentence-transformers"},
        {"provider": "builtin", "model": "m"},
        {"request_dimensions": True, "provider": "openai"},
        {"timeout": 0},
        {"modle": "x"},
    ],
)
def test_configs_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EmbeddingConfig.model_validate(settings)


def test_a_store_embeds_over_http_and_searches_with_the_same_model(url: str, script: Any, tmp_path: Path) -> None:
    config = EmbeddingConfig(provider="openai", model="m", base_url=url)
    embedder = make_embedder(config, {})
    store = VectorStore(tmp_path)
    passages = [Passage(f"p{at}", "d", "s", "d.md", "T", "policy", ("T",), f"text {'a' * at}", str(at)) for at in range(3)]
    written = store.write_passages(passages, embedder)
    assert written.embedded == 3
    asked = len(script.requests)
    assert store.write_passages(passages[:2], make_embedder(config, {})).embedded == 0
    # The second embedder asks for the length of its vectors, nothing else.
    assert len(script.requests) == asked + 1
    found = store.search_passages(written.version, "T\ntext aa", embedder, k=1)
    assert found["vector_rank"].to_list() == [1]


def test_builtin_is_the_default_and_a_missing_package_is_named() -> None:
    assert make_embedder(EmbeddingConfig(), {}).model_id == "memlearn-builtin-1-256"
    assert make_embedder(EmbeddingConfig(dimensions=128), {}).embed(["a"]).shape == (1, 128)


def test_sentence_transformers_go_through_lancedbs_own_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = EmbeddingConfig(provider="sentence-transformers", model="tiny", batch_size=2)
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(ConfigError, match="pip install sentence-transformers"):
        make_embedder(config, {}).embed(["a"])
    monkeypatch.undo()
    # A package of that name with the one class that LanceDB calls: loading a real model needs a download.
    (tmp_path / "sentence_transformers.py").write_text(
        "import numpy as np\n"
        "class SentenceTransformer:\n"
        "    def __init__(self, name, device=None, **rest):\n"
        "        assert (name, device) == ('tiny', 'cpu')\n"
        "    def encode(self, texts, **rest):\n"
        "        return np.array([[len(text), 1.0, 2.0] for text in texts])\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    embedder = make_embedder(config, {})
    assert embedder.dimensions == 3
    assert np.allclose(np.linalg.norm(embedder.embed(["a", "bb", "ccc"]), axis=1), 1)
    with pytest.raises(ConfigError, match="makes vectors of 3 numbers"):
        make_embedder(config.model_copy(update={"dimensions": 4}), {})
