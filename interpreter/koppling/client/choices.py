"""A client's catalog: what it can execute, and the values of dynamic selects, which take a call to know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from koppling.catalog import Catalog, Specs
from koppling.errors import InputInvalid, Problem
from koppling.extract import value_of
from koppling.model import Result
from koppling.validate import choose

Inputs = Mapping[str, Any] | None


class _Choices:
    """The `options` of one field: which module lists them, and how they are picked from what it gives."""

    def __init__(self, catalog: Catalog, name: str, field: str, inputs: Inputs, day: str) -> None:
        module = catalog.module(name, day, retired=True)
        spec = choose(module, inputs or {}).fields.get(field)
        declared = spec.schema.get("options") if spec else None
        if declared is None:
            raise InputInvalid(module.full_name, (Problem(f"/{field}", "this field has no options to list"),))
        self.source = declared["module"] if "." in declared["module"] else f"{module.connector}.{declared['module']}"
        self.inputs: Inputs = declared.get("inputs")
        self._value, self._label = (value_of(declared.get(key, "@")) for key in ("value", "label"))
        self._labelled = "label" in declared

    def pick(self, result: Result) -> list[dict[str, Any]]:
        found = []
        for bundle in result.output:
            value = self._value(bundle, {})
            if value is not None:
                found.append({"value": value, "label": self._label(bundle, {}) if self._labelled else value})
        return found


class ClientCatalog(Catalog):
    """The catalog of a Client."""

    def __init__(self, specs: Specs, execute: Callable[[str, Inputs], Result], day: Callable[[], str]) -> None:
        super().__init__(specs)
        self._execute, self._day = execute, day

    def options(self, name: str, field: str, inputs: Inputs = None) -> list[dict[str, Any]]:
        """Return the choices of a field that has `options`, as {value, label}.

        Args:
            name: the module's name.
            field: the field's.
            inputs: of the module, where it has several operations: at least the one that chooses.

        Raises:
            InputInvalid: the field has none.
            KopplingError: as executing the module that lists them.
        """
        choices = _Choices(self, name, field, inputs, self._day())
        return choices.pick(self._execute(choices.source, choices.inputs))


class AsyncClientCatalog(Catalog):
    """The catalog of an AsyncClient."""

    def __init__(
        self, specs: Specs, execute: Callable[[str, Inputs], Awaitable[Result]], day: Callable[[], str]
    ) -> None:
        super().__init__(specs)
        self._execute, self._day = execute, day

    async def options(self, name: str, field: str, inputs: Inputs = None) -> list[dict[str, Any]]:
        """Return the choices of a field that has `options`; see `ClientCatalog.options`."""
        choices = _Choices(self, name, field, inputs, self._day())
        return choices.pick(await self._execute(choices.source, choices.inputs))
