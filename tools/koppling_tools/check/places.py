"""Where a command looks: at files and folders that are named, at connectors and modules that are, or at --specs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from koppling.builtin import builtin_folder
from koppling.catalog import Catalog
from koppling.diagnostics import suggestion
from koppling_tools.console.mistakes import Misuse


def places(given: Sequence[str], specs: Sequence[Path], lack: str) -> list[Path]:
    """Return the paths to look at.

    Args:
        given: files, folders, or names as `acme` and `acme.get_thing`. A path goes before a name.
        specs: the folders of --specs, which are looked at where nothing is given.
        lack: what is said where there is nothing either. The built-in connectors are never meant unless named: somebody
            whose specs are elsewhere would be told that all is well.

    Raises:
        Misuse: there is no such thing, or nothing at all.
    """
    if not given and not specs:
        known = " or ".join(f"`{one}`" for one in sorted(_built_in()))
        raise Misuse(f"{lack} here: there is no ./spec; name a folder, or {known} for what is built in")
    return [Path(one) if Path(one).exists() else _named(one, specs) for one in given] or list(specs)


def _named(name: str, specs: Sequence[Path]) -> Path:
    catalog = Catalog(list(specs))
    connector, _, module = name.partition(".")
    if connector not in catalog.connectors():
        raise Misuse(f"{name}: there is no such file or folder, and no connector of that name")
    if not module:
        return catalog.home(connector)
    files = {f"{one}@{major}": path for (one, major), (path, _) in sorted(catalog.files(connector).items())}
    newest = {one.partition("@")[0]: path for one, path in files.items()}
    if module not in files and module not in newest:
        raise Misuse(f"{name}: there is no such module; {suggestion(module, {*files, *newest})}")
    return files.get(module) or newest[module]


def _built_in() -> list[str]:
    return [one.name for one in builtin_folder().iterdir() if (one / "connector.yaml").is_file()]
