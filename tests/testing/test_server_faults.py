"""Every fault, as the openai client meets it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import openai
import pytest

from memlearn.testing import CHAT, EMBEDDINGS, Chance, Control, Fault, ModelServer, Nth, Reply, echo

Ask = Callable[..., Any]


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        ("400", openai.BadRequestError, "invalid_value"),
        ("401", openai.AuthenticationError, "invalid_api_key"),
        ("403", openai.PermissionDeniedError, "unsupported_country_region_territory"),
        ("404", openai.NotFoundError, "model_not_found"),
        ("429", openai.RateLimitError, "rate_limit_exceeded"),
        ("500", openai.InternalServerError, None),
        ("502", openai.InternalServerError, None),
        ("503", openai.InternalServerError, None),
        ("context_length", openai.BadRequestError, "context_length_exceeded"),
    ],
)
def test_statuses(kind: Any, error: type[openai.APIStatusError], code: str | None, connect: Ask, ask: Ask) -> None:
    with ModelServer(faults=[Fault(kind, Nth(1))]) as server:
        with pytest.raises(error) as caught:
            ask(connect(server))
        assert caught.value.code == code
        assert kind in {str(caught.value.status_code), "context_length"}
        assert ask(connect(server)).choices
        assert server.counts()["paid_total"] == 1


def test_headers_of_429(connect: Ask, ask: Ask) -> None:
    with ModelServer(faults=[Fault("429", retry_after=1.5, reset_after=90)]) as server, pytest.raises(openai.RateLimitError) as caught:
        ask(connect(server))
    headers = caught.value.response.headers
    assert (headers["retry-after"], headers["retry-after-ms"], headers["x-ratelimit-reset-requests"]) == ("2", "1500", "1m30s")


@pytest.mark.parametrize("stream", [False, True])
def test_a_timeout_and_resets(connect: Ask, ask: Ask, stream: bool) -> None:  # noqa: FBT001
    def whole(client: openai.OpenAI) -> None:
        answer = ask(client, "x" * 5000, stream=stream)
        if stream:
            list(answer)

    with ModelServer(echo) as server:
        client = connect(server, timeout=0.3)
        server.set_faults([Fault("timeout")])
        with pytest.raises(openai.APITimeoutError):
            whole(client)
        server.set_faults([Fault("reset")])
        with pytest.raises(openai.APIConnectionError):
            whole(client)
        server.set_faults([Fault("reset_body")])
        # A stream that breaks off is not translated by the client.
        with pytest.raises(Exception, match=r"without sending complete message body|incomplete chunked read|Connection error"):
            whole(client)
        server.set_faults([])
        whole(client)
        counts = server.counts()
    assert counts["requests"] == {CHAT: {"timeout": 1, "reset": 1, "reset_body": 1, "200": 1}}
    # The model did the work, although its answer was lost.
    assert list(counts["paid"].values()) == [4]
    assert counts["in_flight"] == 0


def test_a_server_that_hangs_can_be_stopped(connect: Ask, ask: Ask) -> None:
    server = ModelServer(faults=[Fault("timeout")]).start()
    with pytest.raises(openai.APITimeoutError):
        ask(connect(server, timeout=0.1))
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 2


def test_half_a_json_document(connect: Ask, ask: Ask) -> None:
    with ModelServer(echo, faults=[Fault("half_json")]) as server, pytest.raises(json.JSONDecodeError):
        ask(connect(server))


def test_wrong_content(connect: Ask, ask: Ask, tools: list[Any]) -> None:
    with ModelServer(lambda _: Reply(tool_calls=[("memory_insert", {"text": "tea"})])) as server:
        client = connect(server)

        def choice(kind: Any) -> Any:
            server.set_faults([Fault(kind)])
            return ask(client, tools=tools).choices[0]

        with pytest.raises(json.JSONDecodeError):
            json.loads(choice("bad_arguments").message.tool_calls[0].function.arguments)
        assert json.loads(choice("wrong_types").message.tool_calls[0].function.arguments) == {"text": [1]}
        empty = choice("empty")
        assert (empty.message.content, empty.message.tool_calls, empty.finish_reason) == (None, None, "stop")
        assert "cannot assist" in choice("refusal").message.refusal
        server.set_faults([Fault("no_choices")])
        assert ask(client, tools=tools).choices == []
        assert server.counts()["paid_total"] == 5


def test_a_server_that_is_gone_still_tells_its_counts(connect: Ask, ask: Ask) -> None:
    with ModelServer(faults=[Fault("gone", Nth(2))]) as server:
        client = connect(server)
        ask(client)
        for _ in range(2):
            with pytest.raises(openai.APIConnectionError):
                ask(client)
        for counts in (server.counts(), Control(server.control_url).counts()):
            assert counts["requests"] == {CHAT: {"200": 1, "gone": 1}}
            assert counts["paid_total"] == 1


def test_chance_is_the_same_in_every_run(connect: Ask, ask: Ask) -> None:
    def failed() -> list[int]:
        found = []
        with ModelServer(faults=[Fault("400", Chance(0.3, seed=5))]) as server:
            client = connect(server)
            for number in range(30):
                try:
                    ask(client, str(number))
                except openai.BadRequestError:
                    found.append(number)
        return found

    assert failed() == failed()
    assert 2 <= len(failed()) <= 18


def test_other_endpoints_have_faults_too(connect: Ask) -> None:
    with ModelServer(faults=[Fault("500", endpoint=EMBEDDINGS), Fault("403", endpoint="GET /v1/models")]) as server:
        client = connect(server)
        with pytest.raises(openai.InternalServerError):
            client.embeddings.create(model="e", input="x")
        with pytest.raises(openai.PermissionDeniedError):
            client.models.list()


def refusal(server: ModelServer, verb: str, body: dict[str, Any]) -> str:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server.control_url}/{verb}", json.dumps(body).encode(), timeout=10)
    with caught.value as error:
        return str(json.loads(error.read())["error"]["message"])


def test_control_from_outside(connect: Ask, ask: Ask) -> None:
    with ModelServer(echo) as server:
        control, client = Control(server.control_url), connect(server)
        control.set_faults([Fault("500", Nth(1))])
        with pytest.raises(openai.InternalServerError):
            ask(client)
        ask(client)
        assert control.counts() == server.counts()
        assert control.counts()["requests"] == {CHAT: {"500": 1, "200": 1}}
        assert [entry["attempt"] for entry in control.log()] == [1, 2]
        control.reset()
        assert control.counts()["requests"] == {}
        assert "There is no 'POST nothing'" in refusal(server, "nothing", {})
        assert "no fault '418'" in refusal(server, "faults", {"faults": [{"kind": "418"}]})
