"""Every operation of every connector of this repository: the built-in ones, and those that tests bring along."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings

import koppling
from koppling.catalog import Catalog
from koppling.model import ConnectorSpec
from koppling_tools.examples.placeholders import base_url, connected, placeholders

REPOSITORY = Path(__file__).parents[2]
ROOTS = [REPOSITORY / "spec", *sorted((REPOSITORY / "tests").glob("**/spec"))]
TODAY = "2026-11-23"

# What a connection's secrets are here: of the characters that each writing of a text writes in its own way.
CANARY = 'canary/5e7f"k+y=~'

# The same examples each time; KOPPLING_EXAMPLES=1000 tries so many others of each property instead.
_MORE = os.environ.get("KOPPLING_EXAMPLES")


def often(times: int) -> settings:
    """Return how often a property is tried."""
    return settings(
        max_examples=int(_MORE) if _MORE else times,
        derandomize=not _MORE,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation, a connection to call it with, and a day on which it lives."""

    root: Path
    module: str
    name: str | None
    day: str
    plan: dict[str, Any]
    select: dict[str, Any] | None
    connector: ConnectorSpec

    def __str__(self) -> str:
        place = self.root.relative_to(REPOSITORY).parent.name
        return "-".join(filter(None, (place, self.module, self.name)))

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # how hypothesis shows it
        printer.text(str(self))

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The fields of the connection; what is secret in it holds the canary."""
        found = placeholders(self.connector)
        return {name: self._made_up(self.connector.fields[name].schema, name, value) for name, value in found.items()}

    @staticmethod
    def _made_up(schema: dict[str, Any], name: str, value: Any) -> Any:
        if schema.get("secret"):
            return f"{CANARY}{name}"
        if schema.get("format") == "uri":
            return value if str(value).startswith("http") else f"https://{name}.example/v1"
        if "enum" in schema:
            return schema["enum"][0]
        return 1 if schema.get("type") == "integer" and not isinstance(value, int) else value

    @property
    def secrets(self) -> list[str]:
        """The secrets of the connection."""
        return [value for value in self.fields.values() if str(value).startswith(CANARY)]

    @property
    def addresses(self) -> set[str]:
        """The fields of the connection that are addresses."""
        return {name for name, one in self.connector.fields.items() if one.schema.get("format") == "uri"}

    @cached_property
    def base(self) -> str:
        """The address that the connection says requests go to."""
        return base_url(self.plan["request"], self.fields).rstrip("/")

    @cached_property
    def chosen(self) -> dict[str, str]:
        """The input that chooses this operation."""
        return {self.select["field"]: self.name} if self.select and self.name else {}

    @cached_property
    def streamed(self) -> dict[str, Any]:
        """The inputs that streaming sets."""
        return next((case["stream"].get("set", {}) for case in self.plan["response"] if "stream" in case), {})

    def client(self, transport: Any = None, kind: Any = koppling.Client, at: str = "", **options: Any) -> Any:
        """Return a client of this operation's connection, on its day; `at` takes the place of each address in it."""
        fields = {name: at if at and name in self.addresses else one for name, one in self.fields.items()}
        return kind(connected(self.connector, fields), _catalog(self.root), transport, as_of=self.day, **options)

    @property
    def request_id(self) -> str:
        """The header with the vendor's name for a call."""
        return self.connector.plan["request_id"] or "x-request-id"

    @cached_property
    def told_of_limits(self) -> list[str]:
        """The headers in which answers tell of rate limits."""
        told = [one for limit in self.plan["limits"].values() for one in limit.get("learn", {}).values()]
        return sorted({one if isinstance(one, str) else one["header"] for one in told if not isinstance(one, bool)})

    @cached_property
    def secret_inputs(self) -> dict[str, Any]:
        """Secrets for those of its inputs that are declared as such."""
        kinds = {name: one.get("type") for name, one in self.plan["fields"].items() if one.get("secret")}
        made = {"string": lambda name: f"{CANARY}{name}", "object": lambda name: {"a": [f"{CANARY}{name}"]}}
        return {name: made[kind](name) for name, kind in kinds.items() if kind in made and name not in self.dead}

    @property
    def dead(self) -> set[str]:
        """The fields that are retired on its day."""
        return {
            name
            for name, one in self.plan["fields"].items()
            if (one.get("lifecycle") or {}).get("retired", "9") <= self.day
        }

    @property
    def gone(self) -> dict[str, set[str]]:
        """The values of closed lists that are retired on its day, by field."""
        dated = {
            name: one["values"] for name, one in self.plan["fields"].items() if "values" in one and "type" not in one
        }
        return {
            name: {value for value, one in values.items() if (one or {}).get("retired", "9") <= self.day}
            for name, values in dated.items()
        }

    @cached_property
    def words(self) -> list[str]:
        """The names that its spec reads in answers, and a few that are everywhere."""
        import re

        told = json.dumps([self.plan["response"], self.plan["errors"], self.connector.plan["error_body"]])
        return sorted({*re.findall(r"[A-Za-z_][\w-]*", told)} - _LANGUAGE | {"id", "data", "error", "message"})


_LANGUAGE = {"response", "output", "format", "items", "pages", "errors", "status", "kind", "when", "input", "headers"}
_CATALOGS: dict[Path, Catalog] = {}


def _catalog(root: Path) -> Catalog:
    return _CATALOGS.setdefault(root, Catalog([root]))


def _living(*lifecycles: Any) -> str:
    """Return today, or the day before the first of these ended."""
    ends = [one.retired for one in lifecycles if one.retired and one.retired <= TODAY]
    return (date.fromisoformat(min(ends)) - timedelta(days=1)).isoformat() if ends else TODAY


def operations() -> list[Operation]:
    """Return all operations of all connectors."""
    found = []
    for root in ROOTS:
        catalog = _catalog(root)
        for home in sorted(one.parent for one in root.glob("*/connector.yaml")):
            connector = catalog.connector(home.name)
            for entry in catalog.entries(home.name):
                module = catalog.module(entry.full_name, TODAY, retired=True)
                found += [
                    Operation(
                        root,
                        module.full_name,
                        name,
                        _living(module.lifecycle, one.lifecycle),
                        one.plan,
                        module.select,
                        connector,
                    )
                    for name, one in module.operations.items()
                ]
        assert not catalog.broken
    return found


OPERATIONS = operations()
