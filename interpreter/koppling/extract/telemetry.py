"""What the conventions for generative AI ask of a call, as a spec says where to find it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from koppling.expression import Roots
from koppling.extract.values import text_of, value_of


class TelemetryNames:
    """The `telemetry` of an operation."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.provider: str | None = plan.get("provider")
        self.operation: str | None = plan.get("operation")
        self._asked = text_of(plan["request_model"]) if "request_model" in plan else None
        self._told = {key: value_of(plan[f"response_{key}"]) for key in ("model", "id") if f"response_{key}" in plan}

    def asked(self, inputs: Mapping[str, Any]) -> str | None:
        """Return the model that is asked for."""
        found = self._asked(None, {"input": inputs}) if self._asked else None
        return found if isinstance(found, str) else None

    def told(self, body: Any, roots: Roots) -> dict[str, str]:
        """Return `model` and `id` of an answer, those of them that it tells."""
        found = {key: find(body, roots) for key, find in self._told.items()}
        return {key: one for key, one in found.items() if isinstance(one, str)}
