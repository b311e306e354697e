"""Changes shown as a diff, and written."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from koppling_tools.console import terminal
from koppling_tools.editing.text import Edit


def finish(edits: Sequence[Edit], notes: Sequence[str], *, dry_run: bool) -> int:
    """Print what changes, write it unless that was not wished, and return the exit status."""
    for edit in edits:
        show(edit.diff)
        if not dry_run:
            edit.save()
    for note in notes:
        terminal.say(note)
    terminal.say("nothing was written (--dry-run)" if dry_run else "next: koppling validate, koppling test")
    return 0


def show(diff: str) -> None:
    """Print a diff, coloured where a person looks."""
    colour = terminal.wants_colour(sys.stdout)
    for line in diff.splitlines():
        kind = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1]) if not line.startswith(("+++", "---")) else None
        click.echo(click.style(line, fg=kind, bold=kind is None) if colour else line)
