"""`koppling fmt`: the form of spec files."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.options import specs_option


@click.command("fmt")
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a file is not in its form.")
@click.option("--diff", is_flag=True, help="Show what changes.")
@specs_option
def command(paths: tuple[str, ...], check: bool, diff: bool, specs: tuple[Path, ...]) -> int:
    """Put spec files into their form: what they say, their comments and their quotes stay.

    The first line names the grammar, what tells who a connector or a module is stands at its top, lines end with one
    newline and no blanks, and there is never more than one blank line. The exit status is 2 where a file cannot be
    read; it stays as it is.
    """
    from koppling.read import read_document
    from koppling_tools import report
    from koppling_tools.check.files import find, unreadable
    from koppling_tools.console import terminal
    from koppling_tools.editing.form import formed
    from koppling_tools.editing.show import show
    from koppling_tools.failure import COULD_NOT

    if not paths and not specs:
        raise Misuse("nothing to look at: name a folder or a file (there is no ./spec here)")
    changed = 0
    found = [one for path in ([Path(one) for one in paths] or list(specs)) for one in find(path) if one.kind != "stray"]
    faults = []
    for one in found:
        if why := unreadable(read_document(one.path)):
            faults += why
            continue
        before, after = formed(one)
        if before == after:
            continue
        changed += 1
        click.echo(str(one.path))
        if diff:
            lines, wanted = before.splitlines(keepends=True), after.splitlines(keepends=True)
            show("".join(difflib.unified_diff(lines, wanted, str(one.path), str(one.path), n=1)))
        if not check:
            one.path.write_bytes(after.encode("utf-8", errors="surrogateescape"))
    for line in report.text(faults, colour=terminal.wants_colour(sys.stderr)):
        terminal.say(line)
    said = f"{terminal.counted(len(found), 'file')}, {changed} {'to be formed' if check else 'formed'}"
    terminal.say(said + (f", {len({one.location.path for one in faults})} that cannot be read" if faults else ""))
    return COULD_NOT if faults else 1 if check and changed else 0
