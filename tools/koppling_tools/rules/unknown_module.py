"""A module that is named is there.

Modules are named by an example's folder, a dynamic select, the test of a connection, and the end of following.

Wrong:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"], env: ACME_BASE_URL}
      required: [api_key]
      test: {module: get_thinks, inputs: {id: th_1}}

Right:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"], env: ACME_BASE_URL}
      required: [api_key]
      test: {module: get_thing, inputs: {id: th_1}}
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from koppling.diagnostics import Location, Severity, suggestion
from koppling_tools.rules.view import Finding, FolderView

SEVERITY: Severity = "error"


def of_folder(view: FolderView) -> Iterator[Finding]:
    """Find the names of modules that are none."""
    names = {*view.modules, *(one.partition("@")[0] for one in view.modules)}
    for one in view.files:
        if one.kind == "example" and view.connector is not None:
            name, _, major = one.name.rpartition(".v")
            if f"{name}@{major}" not in view.modules:
                yield Finding(
                    None,
                    f"its folder names no module: there is no modules/{one.name}.yaml",
                    help=suggestion(one.name, {known.replace("@", ".v") for known in view.modules}),
                    location=Location(str(Path(one.path))),
                )
        for reference in one.references:
            short = view.short(reference.name)
            if reference.what != "replacement" and short not in names:
                yield Finding(
                    None,
                    f"there is no module {short!r}",
                    help=suggestion(short, names),
                    location=one.at(reference),
                )
