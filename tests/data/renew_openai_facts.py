"""Remakes openai_facts.json from the vendor's OpenAPI documents: which operations there are, what each property may be.

    python tests/data/renew_openai_facts.py FOLDER

FOLDER holds `current.yaml`, `seed-era.yaml` and `legacy.yaml`: the vendor's documents (github.com/openai/openai-openapi, MIT) of
today, of 2023-12-22, and of the last day with /edits and /fine-tunes. Only facts are kept, no prose: names, types, bounds, closed lists
of values. Lists of model names are left open, as the vendor means them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

TARGET = Path(__file__).parent / "openai_facts.json"
DOCUMENTS = ("current", "seed-era", "legacy")
KEPT = {
    "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems",
    "maxItems", "minProperties", "maxProperties", "required", "format",
}  # fmt: skip
DEEPEST = 7


class Facts:
    """The operations of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def operations(self) -> dict[str, Any]:
        """Return the facts of every operation, by method and path."""
        return {
            f"{method.upper()} {path}": self._operation(item, operation)
            for path, item in self._document["paths"].items()
            for method, operation in item.items()
            if method in {"get", "post", "put", "patch", "delete"}
        }

    def _operation(self, item: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
        parameters = [self._resolved(one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        query = {one["name"]: self._schema(one["schema"], 0) for one in parameters if one["in"] == "query"}
        content = self._resolved(operation.get("requestBody", {})).get("content", {})
        bodies = {kind: self._schema(one["schema"], 0) for kind, one in content.items()}
        return {"query": query, "bodies": bodies}

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self._document
            for key in node["$ref"].removeprefix("#/").split("/"):
                found = found[key.replace("~1", "/").replace("~0", "~")]
            node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def _schema(self, node: Any, depth: int) -> Any:
        if not isinstance(node, dict):
            return node
        if depth > DEEPEST:
            return {}
        node = self._resolved(node)
        found = {key: value for key, value in node.items() if key in KEPT and not isinstance(value, bool)}
        if node.get("format") != "binary":
            found.pop("format", None)
        if "properties" in node:
            found["properties"] = {name: self._schema(one, depth + 1) for name, one in node["properties"].items()}
        for key in ("items", "additionalProperties", "not"):
            if key in node:
                found[key] = self._schema(node[key], depth + 1)
        for key in ("anyOf", "oneOf", "allOf"):
            if key in node:
                found["anyOf" if key == "oneOf" else key] = self._open(
                    [self._schema(one, depth + 1) for one in node[key]]
                )
        if node.get("nullable") is True:
            found = {"anyOf": [found, {"type": "null"}]}
        return found

    @staticmethod
    def _open(alternatives: list[Any]) -> list[Any]:
        """Leave out a closed list of texts beside an open one: it is a list of suggestions."""
        if any(one == {"type": "string"} for one in alternatives):
            return [one for one in alternatives if not ("enum" in one and one.get("type", "string") == "string")]
        return alternatives


def facts(folder: Path) -> dict[str, Any]:
    """Return the table."""
    yaml = YAML(typ="safe", pure=False)
    return {name: Facts(yaml.load(folder / f"{name}.yaml")).operations() for name in DOCUMENTS}


if __name__ == "__main__":
    TARGET.write_text(
        json.dumps(facts(Path(sys.argv[1])), sort_keys=True, separators=(",", ":")).replace('},"', '},\n"') + "\n"
    )
