"""`koppling bump`: the next version of a module or a connector."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from koppling_tools.console.options import specs_option


@click.command("bump")
@click.argument("target")
@click.argument("part", type=click.Choice(["major", "minor", "patch"]), default="patch")
@click.option("--dry-run", is_flag=True, help="Show the changes, and write nothing.")
@specs_option
def command(target: str, part: Literal["major", "minor", "patch"], dry_run: bool, specs: tuple[Path, ...]) -> int:
    """Raise the version of a module (CONNECTOR.MODULE[@MAJOR]) or of a connector (CONNECTOR).

    PART is patch (words), minor (what callers may ignore) or major (what breaks them). The major version of a module
    goes into a file of its own beside the old one, with a copy of its examples.
    """
    from koppling.catalog import Catalog
    from koppling.errors import UnknownModule
    from koppling_tools.console import terminal
    from koppling_tools.console.mistakes import Misuse
    from koppling_tools.editing import version
    from koppling_tools.editing.show import finish, show
    from koppling_tools.editing.target import module_file

    catalog = Catalog(specs)
    connector, _, module = target.partition(".")
    if not module:
        try:
            path = catalog.home(connector) / "connector.yaml"
        except UnknownModule as error:
            raise Misuse(str(error)) from None
        return finish([version.raise_version(path, part)], [], dry_run=dry_run)
    path = module_file(catalog, connector, module)
    if part != "major":
        return finish([version.raise_version(path, part)], [], dry_run=dry_run)
    edit, new, cases = version.new_major(path)
    show(edit.diff.replace(f"+++ {path}", f"+++ {new}"))
    if dry_run:
        terminal.say("nothing was written (--dry-run)")
        return 0
    edit.save(new)
    version.copy_examples(cases)
    terminal.say(f"{new} is a copy of {path}, with {len(cases)} examples; make it different now")
    old = f"{connector}.{edit.get(('name',))}@{int(edit.get(('version',)).split('.')[0]) - 1}"
    terminal.say(f"then: koppling deprecate {old} --on DATE --replaced-by {new.stem.replace('.v', '@')}")
    return 0
