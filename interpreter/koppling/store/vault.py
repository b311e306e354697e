"""The system's keyring, where there is one: items that each hold the secrets of one connection, as JSON.

The package `keyring` is optional.
"""

from __future__ import annotations

import json
from typing import Any, Final

from koppling.errors import ConnectionInvalid

_SERVICE: Final = "koppling"
_RECOMMENDED: Final = 1  # keyring's own word for a back end that is one; below are plain files, and those that fail


def missing() -> str:
    """Say why no keyring can be used; nothing where one can."""
    try:
        import keyring
    except ImportError:
        return "the package `keyring` is not installed (`pip install 'koppling[keyring]'`)"
    try:
        fit = keyring.get_keyring().priority >= _RECOMMENDED
    except Exception as error:  # noqa: BLE001  (a back end may raise what it likes)
        return f"this system's keyring does not work ({_words(error)})"
    return "" if fit else "this system has no keyring that `keyring` could use"


def keep(item: str, kept: dict[str, Any]) -> None:
    """Write an item, over what was there.

    Raises:
        ConnectionInvalid: the keyring does not take it.
    """
    import keyring

    try:
        keyring.set_password(_SERVICE, item, json.dumps(kept, separators=(",", ":")))
    except Exception as error:  # noqa: BLE001  (a back end may raise what it likes)
        raise _failed("does not take the secrets", error, kept) from None


def look_up(item: str, name: str) -> dict[str, Any] | None:
    """Return what an item holds, None where it is not there; `name` is the connection's.

    Raises:
        ConnectionInvalid: it cannot be read.
    """
    try:
        import keyring

        text = keyring.get_password(_SERVICE, item)
    except ImportError:
        message = f"the secrets of {name!r} are in the system's keyring, and {missing()}"
        raise ConnectionInvalid("", message) from None
    except Exception as error:  # noqa: BLE001  (a back end may raise what it likes)
        raise _failed(f"does not give the secrets of {name!r}", error) from None
    try:
        found = json.loads(text or "")
    except ValueError:
        found = None
    return found if isinstance(found, dict) else None


def forget(item: str) -> None:
    """Delete an item. One that is not there, or cannot be deleted, is no fault: nothing leads to it."""
    from contextlib import suppress

    with suppress(Exception):
        import keyring

        keyring.delete_password(_SERVICE, item)


def _failed(what: str, error: Exception, kept: dict[str, Any] | None = None) -> ConnectionInvalid:
    from koppling.masking import Masker

    said = Masker(str(one) for one in (kept or {}).values()).text(_words(error))
    return ConnectionInvalid("", f"the system's keyring {what}: {said}; `--store file` does without it")


def _words(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
