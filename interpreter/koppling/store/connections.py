"""Stored connections: one file of the user's own, and the system's keyring for their secrets where there is one.

The file has mode 0600, is written whole or not at all, and is changed under a lock: what runs at the same time loses
nothing. A file that cannot be read as one of ours is never written over.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from koppling.diagnostics import suggestion
from koppling.errors import ConnectionInvalid
from koppling.store import vault
from koppling.store.folders import config_folder, write_whole
from koppling.store.lock import locked

Home = Literal["keyring", "file"]

_VERSION: Final = 1
_ABOUT: Final = (
    "Connections of `koppling connection add`. Those whose secrets are not in the system's keyring have them here, "
    "readable to whoever reads this file: keep it to yourself, and out of every repository."
)


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One stored connection.

    `fields` may be seen. `secrets` have their values here, or, where `item` says which item of the keyring holds them,
    only their names.
    """

    connector: str
    fields: dict[str, Any]
    secrets: dict[str, Any]
    item: str | None = None
    default: bool = False

    @property
    def home(self) -> Home | None:
        """Where its secrets live; None where it has none."""
        return "keyring" if self.item is not None else "file" if self.secrets else None

    def __repr__(self) -> str:
        return f"Entry({self.connector!r}, {self.home!r})"


def connections_path() -> Path:
    """Return the file of stored connections: connections.json in the folder of configuration.

    Raises:
        ConnectionInvalid: there is no such folder for this user.
    """
    folder = config_folder()
    if folder is None:
        message = "there is no folder for this user's connections; set KOPPLING_CONFIG to one"
        raise ConnectionInvalid("", message)
    return folder / "connections.json"


def entries() -> dict[str, Entry]:
    """Return the stored connections by name.

    Raises:
        ConnectionInvalid: the file is there and cannot be read, or is damaged.
    """
    return _read(connections_path())


def find(name: str) -> Entry:
    """Return a stored connection.

    Raises:
        ConnectionInvalid: there is none of that name.
    """
    return _named(entries(), name)


def _named(known: Mapping[str, Entry], name: str) -> Entry:
    if name not in known:
        said = suggestion(name, known) or "none is stored; `koppling connection add` stores one"
        raise ConnectionInvalid("", f"there is no stored connection {name!r}; {said}")
    return known[name]


def default_name(connector: str) -> str | None:
    """Return the name of the connection that is a connector's default: the one marked so, or the only one there is."""
    known = {name: one for name, one in entries().items() if one.connector == connector}
    marked = [name for name, one in known.items() if one.default]
    return marked[0] if marked else next(iter(known)) if len(known) == 1 else None


def secrets_of(name: str, entry: Entry) -> dict[str, Any]:
    """Return the secrets of a stored connection, from where they live.

    Raises:
        ConnectionInvalid: the keyring does not give them.
    """
    return entry.secrets if entry.item is None else {**entry.secrets, **vault.look_up(entry.item, name)}


def add(
    name: str,
    connector: str,
    fields: Mapping[str, Any],
    secrets: Mapping[str, Any],
    *,
    home: Home | None = None,
    default: bool = False,
    overwrite: bool = False,
) -> Entry:
    """Store a connection.

    Args:
        name: what to call it.
        connector: what it connects to.
        fields: its fields that may be seen.
        secrets: those that may not.
        home: where the secrets go; when not told, into the keyring where that works, else into the file.
        default: make it its connector's default, which the first one is anyway.
        overwrite: take the place of one of that name.

    Raises:
        ConnectionInvalid: the name is taken, the keyring refuses, or the file cannot be read or written.
    """
    item = _kept(dict(secrets), home)
    entry = Entry(connector, dict(fields), dict.fromkeys(secrets) if item else dict(secrets), item)
    try:
        before, entry = _added(name, entry, default=default, overwrite=overwrite)
    except BaseException:
        _let_go(entry)
        raise
    if before is not None:
        _let_go(before)
    return entry


def _added(name: str, entry: Entry, *, default: bool, overwrite: bool) -> tuple[Entry | None, Entry]:
    with _changing() as known:
        if name in known and not overwrite:
            raise ConnectionInvalid(entry.connector, f"there is a connection {name!r} already", "name")
        before = known.pop(name, None)
        first = not any(one.connector == entry.connector for one in known.values())
        known[name] = replace(entry, default=first or (before is not None and before.default))
        if default:
            _mark(known, name)
        return before, known[name]


def _let_go(entry: Entry) -> None:
    if entry.item is not None:
        vault.forget(entry.item)


def remove(name: str) -> None:
    """Forget a stored connection, and its secrets.

    Raises:
        ConnectionInvalid: there is none of that name.
    """
    with _changing() as known:
        gone = _named(known, name)
        del known[name]
    _let_go(gone)


def make_default(name: str) -> None:
    """Make a stored connection its connector's default.

    Raises:
        ConnectionInvalid: there is none of that name.
    """
    with _changing() as known:
        _named(known, name)
        _mark(known, name)


def exposed() -> Path | None:
    """Return the file of connections where others may read secrets in it."""
    path = connections_path()
    if not any(one.home == "file" for one in entries().values()):
        return None
    return path if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRGRP | stat.S_IROTH) else None


def _mark(known: dict[str, Entry], name: str) -> None:
    for other, one in known.items():
        if one.connector == known[name].connector:
            known[other] = replace(one, default=other == name)


def _kept(secrets: dict[str, Any], home: Home | None) -> str | None:
    """Put secrets into the keyring, and return their item; None where they are for the file."""
    if home == "file" or not secrets:
        return None
    if why := vault.missing():
        if home == "keyring":
            raise ConnectionInvalid("", f"the secrets cannot go into a keyring: {why}; `--store file` does without")
        return None
    try:
        return vault.keep(secrets)
    except ConnectionInvalid:
        if home == "keyring":
            raise
        return None


@contextmanager
def _changing() -> Iterator[dict[str, Entry]]:
    """Give the stored connections to be changed; they are written at the end, unless it raises."""
    path = connections_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(path.with_name("connections.lock")):
            known = _read(path)
            yield known
            write_whole(path.resolve(), _text(known), lasting=True)
    except OSError as error:
        message = f"the connections cannot be written: {error.filename or path}: {error.strerror or error}"
        raise ConnectionInvalid("", message) from None


def _text(known: dict[str, Entry]) -> str:
    listed = {}
    for name, one in sorted(known.items()):
        shown = {"connector": one.connector, "default": one.default, "fields": one.fields, "secrets": one.secrets}
        listed[name] = shown if one.item is None else {**shown, "keyring": one.item}
    whole = {"about": _ABOUT, "version": _VERSION, "connections": listed}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> dict[str, Entry]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        message = f"the stored connections cannot be read: {path}: {error.strerror or error}"
        raise ConnectionInvalid("", message) from None
    except (ValueError, RecursionError) as error:
        why = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "it is no UTF-8 JSON"
        raise _damaged(path, why) from None
    if isinstance(found, dict) and isinstance(version := found.get("version"), int) and version > _VERSION:
        raise ConnectionInvalid("", f"{path} was written by a newer version of Koppling; nothing was changed")
    try:
        return {name: _entry(one) for name, one in found["connections"].items()}
    except (KeyError, TypeError, AttributeError):
        raise _damaged(path, "it is no file of connections") from None


def _damaged(path: Path, why: str) -> ConnectionInvalid:
    message = f"the stored connections cannot be read: {path} is damaged: {why}. Mend it or move it away"
    return ConnectionInvalid("", f"{message}; nothing was changed")


def _entry(found: dict[str, Any]) -> Entry:
    """Return an entry as the file has it.

    Raises:
        KeyError, TypeError: it is none.
    """
    connector, fields, secrets = found["connector"], found["fields"], found.get("secrets", {})
    item = found.get("keyring")
    if not (isinstance(connector, str) and isinstance(fields, dict) and isinstance(secrets, dict)):
        raise TypeError
    if not (item is None or isinstance(item, str)):
        raise TypeError
    return Entry(connector, fields, secrets, item, default=found.get("default") is True)
