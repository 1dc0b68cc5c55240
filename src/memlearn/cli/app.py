"""The application: its commands, and how errors and interrupts end it."""

from __future__ import annotations

import os
import sys
import traceback

import typer
from typer.exceptions import Abort, TyperException

from memlearn.cli import agent, check, evaluate, learn, release, show, start, trial
from memlearn.errors import MemlearnError

_ABOUT = "Learn per-user memory from company data offline, and recommend from it."
INTERRUPTED = 130


def build() -> typer.Typer:
    """The application with every command."""
    app = typer.Typer(name="memlearn", help=_ABOUT, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    start.add_commands(app)
    learn.add_commands(app)
    show.add_commands(app)
    app.add_typer(release.build(), name="release")
    check.add_commands(app)
    evaluate.add_commands(app)
    agent.add_commands(app)
    trial.add_commands(app)
    return app


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: without the program's name; default: those of the process.

    Returns:
        0 done, 1 failed, 2 wrong use or wrong config, 130 interrupted.
    """
    try:
        code = build()(args=arguments, standalone_mode=False)
        sys.stdout.flush()
    except MemlearnError as error:
        return _fail(str(error), error.exit_code)
    except TyperException as error:
        return _fail(f"{error.format_message()} See `memlearn --help`.", error.exit_code) if error.format_message() else error.exit_code
    except (KeyboardInterrupt, Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # Who reads our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the last one to see it: one line instead of a traceback
        return _fail(f"unexpected {type(error).__name__}: {error}. Set MEMLEARN_DEBUG=1 to see where, and report it.", 1)
    # Typer turns an interrupt inside a command into this code.
    if code == INTERRUPTED:
        return _fail("interrupted. Nothing is lost: the next run goes on where this one stopped.", INTERRUPTED)
    return int(code or 0)


def _fail(message: str, code: int) -> int:
    if os.environ.get("MEMLEARN_DEBUG", "") not in ("", "0"):
        traceback.print_exc()
    sys.stderr.write(f"memlearn: {message}\n")
    return code
