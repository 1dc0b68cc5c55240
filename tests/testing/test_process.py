"""The server as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from memlearn.errors import MemlearnError, UsageError
from memlearn.testing import CHAT, Fault, Nth, ServerProcess
from memlearn.testing.__main__ import main

Ask = Callable[..., Any]
SCRIPT = """
from memlearn.testing import Reply, last_user_text

def shout(request):
    return Reply(text=last_user_text(request).upper())
"""
CLIENT = """
import sys, openai
client = openai.OpenAI(base_url=sys.argv[1], api_key="any", max_retries=0)
client.chat.completions.create(model="m", messages=[{"role": "user", "content": "first"}])
print("answered", flush=True)
client.chat.completions.create(model="m", messages=[{"role": "user", "content": "second"}])
"""


def test_counts_outlive_a_client_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    with ServerProcess(f"{tmp_path / 'script.py'}:shout") as server:
        server.set_faults([Fault("timeout", Nth(2))])
        with subprocess.Popen([sys.executable, "-c", CLIENT, server.base_url], stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == "answered\n"
            while server.counts()["paid_total"] < 2:
                pass
            client.send_signal(signal.SIGKILL)
        counts = server.counts()
        assert counts["paid_total"] == counts["distinct"] == 2
        assert counts["requests"][CHAT]["200"] == 1


def test_options_of_the_command(tmp_path: Path, connect: Ask, ask: Ask, tools: list[Any]) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    faults = '[{"kind": "503", "when": {"nth": 1}, "retry_after": 2}]'
    options = ["--no-tools", "--no-usage", "--model", "small", "--log-bodies", "--faults", faults]
    with ServerProcess(f"{tmp_path / 'script.py'}:shout", options) as server:
        client = connect(server.base_url)
        with pytest.raises(openai.InternalServerError):
            ask(client, "a")
        answer = ask(client, "a")
        assert (answer.choices[0].message.content, answer.usage) == ("A", None)
        with pytest.raises(openai.BadRequestError, match="does not support tools"):
            ask(client, "a", tools=tools)
        assert [model.id for model in client.models.list()] == ["small"]
        assert server.log()[0]["body"]["messages"][0]["content"] == "a"
        pid = server.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(MemlearnError, match="does not answer"):
        server.counts()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--script", "memlearn.testing:nothing"], "There is no script"),
        (["--script", "no.such.module:x"], "There is no script"),
        (["--script", "missing.py:x"], "There is no script"),
        (["--script", "memlearn.testing:CHAT"], "not a function"),
        (["--faults", "{"], "no JSON"),
        (["--faults", "{}"], "list of objects"),
        (["--faults", '[{"kind": "418"}]'], "no fault '418'"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_a_process_that_does_not_start_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="exit code 2"), ServerProcess("memlearn.testing:nothing"):
        pass
    assert "There is no script" in capfd.readouterr().err
