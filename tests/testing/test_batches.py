"""Files and batches, as the openai client sees them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.testing import BATCH_LINE, BATCHES, BatchRules, Contains, Every, Fault, ModelServer, echo, read_prompt
from memlearn.testing.files import read_form

Ask = Callable[..., Any]
PATH = "/v1/chat/completions"


def line(name: str, **fields: Any) -> dict[str, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": f"this is {name}"}]}
    return {"custom_id": name, "method": "POST", "url": PATH, "body": body} | fields


def begin(client: openai.OpenAI, lines: Iterable[dict[str, Any] | str]) -> Any:
    content = "".join((text if isinstance(text, str) else json.dumps(text)) + "\n" for text in lines)
    file = client.files.create(file=("input.jsonl", content.encode()), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=PATH, completion_window="24h", metadata={"wave": "1"})


def outputs(client: openai.OpenAI, file_id: str | None) -> dict[str, dict[str, Any]]:
    if file_id is None:
        return {}
    return {entry["custom_id"]: entry for entry in map(json.loads, client.files.content(file_id).text.splitlines())}


def finish(client: openai.OpenAI, batch: Any, most: int = 20) -> Any:
    for _ in range(most):
        batch = client.batches.retrieve(batch.id)
        if batch.status in {"completed", "failed", "expired", "cancelled"}:
            return batch
    raise AssertionError(batch)


@given(st.binary(max_size=200), st.text(alphabet="abc.-_ ü", min_size=1, max_size=20))
def test_forms_keep_content_to_the_byte(content: bytes, name: str) -> None:
    head = f'--b0und\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--b0und\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    form = read_form(
        "multipart/form-data; boundary=b0und", head.encode() + b"Content-Type: text/plain\r\n\r\n" + content + b"\r\n--b0und--\r\n"
    )
    assert form["purpose"] == (None, b"batch")
    assert form["file"][1] == content


def test_files(connect: Ask) -> None:
    content = b'{"a": "\r\n\xc3\xbc"}\n\r\n--x\n'
    with ModelServer() as server:
        client = connect(server)
        first, second = (client.files.create(file=("in.jsonl", content), purpose="batch") for _ in range(2))
        assert first.id != second.id
        assert (first.bytes, first.filename, first.purpose) == (len(content), "in.jsonl", "batch")
        assert client.files.retrieve(first.id) == first
        assert client.files.content(first.id).content == content
        assert [file.id for file in client.files.list()] == [second.id, first.id]
        assert client.files.delete(first.id).deleted
        for call in (client.files.retrieve, client.files.content, client.files.delete):
            with pytest.raises(openai.NotFoundError, match="No such File"):
                call(first.id)
        with pytest.raises(openai.BadRequestError, match="purpose"):
            client.files.create(file=("in.jsonl", content), purpose="fine-tune")
        with pytest.raises(openai.BadRequestError, match="must not be empty"):
            client.files.create(file=("in.jsonl", b""), purpose="batch")


def test_a_batch_goes_through_its_states(connect: Ask) -> None:
    names = [f"u{number}" for number in range(40)]
    with ModelServer(echo, batches=BatchRules(polls=10)) as server:
        client = connect(server)
        batch = begin(client, map(line, names))
        assert batch.status == "validating"
        seen = [client.batches.retrieve(batch.id) for _ in range(10)]
        assert [state.status for state in seen] == ["in_progress"] * 7 + ["finalizing"] * 2 + ["completed"]
        assert [state.request_counts.completed for state in seen] == [5, 10, 15, 20, 25, 30, 35, 40, 40, 40]
        done = outputs(client, seen[-1].output_file_id)
        assert seen[-1].error_file_id is None
        assert sorted(done) == sorted(names) != list(done)
        assert done["u7"]["response"]["status_code"] == 200
        assert done["u7"]["response"]["body"]["choices"][0]["message"]["content"] == "this is u7"
        assert seen[-1].metadata == {"wave": "1"}
        # A line and the same request by itself are one request.
        alone = client.chat.completions.create(**line("u7")["body"])
        assert alone.id == done["u7"]["response"]["body"]["id"]
        assert server.counts()["paid"][read_prompt(PATH, line("u7")["body"]).digest] == 2
        assert server.counts()["requests"][BATCH_LINE] == {"200": 40}


def test_a_batch_by_time(connect: Ask) -> None:
    with ModelServer(echo, batches=BatchRules(seconds=3600)) as server:
        client = connect(server)
        batch = begin(client, [line("a")])
        assert {client.batches.retrieve(batch.id).status for _ in range(5)} == {"in_progress"}
    with ModelServer(echo, batches=BatchRules(seconds=0)) as server:
        client = connect(server)
        assert client.batches.retrieve(begin(client, [line("a")]).id).status == "completed"


def test_some_lines_fail(connect: Ask) -> None:
    faults = [Fault("500", Every(4), endpoint=BATCH_LINE), Fault("refusal", Contains("u2"), endpoint=BATCH_LINE)]
    with ModelServer(echo, faults=faults) as server:
        client = connect(server)
        wrong = line("wrong") | {"body": {"model": "m", "messages": []}}
        batch = finish(client, begin(client, [*(line(f"u{number}") for number in range(8)), wrong]))
        done, failed = outputs(client, batch.output_file_id), outputs(client, batch.error_file_id)
        assert batch.status == "completed"
        assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (9, 6, 3)
        assert {name: entry["response"]["status_code"] for name, entry in failed.items()} == {"u3": 500, "u7": 500, "wrong": 400}
        assert "error" in failed["wrong"]["response"]["body"]
        assert done["u2"]["response"]["body"]["choices"][0]["message"]["refusal"]
        assert server.counts()["paid_total"] == 6


def test_all_lines_fail(connect: Ask) -> None:
    with ModelServer(echo, faults=[Fault("500", endpoint=BATCH_LINE)]) as server:
        client = connect(server)
        batch = finish(client, begin(client, [line("a")]))
        assert (batch.status, batch.output_file_id) == ("completed", None)
        assert set(outputs(client, batch.error_file_id)) == {"a"}


def test_an_expired_batch_has_done_some(connect: Ask) -> None:
    with ModelServer(echo, faults=[Fault("batch_expired", times=1)]) as server:
        client = connect(server)
        batch = finish(client, begin(client, [line(f"u{number}") for number in range(10)]))
        done, undone = outputs(client, batch.output_file_id), outputs(client, batch.error_file_id)
        assert batch.status == "expired"
        assert batch.expired_at is not None
        assert (len(done), len(undone)) == (5, 5)
        assert {entry["error"]["code"] for entry in undone.values()} == {"batch_expired"}
        assert {entry["response"] for entry in undone.values()} == {None}
        assert server.counts()["paid_total"] == 5
        assert finish(client, begin(client, [line("a")])).status == "completed"


def test_a_cancelled_batch(connect: Ask) -> None:
    with ModelServer(echo, batches=BatchRules(polls=4)) as server:
        client = connect(server)
        batch = begin(client, [line(f"u{number}") for number in range(8)])
        client.batches.retrieve(batch.id)
        assert client.batches.cancel(batch.id).status == "cancelling"
        batch = finish(client, batch)
        assert batch.status == "cancelled"
        assert len(outputs(client, batch.output_file_id)) == 2
        assert {entry["error"]["code"] for entry in outputs(client, batch.error_file_id).values()} == {"batch_cancelled"}
        with pytest.raises(openai.ConflictError):
            client.batches.cancel(batch.id)


@pytest.mark.parametrize(
    ("lines", "code", "number"),
    [
        ([line("a"), "{half"], "invalid_json_line", 2),
        ([line("a"), "[]"], "invalid_json_line", 2),
        ([line("a"), line("b"), line("a")], "duplicate_custom_id", 3),
        ([line("a", url="/v1/embeddings")], "url_mismatch", 1),
        ([line("a", body=None)], "missing_required_parameter", 1),
        ([line("a"), line("b", body={"model": "other"})], "model_mismatch", 2),
        (["", " "], "empty_file", None),
        ([line(str(number)) for number in range(6)], "too_many_tasks", None),
    ],
)
def test_a_batch_that_fails_validation(lines: list[Any], code: str, number: int | None, connect: Ask) -> None:
    with ModelServer(echo, batches=BatchRules(max_requests=5)) as server:
        client = connect(server)
        batch = begin(client, lines)
        assert batch.status == "validating"
        batch = client.batches.retrieve(batch.id)
        assert (batch.status, batch.output_file_id, batch.error_file_id) == ("failed", None, None)
        assert [(error.code, error.line) for error in batch.errors.data] == [(code, number)]
        assert server.counts()["paid_total"] == 0


def test_limits_of_bytes_and_enqueued_tokens(connect: Ask) -> None:
    with ModelServer(echo, batches=BatchRules(max_bytes=400, max_enqueued_tokens=15)) as server:
        client = connect(server)
        with pytest.raises(openai.BadRequestError, match="File is too large"):
            begin(client, [line("a" * 400)])
        first, second = begin(client, [line("a")]), begin(client, [line("b")])
        assert finish(client, second).errors.data[0].code == "token_limit_exceeded"
        assert finish(client, first).status == "completed"
        assert finish(client, begin(client, [line("b")])).status == "completed"


def test_a_batch_made_to_fail(connect: Ask) -> None:
    with ModelServer(echo, faults=[Fault("batch_failed")]) as server:
        client = connect(server)
        assert finish(client, begin(client, [line("a")])).status == "failed"


def test_a_batch_whose_creation_was_not_answered_is_found_in_the_list(connect: Ask) -> None:
    with ModelServer(echo, faults=[Fault("reset", times=1, endpoint=BATCHES)]) as server:
        client = connect(server)
        with pytest.raises(openai.APIConnectionError):
            begin(client, [line("a")])
        found = list(client.batches.list())
        assert [batch.metadata for batch in found] == [{"wave": "1"}]
        assert finish(client, found[0]).status == "completed"


def test_listing_goes_page_by_page(connect: Ask) -> None:
    with ModelServer(echo) as server:
        client = connect(server)
        made = [begin(client, [line(str(number))]).id for number in range(5)]
        assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1]


def test_wrong_batches_are_refused(connect: Ask) -> None:
    with ModelServer(echo) as server:
        client = connect(server)
        with pytest.raises(openai.NotFoundError):
            client.batches.create(input_file_id="file-none", endpoint=PATH, completion_window="24h")
        with pytest.raises(openai.BadRequestError, match="Supported values"):
            client.batches.create(input_file_id="file-none", endpoint="/v1/completions", completion_window="24h")
        with pytest.raises(openai.NotFoundError, match="No batch found"):
            client.batches.retrieve("batch_none")


def test_embeddings_in_a_batch(connect: Ask) -> None:
    with ModelServer() as server:
        client = connect(server)
        entry = {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "e", "input": "x", "dimensions": 8}}
        file = client.files.create(file=("in.jsonl", json.dumps(entry).encode()), purpose="batch")
        batch = finish(client, client.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h"))
        assert len(outputs(client, batch.output_file_id)["a"]["response"]["body"]["data"][0]["embedding"]) == 8
