"""What `koppling new` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from koppling.catalog import Catalog
from koppling_tools.console import terminal
from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.options import today
from koppling_tools.editing import version
from koppling_tools.editing.target import module_file
from koppling_tools.scaffold import asking
from koppling_tools.scaffold.connector import KINDS, Address, checked_url, connector_tree, credential, free_call
from koppling_tools.scaffold.draft import Draft
from koppling_tools.scaffold.finish import home, show, with_grammar, write
from koppling_tools.scaffold.module import METHODS, Wanted, module_of, read_field, read_path
from koppling_tools.scaffold.names import checked, snake, title_of
from koppling_tools.scaffold.trial import tried


def connector(
    name: str,
    specs: tuple[Path, ...],
    *,
    title: str | None,
    base_url: str | None,
    auth: str | None,
    header: str | None,
    dry_run: bool,
) -> int:
    """Write a connector.

    Raises:
        Misuse: the name is none or is taken, or something is missing and nobody is there.
    """
    checked(name, "connector")
    folder = home(specs)
    free_place(folder, name)
    if base_url:
        checked_url(base_url)
    asking.refuse_without({"--base-url": base_url, f"--auth ({', '.join(KINDS)})": auth or header})
    title = title or asking.answer("Title", "--title", default=title_of(name))
    base_url = base_url or asking.answer("Base URL", "--base-url", check=checked_url)
    url = checked_url(base_url)
    auth = auth or ("api-key" if header else asking.answer("Credential", "--auth", choices=KINDS))
    if header and auth != "api-key":
        raise Misuse("--header goes with --auth api-key")
    if auth == "api-key" and header is None:
        header = asking.answer("Header of the key", "--header", default="X-API-Key")
    tree = connector_tree(name, title, Address(url), credential(auth, name, header))
    draft = Draft(name, tree, [free_call()])
    save(draft, folder, specs, f"koppling new module {name}.get_thing --path '/things/{{id}}'", dry_run=dry_run)
    return 0


def free_place(folder: Path, name: str) -> None:
    """Refuse a connector that is there.

    Raises:
        Misuse: it is, or one that differs in case alone.
    """
    there = folder / name / "connector.yaml"
    if there.exists():
        raise Misuse(f"{there} is there already; `koppling new module {name}.NAME` adds to it")
    near = [one.parent.name for one in folder.glob("*/connector.yaml") if snake(one.parent.name) == snake(name)]
    if near:
        raise Misuse(f"there is a connector {near[0]!r} in {folder}; {name!r} would be mistaken for it")


def module(
    target: str,
    specs: tuple[Path, ...],
    *,
    title: str | None,
    method: str | None,
    path: str | None,
    kind: str | None,
    items: str | None,
    fields: Sequence[str],
    major: bool,
    dry_run: bool,
) -> int:
    """Write a module, or its next major version.

    Raises:
        Misuse: there is no such connector, the module is there already, or a flag makes no sense.
    """
    owner, dot, name = target.partition(".")
    if not dot or not name:
        raise Misuse(f"{target!r} names no module; write CONNECTOR.NAME, as {owner or 'acme'}.get_thing")
    catalog = Catalog(specs)
    if major:
        given = {
            "--title": title,
            "--method": method,
            "--path": path,
            "--kind": kind,
            "--items": items,
            "--field": fields,
        }
        _refuse_with_major([flag for flag, value in given.items() if value])
        return _next_major(owner, name, catalog, dry_run=dry_run)
    name, _, number = name.partition("@")
    checked(name, "module")
    known = known_modules(catalog, owner)
    if name in known:
        raise Misuse(
            f"there is a module {owner}.{name} already, {known[name]}; --major makes its next major version, "
            "`koppling bump` raises the others"
        )
    if number not in {"", "1"}:
        raise Misuse(f"there is no {owner}.{name} yet, and its first version is 1; leave @{number} out")
    near = next((one for one in known if snake(one) == snake(name)), None)
    if near:
        raise Misuse(f"there is a module {owner}.{near}; {name!r} would be mistaken for it")
    if items and kind is None:
        kind = "search"
    title = title or asking.answer("Title", "--title", default=title_of(name))
    method = (method or asking.answer("Method", "--method", default="GET", choices=METHODS)).upper()
    path = path or asking.answer("Path", "--path", default=f"/{name}", check=read_path)
    kind = kind or asking.answer("Kind", "--kind", default="action", choices=("action", "search"))
    if items and kind != "search":
        raise Misuse("--items goes with --kind search")
    fields = fields or asking.answers("Field (NAME:TYPE, ! where it is required; nothing to end)", read_field)
    made = module_of(Wanted(name, title, method, path, kind, fields, items or "data"))
    folder = home(specs)
    call = " ".join([f"{owner}.{name}", *(f"{key}=…" for key in made.cases["smallest"].inputs)])
    following = f"koppling validate {folder / owner}, koppling test {folder / owner}, koppling run {call} --dry-run"
    save(Draft(owner, None, [made]), folder, specs, following, dry_run=dry_run)
    return 0


def known_modules(catalog: Catalog, connector: str) -> dict[str, Path]:
    """Return the files of a connector's modules by name, the newest of each.

    Raises:
        Misuse: there is no such connector.
    """
    from koppling.errors import UnknownModule

    try:
        files = catalog.files(connector)
    except UnknownModule as error:
        raise Misuse(f"{error}; `koppling new connector {connector}` writes a new one") from None
    return {name: path for (name, _), (path, _) in files.items()}


def _refuse_with_major(given: Sequence[str]) -> None:
    if given:
        raise Misuse(
            f"--major copies the newest version as it is; change the copy, and leave {' and '.join(given)} out"
        )


def _next_major(owner: str, name: str, catalog: Catalog, *, dry_run: bool) -> int:
    edit, new, cases = version.new_major(module_file(catalog, owner, name))
    files = {new: edit.text, **{target: source.read_text(encoding="utf-8") for source, target in cases}}
    if not dry_run:
        write(files)
    old = f"{owner}.{edit.get(('name',))}@{int(str(edit.get(('version',))).partition('.')[0]) - 1}"
    following = f"change {new}, then: koppling deprecate {old} --on DATE --replaced-by {new.stem.replace('.v', '@')}"
    show(files, following, dry_run=dry_run)
    return 0


def save(draft: Draft, folder: Path, specs: tuple[Path, ...], following: str, *, dry_run: bool) -> None:
    """Try specs to be, and write them.

    Raises:
        Misuse: they do not hold, or a file is there already.
    """
    found = tried(draft, specs, today())
    for name, why in found.refused.items():
        raise Misuse(f"the module {name} would not hold: {why}")
    files = with_grammar(folder, found.texts)
    if not dry_run:
        write(files)
    show(files, following, dry_run=dry_run)
    if dry_run:
        terminal.say("nothing was written (--dry-run)")
