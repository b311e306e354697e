"""`koppling lsp`: help for an editor while somebody types."""

from __future__ import annotations

from pathlib import Path

import click

from koppling_tools.failure import Misuse
from koppling_tools.options import specs_option


@click.command("lsp")
@click.option(
    "--stdio", is_flag=True, help="Speak over standard input and output. That is the only way; editors say it."
)
@click.option(
    "--as-of", metavar="DATE", help="Read lifecycles as of this day, as 2026-11-23.  [default: today, always]"
)
@specs_option
def command(stdio: bool, as_of: str | None, specs: tuple[Path, ...]) -> int:
    """Serve an editor: diagnostics, completion, hover, rename and fixes for specs, over the language server protocol.

    An editor starts it; spec/EDITORS.md has the settings. It works on any folder of connectors and needs no network.
    """
    del stdio
    from koppling_tools.options import _day

    day = _day(click.get_current_context(), click.get_current_context().command.params[1], as_of) if as_of else None
    try:
        from koppling_tools.lsp.server import serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"pygls", "lsprotocol", "attrs", "cattrs"}:
            raise
        raise Misuse("the language server needs pygls; install it with: pip install 'koppling[lsp]'") from error
    return serve(specs, day)
