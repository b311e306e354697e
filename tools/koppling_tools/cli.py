"""The `koppling` command: finds the subcommand, and makes one readable paragraph of whatever stops it.

Each file of `commands/` holds one subcommand as a click command named `command`. It is imported when it is asked for,
so that `koppling --help` stays quick. A subcommand returns its exit status (None is 0) and raises what stops it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from koppling_tools.console import terminal

# The names and their summaries stand here a second time, so that `--help` imports none of them.
COMMANDS: Final = {
    "list": "List the modules, their versions and states.",
    "show": "Show one module: fields, request, output, lifecycle.",
    "run": "Run one module.",
    "options": "List the values that a field may have, as the vendor has them now.",
    "explain": "Show what a call would send, and where each part of it comes from.",
    "validate": "Check specs and show every fault on its line.",
    "rules": "Show what validate looks at, and why.",
    "test": "Run every example of every spec, offline.",
    "diff": "Show what changed for callers, and which version that asks for.",
    "lifecycle": "Show what is deprecated, retires soon, or is past its day.",
    "new": "Write a connector or a module to start from.",
    "import": "Write modules from a vendor's OpenAPI document, or from a line of curl.",
    "deprecate": "From a day on, warn the callers of a module, operation, field or value.",
    "retire": "From a day on, refuse a module, operation, field or value.",
    "bump": "Raise the version of a module or a connector.",
    "fmt": "Put spec files into their form.",
    "drift": "Hold a connector against the vendor's OpenAPI document.",
    "docs": "Write a static site of the connectors.",
    "sandbox": "Start a local server that answers as the vendor would.",
    "lsp": "Serve an editor while somebody types.",
    "connection": "Add, list, test and remove stored connections.",
}

INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which a person meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        import importlib
        import keyword

        module = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name  # no file is called import.py
        found: click.Command = importlib.import_module(f"koppling_tools.commands.{module}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a misspelt one is named with what was probably meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from koppling.diagnostics import suggestion

            raise click.UsageError(f"there is no command {args[0]!r}; {suggestion(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from koppling import __version__

        click.echo(f"koppling {__version__}")
        context.exit()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version and leave."
)
def commands() -> None:
    """Run connectors that are written as data: one YAML file per module.

    `koppling COMMAND --help` explains each command.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    0: done. 1: a fault in what was given (a spec, an input, a connection, a module's name). 2: it could not run (usage,
    no answer, the vendor's refusal). 130: interrupted.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # a shell closed it: `koppling list >&-`
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  (open as long as the process)
    terminal.prepare()
    if "_KOPPLING_COMPLETE" in os.environ:  # a shell asks for completions
        commands.main(prog_name="koppling")
    try:
        status = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_stdout()
        return BROKEN_PIPE
    return status


def _run(arguments: list[str]) -> int:
    try:
        with terminal.warnings_said(), commands.make_context("koppling", arguments) as context:
            status: Any = commands.invoke(context)
    except click.exceptions.NoArgsIsHelpError as wanted:
        click.echo(wanted.format_message())
        return 2 if arguments else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, click.Abort, EOFError):
        terminal.say("interrupted", "yellow")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  (nothing leaves as a traceback)
        from koppling_tools import failure

        return failure.show(error)
    return status if isinstance(status, int) else 0


def _give_up_stdout() -> None:
    """Keep Python from complaining, at its exit, that nobody reads what was still to be written."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
    except (OSError, ValueError):
        return


if __name__ == "__main__":
    sys.exit(main())
