"""`koppling sandbox`: a local server that answers as the vendor would."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from koppling_tools.console.options import specs_option


@click.command("sandbox")
@click.argument("connector", required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen.  [default: a free port]")
@click.option("--models", "mode", flag_value="models", help="Answer from models on this machine, or not at all.")
@click.option("--replay", "mode", flag_value="replay", help="Answer from the connector's examples.")
@click.option(
    "--loose",
    is_flag=True,
    help="With the examples: be content with the method, the path and the keys of the body.",
)
@specs_option
def command(
    connector: str | None, port: int, mode: Literal["models", "replay"] | None, loose: bool, specs: tuple[Path, ...]
) -> int:
    """Start a local server that answers as the vendor of CONNECTOR would; Ctrl-C ends it.

    A connector that has a sandbox of its own answers from models on this machine, where they are installed. Any other
    answers from its examples: a request that one of them states gets the answer that it states, any other the reasons
    why none fits. The header `x-koppling-example: MODULE@MAJOR/CASE` asks for one example, an error for instance.
    """
    from koppling_tools.sandbox.foreground import stay

    return stay(connector, specs, port=port, mode=mode or "auto", loose=loose)
