"""A pattern says where it begins and ends.

JSON Schema looks for a pattern anywhere in a text: `th_[0-9]+` takes `../th_1`, too. A pattern that is meant for a part
of the text says so: `.*` at its end, or a comment.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, pattern: "th_[0-9]+"}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, pattern: "^th_[0-9]+$"}
"""

from __future__ import annotations

from collections.abc import Iterator

from koppling.diagnostics import Severity
from koppling.read import Document
from koppling_tools.rules.view import Finding, schemas

SEVERITY: Severity = "advice"


def of_document(document: Document) -> Iterator[Finding]:
    """Find the patterns that have neither a beginning nor an end."""
    for at, schema in schemas(document.value):
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and "^" not in pattern and "$" not in pattern and not pattern.endswith(".*"):
            told = "a text that holds this anywhere is taken"
            yield Finding(document, told, (*at, "pattern"), f"write ^{pattern}$, if the whole text is meant")
