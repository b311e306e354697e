"""`koppling connection`: what proves who is calling, stored by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from koppling_tools.console.options import specs_option

F = TypeVar("F", bound=Callable[..., Any])


def _sign_in_options(command: F) -> F:
    command = click.option("--paste", is_flag=True, help="Ask for the address that the browser came back with.")(
        command
    )
    return click.option("--no-browser", is_flag=True, help="Say where to sign in, and open no browser.")(command)


@click.group("connection")
def command() -> None:
    """Add, list, test and remove stored connections; sign in.

    Their secrets are kept in the system's keyring where there is one, else in a file of the user's own (mode 0600),
    below KOPPLING_CONFIG where that is set. `koppling run --connection NAME` uses one.
    """


@command.command("add")
@click.argument("connector", required=False)
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]…")
@click.option("--name", metavar="NAME", help="What to call it.  [default: the connector's name]")
@click.option("--from-env", is_flag=True, help="Take the fields from the variables that the connector names.")
@click.option(
    "--env-file", metavar="FILE", help="Take them from a file of NAME=value lines, as .env; the environment wins."
)
@click.option(
    "--input", "source", metavar="FILE|-", help="Take the fields from a JSON or YAML file; - is standard input."
)
@click.option("--stdin", metavar="FIELD", help="Take this one field, as a secret is, from standard input.")
@click.option(
    "--store",
    type=click.Choice(["keyring", "file"]),
    help="Where its secrets go.  [default: the keyring where there is one, else the file]",
)
@click.option("--default", is_flag=True, help="Make it the connector's default, as the first one is.")
@click.option("--advanced", is_flag=True, help="Ask for the advanced fields as well.")
@click.option("--replace", is_flag=True, help="Replace a connection of this name.")
@click.option("--no-test", is_flag=True, help="Store it without trying it.")
@_sign_in_options
@specs_option
def add(**options: Any) -> int:
    """Ask for the fields of a connection, try it, store it.

    Secrets are asked for, or come from --stdin, --from-env, --env-file or --input; never as key=value, which the
    shell's history keeps and other programs see. Where the connector has people sign in, a browser is opened, which
    comes back to this machine.
    """
    from koppling_tools.connections import stored

    return stored.add(stored.Order(**options))


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@specs_option
def list_(as_json: bool, specs: tuple[Path, ...]) -> int:
    """List the stored connections: secrets masked, and where they live."""
    from koppling_tools.connections import stored

    shown = stored.listed(specs)
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return 0
    for one in shown:
        words = [one["name"], one["connector"], *(f"{key}={value}" for key, value in one["fields"].items())]
        words += [f"({one['secrets']})"] * bool(one["secrets"]) + ["default"] * one["default"]
        click.echo("  ".join(words))
    if not shown:
        from koppling_tools.console import terminal

        terminal.say("there are none; `koppling connection add CONNECTOR` adds one")
    return 0


@command.command("test")
@click.argument("name")
@specs_option
def test(name: str, specs: tuple[Path, ...]) -> int:
    """Make the call that proves a stored connection."""
    from koppling_tools.connections import stored

    return stored.test(name, specs)


@command.command("sign-in")
@click.argument("name")
@_sign_in_options
@specs_option
def sign_in(name: str, specs: tuple[Path, ...], **options: bool) -> int:
    """Sign in anew to a stored connection."""
    from koppling_tools.connections import stored

    return stored.sign_in_again(name, specs, **options)


@command.command("remove")
@click.argument("name")
def remove(name: str) -> int:
    """Remove a stored connection."""
    from koppling_tools.connections import stored

    return stored.remove(name)


@command.command("default")
@click.argument("name")
def default(name: str) -> int:
    """Make a stored connection its connector's default."""
    from koppling_tools.connections import stored

    return stored.make_default(name)
