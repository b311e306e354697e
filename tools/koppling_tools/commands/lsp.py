"""`koppling lsp`: help for an editor while somebody types."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.core import ParameterSource

from koppling_tools.console import terminal
from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.options import as_of_option, specs_option


@click.command("lsp")
@click.option("--stdio", is_flag=True, help="Speak over standard input and output, the only way there is.")
@as_of_option
@specs_option
def command(stdio: bool, as_of: str, specs: tuple[Path, ...]) -> int:
    """Serve an editor: diagnostics, completion, hover, rename and fixes for specs, over the language server protocol.

    An editor starts it; spec/EDITORS.md has the settings. It works on any folder of connectors and needs no network.
    """
    del stdio
    try:
        from koppling_tools.lsp.serve import serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"pygls", "lsprotocol", "attrs", "cattrs"}:
            raise
        raise Misuse("the language server needs pygls; install it with: pip install 'koppling[lsp]'") from error
    if sys.stdin is not None and sys.stdin.isatty():
        terminal.hint("an editor starts this and speaks with it; spec/EDITORS.md has the settings. Ctrl-C ends it")
    said = click.get_current_context().get_parameter_source("as_of") is ParameterSource.COMMANDLINE
    return serve(specs, as_of if said else None)  # without it: today, also after midnight
