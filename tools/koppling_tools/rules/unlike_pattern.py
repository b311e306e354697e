r"""A pattern means the same to every engine.

Inputs are checked here by one engine, on the page of a form by a browser's, by the vendor by a third. `\d`, `\w`, `\s`
and `\b` are ASCII to some and Unicode to others; named groups, flags inside a pattern, `\A`, `\Z`, `\p{…}` and
possessive repetitions are errors to some.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, pattern: '^th_\d+$'}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, pattern: '^th_[0-9]+$'}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from koppling.diagnostics import Severity
from koppling.read import Document
from koppling_tools.rules.view import Finding, schemas

SEVERITY: Severity = "warning"

_UNLIKE: Final = (
    (r"\\d", "write [0-9]"),
    (r"\\D", "write [^0-9]"),
    (r"\\w", "write [A-Za-z0-9_]"),
    (r"\\W", "write [^A-Za-z0-9_]"),
    (r"\\s", "write the blanks that are meant: [ \\t\\r\\n]"),
    (r"\\S", "write [^ \\t\\r\\n]"),
    (r"\\[bB]", "write what stands on either side"),
    (r"\\[AZz]", "write ^ and $"),
    (r"\\[pP]\{", "write the sets that are meant, as [A-Za-z]"),
    (r"\(\?P?<[A-Za-z]", "write a group without a name: (…)"),
    (r"\(\?[aimsux-]+[):]", "write both letters, as [Aa]"),
    (r"(?:[+*?]|\})\+", "write the repetition without the +"),
)
_ESCAPED: Final = re.compile(r"\\\\")


def of_document(document: Document) -> Iterator[Finding]:
    """Find the parts of patterns that engines read differently."""
    for at, schema in schemas(document.value):
        pattern = schema.get("pattern")
        if not isinstance(pattern, str):
            continue
        bare = _ESCAPED.sub("\0\0", pattern)
        for form, help_text in _UNLIKE:
            found = re.search(form, bare)
            if found is not None:
                told = f"engines of regular expressions read `{found[0]}` differently, or not at all"
                yield Finding(document, told, (*at, "pattern"), help_text)
                break
