"""The server as a process of its own: `python -m memlearn.testing --script module:function`.

Prints the address of the model as its first line and the address of the control interface as its second; runs until it is told to stop.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from memlearn.errors import UsageError
from memlearn.testing.faults import Fault, fault_from_json
from memlearn.testing.script import Script
from memlearn.testing.server import Listener
from memlearn.testing.settings import BatchRules, RateLimit, Settings

_SWITCHES = ("tools", "json-schema", "json-object", "parallel-tool-calls", "stream", "usage")


def load_script(name: str) -> Script:
    """A script by name: `module:function`, or `path/to/file.py:function`.

    Raises:
        UsageError: there is none.
    """
    place, _, attribute = name.rpartition(":")
    try:
        module = _load_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
        script = getattr(module, attribute)
    except (ImportError, AttributeError, OSError, ValueError) as error:
        raise UsageError(f"There is no script {name!r}: {error}. Name it as module:function or path/to/file.py:function.") from error
    if not callable(script):
        raise UsageError(f"The script {name!r} is a {type(script).__name__}, not a function.")
    return cast("Script", script)


def _load_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def command_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m memlearn.testing", description="A scripted model behind OpenAI's protocol on 127.0.0.1."
    )
    parser.add_argument("--script", default="memlearn.testing:silent", help="module:function or path/to/file.py:function")
    parser.add_argument("--port", type=int, default=0, help="of the model; 0: a free one")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="from a chat request to its answer")
    for switch in _SWITCHES:
        parser.add_argument(f"--no-{switch}", action="store_true", help="switch it off")
    parser.add_argument("--context-chars", type=int, metavar="N", help="a longer prompt is refused")
    parser.add_argument("--embedding-dimensions", type=int, default=256, metavar="N")
    parser.add_argument("--model", action="append", metavar="NAME", help="to be listed; may be given several times")
    parser.add_argument("--api-key", metavar="KEY", help="another key is refused")
    parser.add_argument("--requests-per-minute", type=float, metavar="N")
    parser.add_argument("--tokens-per-minute", type=float, metavar="N")
    parser.add_argument("--burst-seconds", type=float, default=RateLimit().burst_seconds, metavar="SECONDS")
    rules = BatchRules()
    parser.add_argument("--batch-polls", type=int, default=rules.polls, metavar="N", help="a batch is done when it was asked for so often")
    parser.add_argument("--batch-seconds", type=float, metavar="SECONDS", help="a batch is done after this time")
    parser.add_argument("--batch-max-requests", type=int, default=rules.max_requests, metavar="N")
    parser.add_argument("--batch-max-bytes", type=int, default=rules.max_bytes, metavar="N")
    parser.add_argument("--batch-max-enqueued-tokens", type=int, metavar="N")
    parser.add_argument("--batch-expire-share", type=float, default=rules.expire_share, metavar="SHARE")
    parser.add_argument("--faults", default="[]", metavar="JSON", help='as [{"kind": "429", "when": {"every": 5}, "retry_after": 1}]')
    parser.add_argument("--log", type=int, default=Settings().log, metavar="N", help="requests kept in the log")
    parser.add_argument("--log-bodies", action="store_true", help="keep their bodies too")
    return parser


def _faults(text: str) -> tuple[Fault, ...]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--faults takes a JSON list; {text!r} is no JSON: {error}.") from error
    if not isinstance(values, list) or not all(isinstance(value, Mapping) for value in values):
        raise UsageError(f"--faults takes a JSON list of objects; given {text!r}.")
    return tuple(map(fault_from_json, values))


def read_settings(options: argparse.Namespace) -> Settings:
    """Settings from the options of the command.

    Raises:
        UsageError: the faults are no JSON, or unknown.
    """
    switches = {name.replace("-", "_"): not getattr(options, f"no_{name.replace('-', '_')}") for name in _SWITCHES}
    return Settings(
        latency=options.latency,
        context_chars=options.context_chars,
        embedding_dimensions=options.embedding_dimensions,
        models=tuple(options.model or Settings().models),
        api_key=options.api_key,
        rate_limit=RateLimit(options.requests_per_minute, options.tokens_per_minute, options.burst_seconds),
        batches=BatchRules(
            polls=options.batch_polls,
            seconds=options.batch_seconds,
            max_requests=options.batch_max_requests,
            max_bytes=options.batch_max_bytes,
            max_enqueued_tokens=options.batch_max_enqueued_tokens,
            expire_share=options.batch_expire_share,
        ),
        faults=_faults(options.faults),
        log=options.log,
        log_bodies=options.log_bodies,
        **switches,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server.

    Args:
        arguments: of the command line.

    Returns:
        The exit code: 0 when it was stopped, 2 for wrong use.
    """
    options = command_parser().parse_args(arguments)

    def announce() -> None:
        sys.stdout.write(f"{listener.base_url}\n{listener.control_url}\n")
        sys.stdout.flush()

    try:
        listener = Listener(load_script(options.script), read_settings(options), options.port, announce)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    listener.force_exit = True
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(listener.listen())
    return 0


if __name__ == "__main__":
    sys.exit(main())
