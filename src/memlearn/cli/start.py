"""`memlearn init` and `memlearn schema`: the first config, and help for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memlearn.cli import output
from memlearn.cli.options import Json


def add_commands(app: typer.Typer) -> None:
    """Add `init` and `schema`."""
    app.command("init")(init)
    app.command()(schema)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to; made if it is not there.")],
    json: Json = False,
) -> None:
    """Write a commented starter config with example data that runs as it stands."""
    from memlearn.wiring.starter import write_starter

    files = write_starter(folder)
    config = files[0]
    if json:
        output.write_json({"config": str(config), "files": [str(file) for file in files]})
        return
    screen = output.console()
    screen.print(output.plain(f"Wrote {config} and example data beside it. Next:", "bold"))
    for command in (f"memlearn learn {config}", f"memlearn show {config} anna", f"memlearn recommend {config} anna -k 3"):
        screen.print(output.plain(f"  {command}"))


def schema() -> None:
    """Write the JSON Schema of the config to standard output, for editors."""
    from memlearn.wiring.schema import config_schema

    output.write_json(config_schema())
