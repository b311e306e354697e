"""What `koppling import openapi` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from koppling.catalog import Catalog
from koppling_tools.console import terminal
from koppling_tools.console.mistakes import Misuse
from koppling_tools.examples.placeholders import base_url as base_url_of
from koppling_tools.examples.placeholders import placeholders
from koppling_tools.openapi.document import Api, load
from koppling_tools.scaffold.connector import checked_url
from koppling_tools.scaffold.draft import Draft, Notes
from koppling_tools.scaffold.finish import home, show, with_grammar, write
from koppling_tools.scaffold.names import checked, snake
from koppling_tools.scaffold.new import free_place, known_modules
from koppling_tools.scaffold.trial import tried
from koppling_tools.scaffold.vendor import Place, added, chosen, draft, named


def listed(api: Api, names: Sequence[str]) -> int:
    """Print the operations of a document with the names that their modules would get."""
    found = named(chosen(api, names), frozenset(), Notes())
    width = max(len(name) for name in found)
    for name, one in found.items():
        words = "  deprecated" if one.deprecated else ""
        click.echo(f"{name:{width}}  {one.method:6}  {terminal.clean(one.path)}{words}")
    terminal.say(f"{len(found)} operations; `--operation ID` takes an id, or 'METHOD /path'")
    return 0


def openapi(
    file: Path,
    specs: tuple[Path, ...],
    *,
    operations: Sequence[str],
    name: str | None,
    into: str | None,
    base_url: str | None,
    show_list: bool,
    dry_run: bool,
    as_of: str,
) -> int:
    """Write a connector, or modules of one.

    Returns:
        0; 1 where an operation had to be left out.

    Raises:
        Misuse: the document cannot be read, a name is none or is taken.
    """
    api = load(file)
    if show_list:
        return listed(api, operations)
    wanted = chosen(api, operations)
    folder = home(specs)
    if into is not None:
        if name or base_url:
            raise Misuse("--into adds to a connector that is there, which has its name and its address")
        made = added(api, wanted, _place(api, into, specs), as_of)
        if operations:
            _refuse_taken(made)
    else:
        name = checked(name, "connector") if name else _name_of(api)
        _free(folder, name)
        made = draft(api, wanted, name, checked_url(base_url) if base_url else None, as_of)
    return _finish(made, folder, specs, as_of, dry_run=dry_run)


def _name_of(api: Api) -> str:
    words = [one for one in snake(api.title).strip("_").split("_") if one not in {"api", "rest", "the"}]
    found = "_".join(words)[:40].strip("_")
    if not found or found[0].isdigit():
        raise Misuse(f"{api.path} has no title that would make a name; say --name NAME")
    return found


def _free(folder: Path, name: str) -> None:
    try:
        free_place(folder, name)
    except Misuse:
        if not (folder / name / "connector.yaml").exists():
            raise
        raise Misuse(
            f"there is a connector {name!r} in {folder} already; --into {name} adds to it, --name gives another name"
        ) from None


def _place(api: Api, connector: str, specs: tuple[Path, ...]) -> Place:
    catalog = Catalog(specs)
    taken = frozenset(known_modules(catalog, connector))
    spec = catalog.connector(connector)
    request: Mapping[str, Any] = spec.plan.get("request") or {}
    ours = urlsplit(base_url_of(request, placeholders(spec))).path.rstrip("/")
    theirs = urlsplit(api.server_url).path.rstrip("/")
    if theirs.startswith(ours):
        prefix = theirs[len(ours) :]
    else:
        terminal.warn(
            f"the document's paths are below {theirs or '/'}, the connector's below {ours or '/'}; look at the paths"
        )
        prefix = ""
    from koppling.read import read_document

    shared = read_document(catalog.home(connector) / "connector.yaml").value
    return Place(connector, shared if isinstance(shared, dict) else {}, prefix, taken)


def _refuse_taken(made: Draft) -> None:
    for what, places in made.notes.found.items():
        if what.startswith("a module of this name is there already"):
            name = f"{made.connector}.{places[0]}"
            raise Misuse(
                f"there is a module {name} already; `koppling new module {name} --major` makes its next version"
            )


def _finish(made: Draft, folder: Path, specs: tuple[Path, ...], day: str, *, dry_run: bool) -> int:
    if not made.modules:
        _report(made, {})
        raise Misuse("no operation is left, and nothing was written")
    with terminal.Waiting(f"trying {terminal.counted(len(made.modules), 'module')}"):
        found = tried(made, specs, day)
    kept = [one for one in made.modules if one.name not in found.refused]
    if not kept:
        for name, why in {**made.unread, **found.refused}.items():
            terminal.warn(f"{name} is left out: {why}")
        raise Misuse("no operation is left, and nothing was written")
    files = with_grammar(folder, found.texts)
    if not dry_run:
        write(files)
    where = folder / made.connector
    show(files, f"koppling validate {where}, koppling test {where}, koppling list {made.connector}", dry_run=dry_run)
    _report(made, found.refused)
    written = "; nothing was written (--dry-run)" if dry_run else ""
    terminal.say(f"{terminal.counted(len(kept), 'module')} of {made.connector}{written}")
    return 1 if found.refused or made.unread else 0


def _report(made: Draft, refused: Mapping[str, str]) -> None:
    """Say what the language cannot say, each thing once, with the modules that it was met in."""
    for line in made.notes.lines():
        terminal.say(line, "yellow", label="note: ")
    met: dict[str, list[str]] = {}
    for one in made.modules:
        for what in one.notes.found if one.name not in refused else ():
            met.setdefault(what, []).append(one.name)
    both = Notes(met)
    for line in both.lines():
        terminal.say(line, "yellow", label="note: ")
    for name, why in made.unread.items():
        terminal.warn(f"{name} is left out: {why}")
    for one in made.modules:
        if one.name in refused:
            terminal.warn(f"{one.name} ({one.whence}) is left out: {refused[one.name]}")
