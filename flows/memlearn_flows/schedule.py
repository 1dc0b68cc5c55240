"""Serve the learn flow on a schedule: `python -m memlearn_flows.schedule CONFIG --cron "0 3 * * *"`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from memlearn.cli.options import parse_settings
from memlearn.errors import MemlearnError
from memlearn.wiring.load import load_config
from memlearn_flows.server import scheduling_server


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the config, then wait for the schedule and run; ends when it is interrupted.

    Args:
        arguments: without the program's name; default: those of the process.

    Returns:
        0 after an interrupt, 1 where the server does not start, 2 for a wrong config or wrong use.
    """
    parser = argparse.ArgumentParser(prog="python -m memlearn_flows.schedule", description="Run the learn flow on a schedule.")
    parser.add_argument("config", help="the YAML config file")
    parser.add_argument("--cron", required=True, help='when to learn, for example "0 3 * * *": every night at three')
    parser.add_argument("--timezone", help="zone of the schedule; default: the config's timezone")
    parser.add_argument("--name", default="nightly", help="name of the deployment (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="value for ${NAME} in the config; may be repeated")
    options = parser.parse_args(arguments)
    try:
        variables = parse_settings(options.set)
        loaded = load_config(options.config, variables)
    except MemlearnError as error:
        sys.stderr.write(f"memlearn: {error}\n")
        return error.exit_code
    parameters: dict[str, object] = {"config": str(loaded.path), "variables": variables}
    try:
        _serve(options.name, options.cron, options.timezone or loaded.config.timezone, parameters)
    except (MemlearnError, ValueError) as error:
        sys.stderr.write(f"memlearn: {error}\n")
        return 2 if isinstance(error, ValueError) else 1
    return 0


def _serve(name: str, cron: str, timezone: str, parameters: dict[str, object]) -> None:
    # Late, so that wrong use is told at once and not after Prefect's start.
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from memlearn_flows.learn import learn

    with scheduling_server():
        # One run at a time: a second one would only find the store busy.
        learn.serve(
            name=name,
            schedule=Cron(cron, timezone=timezone),
            parameters=parameters,
            limit=1,
            tags=["memlearn"],
            entrypoint_type=EntrypointType.MODULE_PATH,
        )


if __name__ == "__main__":
    sys.exit(main())
