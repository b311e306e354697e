"""A client's catalog: what it can execute, and the values of dynamic selects, which take a call to know."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from koppling.catalog import Catalog, Specs
from koppling.diagnostics import Problem, suggestion
from koppling.errors import InputInvalid
from koppling.extract import value_of
from koppling.model import FieldSpec, Result
from koppling.validate import choose

if TYPE_CHECKING:
    import asyncio

Inputs = Mapping[str, Any] | None


class _Choices:
    """The `options` of one field: which module lists them, and how they are picked from what it gives."""

    def __init__(self, catalog: Catalog, name: str, field: str, inputs: Inputs, day: str) -> None:
        module = catalog.module(name, day, retired=True)
        fields = choose(module, inputs or {}).fields
        if field not in fields:
            message = f"there is no such field; {suggestion(field, fields)}".rstrip("; ")
            raise InputInvalid(module.full_name, (Problem(f"/{field}", message),))
        spec = fields[field]
        declared = spec.schema.get("options")
        if declared is None:
            having = ", ".join(one for one, spec in fields.items() if "options" in spec.schema) or "none here"
            message = f"this field has no options to list (those that have: {having})"
            raise InputInvalid(module.full_name, (Problem(f"/{field}", message),))
        self.source = declared["module"] if "." in declared["module"] else f"{module.connector}.{declared['module']}"
        self.inputs: Inputs = declared.get("inputs")
        #: For how many seconds an answer is good.
        self.seconds = float(declared.get("cache", 0))
        self._value, self._label, self._where = (
            value_of(declared.get(key, "@")) for key in ("value", "label", "where")
        )
        self._labelled, self._filtered = "label" in declared, "where" in declared
        self._dated, self._day = spec, day

    @property
    def key(self) -> str:
        """What is asked: fields that ask the same share the answer."""
        return json.dumps([self.source, self.inputs], sort_keys=True)

    def pick(self, bundles: Any) -> list[dict[str, Any]]:
        """Return the choices that bundles make."""
        found, titles = [], _titles(self._dated, self._day)
        for bundle in bundles if isinstance(bundles, list) else [bundles]:
            value = self._value(bundle, {})
            title = titles.get(value, "") if isinstance(value, str) else ""
            if value is None or title is None or (self._filtered and not self._where(bundle, {})):
                continue
            if self._dated.closed and value not in titles:
                continue
            label = self._label(bundle, {}) if self._labelled else None
            found.append({"value": value, "label": title or (value if label is None else label)})
        return found


def _titles(spec: FieldSpec, day: str) -> dict[str, str | None]:
    """Return the titles that the spec itself gives to values; None for a value that is retired."""
    said = spec.schema.get("values") or {}
    return {
        value: None if lifecycle.state(day) == "retired" else (said[value] or {}).get("title", "")
        for value, lifecycle in spec.values.items()
    }


class _Answer:
    """What was answered, and when. Whoever asks holds the lock, so that the others wait and ask nothing."""

    __slots__ = ("at", "bundles", "lock")

    def __init__(self, lock: Any) -> None:
        self.lock = lock
        self.at = 0.0
        self.bundles: Any = None

    def good(self, now: float, seconds: float) -> bool:
        """Tell whether it may still be used."""
        return self.bundles is not None and 0 <= now - self.at < seconds

    def keep(self, now: float, bundles: Any) -> Any:
        """Keep and return what was answered."""
        self.at, self.bundles = now, bundles
        return bundles


class ClientCatalog(Catalog):
    """The catalog of a Client. What it is told of options is kept for this client's connection alone."""

    def __init__(
        self,
        specs: Specs,
        execute: Callable[[str, Inputs], Result],
        day: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        super().__init__(specs)  # which may be another client's: its answers are not taken over
        self._execute, self._day, self._now = execute, day, now
        self._answers: dict[str, _Answer] = {}
        self._answers_lock = threading.Lock()

    def options(self, name: str, field: str, inputs: Inputs = None, *, refresh: bool = False) -> list[dict[str, Any]]:
        """Return the choices of a field that has `options`, as {value, label}.

        Args:
            name: the module's name.
            field: the field's.
            inputs: of the module, where it has several operations: at least the one that chooses.
            refresh: ask anew, although the spec's `cache` would allow an older answer.

        Raises:
            InputInvalid: the field has none.
            KopplingError: as executing the module that lists them.
        """
        choices = _Choices(self, name, field, inputs, self._day())
        if not choices.seconds:
            return choices.pick(self._execute(choices.source, choices.inputs).output)
        with self._answers_lock:
            known = self._answers.setdefault(choices.key, _Answer(threading.Lock()))
        with known.lock:
            now = self._now()
            if not refresh and known.good(now, choices.seconds):
                return choices.pick(known.bundles)
            return choices.pick(known.keep(now, self._execute(choices.source, choices.inputs).output))


class AsyncClientCatalog(Catalog):
    """The catalog of an AsyncClient. What it is told of options is kept for this client's connection alone."""

    def __init__(
        self,
        specs: Specs,
        execute: Callable[[str, Inputs], Awaitable[Result]],
        day: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        super().__init__(specs)
        self._execute, self._day, self._now = execute, day, now
        self._answers: dict[str, _Answer] = {}

    async def options(
        self, name: str, field: str, inputs: Inputs = None, *, refresh: bool = False
    ) -> list[dict[str, Any]]:
        """Return the choices of a field that has `options`; see `ClientCatalog.options`."""
        choices = _Choices(self, name, field, inputs, self._day())
        if not choices.seconds:
            return choices.pick((await self._execute(choices.source, choices.inputs)).output)
        if choices.key not in self._answers:
            self._answers[choices.key] = _Answer(_async_lock())
        known = self._answers[choices.key]
        async with known.lock:
            now = self._now()
            if not refresh and known.good(now, choices.seconds):
                return choices.pick(known.bundles)
            return choices.pick(known.keep(now, (await self._execute(choices.source, choices.inputs)).output))


def _async_lock() -> asyncio.Lock:
    import asyncio  # which a program that awaits has imported, and no other needs

    return asyncio.Lock()
