"""`koppling run`: one call of one module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from koppling_tools.console.options import as_of_option, specs_option


@click.command("run", context_settings={"max_content_width": 100})
@click.argument("module")
@click.argument("inputs", nargs=-1, metavar="[KEY=VALUE | KEY:=JSON | KEY@PATH]…")
@click.option(
    "--input",
    "source",
    metavar="FILE|-",
    help="A JSON or YAML file with the inputs; - is standard input. At a file "
    'field it may say {"path": …}, relative to that file.',
)
@click.option(
    "--inputs-of", type=click.IntRange(min=1), metavar="MAJOR", help="The inputs are those of this older version."
)
@click.option(
    "--connection",
    metavar="NAME",
    help="A stored connection. Without it: the environment's, else the connector's default.",
)
@click.option("--env-file", metavar="FILE", help="Variables for what the environment does not have, as in a .env.")
@click.option("--sandbox", is_flag=True, help="Start the connector's local sandbox, use it, stop it.")
@click.option(
    "--stream", is_flag=True, help="Print what comes as it comes: the deltas of a stream, the bundles of a search."
)
@click.option("--dry-run", is_flag=True, help="Print the request, secrets masked, and send nothing.")
@click.option("--query", metavar="JMESPATH", help="Print only this part of the output.")
@click.option(
    "--output",
    "form",
    type=click.Choice(["json", "yaml", "text"]),
    help="How the output is printed. [default: text on a terminal, else json]",
)
@click.option("--save", metavar="PATH", help="Write the files of the output there: to this file, or into this folder.")
@click.option(
    "--extra",
    type=click.Choice(["forbid", "warn", "pass"]),
    default="forbid",
    show_default=True,
    help="What happens to inputs that the module does not know.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="How long to wait for the answer."
)
@click.option(
    "--deadline",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long all of it may take: attempts, waits, pages, polls.",
)
@as_of_option
@specs_option
def command(specs: tuple[Path, ...], **options: Any) -> int:
    """Run one module and print its output.

    \b
    key=value      a text: prompt='A quiet harbour'
    key:=json      anything else: n:=3, urgent:=true, stop:='["END"]'
    key:=@path     the JSON of a file
    key@path       a file; repeated, a list of files

    The output alone goes to standard output, everything else to standard error. As text, a map with a `text` prints
    that text, a list of flat maps a table, anything else YAML. An output that is a file goes out as its bytes, though
    not to a terminal.

    The exit status is 0 when it is done, 1 when something that was given is wrong (nothing was sent), 2 when it could
    not run: wrong usage, no answer, or a refusal.
    """  # noqa: D301  (\b keeps the lines of a paragraph in click's help)
    from koppling_tools.running.calling import Order, carry_out

    return carry_out(Order(specs=specs, **options))
