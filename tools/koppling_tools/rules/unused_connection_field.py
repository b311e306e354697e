"""A field of the connection is used: by `auth`, or in some request.

People are asked for it, and wonder what for.

Wrong:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"]}
        tenant: {type: string, title: Tenant}

Right:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"]}
        tenant: {type: string, title: Tenant}
    request: {base_url: "${connection.base_url}", headers: {X-Tenant: "${connection.tenant}"}}
"""

from __future__ import annotations

from collections.abc import Iterator

from koppling.diagnostics import Location, Severity
from koppling_tools.rules.view import Finding, FolderView

SEVERITY: Severity = "warning"


def of_folder(view: FolderView) -> Iterator[Finding]:
    """Find the fields that no file of the connector uses; nothing where only some files were looked at."""
    if not view.complete or view.connector is None:
        return
    used = {name for one in view.files for name in one.connection}
    if "*" in used:
        return
    for one in view.files:
        for name, line, column in one.fields:
            if name not in used:
                message = f"no request and no `auth` uses the field `{name}` of the connection"
                place = Location(one.path, line, column)
                yield Finding(None, message, ("connection", "fields", name), "remove it, or send it", location=place)
