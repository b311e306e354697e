"""`koppling explain`: the request of a call, and where each part of it comes from."""

from __future__ import annotations

import sys
from typing import Any, Literal

import click

from koppling_tools.console.options import as_of_option, specs_option


@click.command("explain", context_settings={"max_content_width": 100})
@click.argument("module")
@click.argument("inputs", nargs=-1, metavar="[KEY=VALUE | KEY:=JSON | KEY@PATH]…")
@click.option("--input", "source", metavar="FILE|-", help="A JSON or YAML file with the inputs; - is standard input.")
@click.option("--operation", metavar="NAME", help="The operation, where the inputs do not say it.")
@click.option(
    "--inputs-of", type=click.IntRange(min=1), metavar="MAJOR", help="The inputs are those of this older version."
)
@click.option("--connection", metavar="NAME", help="A stored connection. Without it: from the environment.")
@click.option("--stream", is_flag=True, help="Explain the streamed call.")
@click.option(
    "--extra",
    type=click.Choice(["forbid", "warn", "pass"]),
    default="forbid",
    show_default=True,
    help="What happens to inputs that the module does not know.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@as_of_option
@specs_option
def command(form: Literal["text", "json"], **options: Any) -> int:
    """Show what a call would send, and for each part of it the line of the spec and the input it comes from.

    \b
    Inputs are given as for `koppling run`:
    key=value      a text
    key:=json      anything else
    key:=@path     the JSON of a file
    key@path       a file

    Nothing is sent, and no credential is needed: what no variable and no stored connection supplies gets a placeholder.
    Secrets are shown as ***. What was left out of the request is listed with why.

    The exit status is 0 when the call could be made, 1 when something that was given is wrong; what does not depend on
    it is shown all the same.
    """  # noqa: D301  (\b keeps the lines of a paragraph in click's help)
    from koppling_tools import failure
    from koppling_tools.console import terminal
    from koppling_tools.explain.explanation import Asked, explain

    found = explain(Asked(**options))
    if form == "json":
        from koppling_tools.console.output import as_json as written
        from koppling_tools.explain.as_json import as_json

        click.echo(written(as_json(found)))
    else:
        from koppling_tools.explain.text import lines

        for line in lines(found, terminal.width(), colour=terminal.wants_colour(sys.stdout)):
            click.echo(line)
    if found.error is not None and not found.problems:
        return failure.show(found.error)
    return failure.FAULT if found.problems else 0
