"""Two fields of a connection are not supplied by one variable.

Both would get the same value, and one of them the wrong one.

Wrong:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"], env: ACME_API_KEY}
      required: [api_key]

Right:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"], env: ACME_BASE_URL}
      required: [api_key]
"""

from __future__ import annotations

from collections.abc import Iterator

from koppling.diagnostics import Severity
from koppling.read import Document
from koppling_tools.rules.view import Finding

SEVERITY: Severity = "warning"


def of_document(document: Document) -> Iterator[Finding]:
    """Find the variables that supply a second field."""
    connection = document.value.get("connection") if isinstance(document.value, dict) else None
    fields = connection.get("fields") if isinstance(connection, dict) else None
    seen: dict[str, str] = {}
    for name, field in (fields if isinstance(fields, dict) else {}).items():
        variable = field.get("env") if isinstance(field, dict) else None
        if isinstance(variable, str) and seen.setdefault(variable, name) != name:
            told = f"{variable} supplies `{seen[variable]}` already"
            prefix = variable.partition("_")[0]
            place = ("connection", "fields", name, "env")
            yield Finding(document, told, place, f"name another: {prefix}_{name.upper()}")
