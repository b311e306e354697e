"""Questions to whoever sits at the terminal, where flags were left out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

import click

from koppling_tools.console import terminal
from koppling_tools.console.mistakes import Misuse


def present() -> bool:
    """Tell whether somebody is there to be asked."""
    return terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stderr)


def refuse_without(given: Mapping[str, object]) -> None:
    """Name all flags at once that are needed where nobody is there to be asked.

    Raises:
        Misuse: nobody is there, and one of them was not given.
    """
    lacking = [flag for flag, value in given.items() if not value]
    if lacking and not present():
        raise Misuse(f"say {' and '.join(lacking)}; nobody is there to be asked")


def answer(
    question: str,
    flag: str,
    *,
    default: str | None = None,
    choices: Sequence[str] = (),
    check: Callable[[str], object] | None = None,
) -> str:
    """Return an answer, asked for again until it makes sense.

    Args:
        question: what is asked.
        flag: the flag that would have said it.
        default: taken where nobody is there, or where nothing is typed.
        choices: the answers that there are.
        check: raises what is wrong with one.

    Raises:
        Misuse: nobody is there, and there is no default.
    """
    if not present():
        if default is None:
            raise Misuse(f"say {flag}; nobody is there to be asked")
        return default
    while True:
        kind = click.Choice(choices) if choices else str
        given: str = click.prompt(question, default=default, type=kind, err=True, show_default=bool(default))
        try:
            if check is not None and given:
                check(given)
        except Misuse as error:
            terminal.say(error.message, "red", label="error: ")
            continue
        return given.strip()


def answers(question: str, check: Callable[[str], object]) -> list[str]:
    """Return answers until an empty one; none where nobody is there."""
    found: list[str] = []
    while present() and (given := answer(question, "--field", default="", check=check)):
        found.append(given)
    return found
