"""`koppling new`: a connector or a module to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from koppling_tools.console.options import specs_option

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@click.group("new")
def command() -> None:
    """Write a connector or a module to start from, with a first example that passes.

    What is not said by a flag is asked, where somebody sits at a terminal. No file is ever written over.
    """


@command.command("connector")
@click.argument("name")
@click.option("--title", metavar="WORDS", help="What people call it.  [default: made of the name]")
@click.option("--base-url", metavar="URL", help="What all paths are below of, as https://api.acme.example/v1/.")
@click.option(
    "--auth", type=click.Choice(["bearer", "basic", "api-key", "none"]), help="How callers prove who they are."
)
@click.option("--header", metavar="NAME", help="With --auth api-key: the header it stands in.  [default: X-API-Key]")
@click.option("--dry-run", is_flag=True, help="Show the files, and write nothing.")
@specs_option
def connector(name: str, specs: tuple[Path, ...], **flags: Any) -> int:
    """Write a connector: its address, its credential, and a module that sends any request.

    It goes into the first folder of --specs, else into ./spec.
    """
    from koppling_tools.scaffold import new

    return new.connector(name, specs, **flags)


@command.command("module")
@click.argument("target", metavar="CONNECTOR.NAME")
@click.option("--title", metavar="WORDS", help="What people call it.  [default: made of the name]")
@click.option("--method", type=click.Choice(_METHODS, case_sensitive=False), help="The method.  [default: GET]")
@click.option("--path", metavar="PATH", help="Below the base URL; {id} in it is a field.  [default: made of the name]")
@click.option(
    "--kind", type=click.Choice(["action", "search"]), help="One bundle, or a list of them.  [default: action]"
)
@click.option("--items", metavar="PATH", help="With --kind search: where its list is in the answer.  [default: data]")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME:TYPE[!]",
    help="A field, ! where it is required; string where there is no type, a|b lists values. May be repeated.",
)
@click.option("--major", is_flag=True, help="The next major version of a module that is there, from its newest one.")
@click.option("--dry-run", is_flag=True, help="Show the files, and write nothing.")
@specs_option
def module(target: str, specs: tuple[Path, ...], **flags: Any) -> int:
    """Write a module of a connector, version 1.0.0; or with --major the next version of one that is there.

    The types are string, integer, number, boolean, array, object, file, date, date-time, email, uri, uuid. Fields of a
    GET or DELETE go into the query, those of other methods into a JSON body, with a file among them into a multipart.
    """
    from koppling_tools.scaffold import new

    return new.module(target, specs, **flags)
