"""Faults as JUnit's XML, which CI servers show as tests: a test a file, a failure where it has faults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from koppling.diagnostics import Diagnostic

# What XML 1.0 cannot hold at all: https://www.w3.org/TR/xml/#charsets
_UNPRINTABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(diagnostics: Iterable[Diagnostic], files: Sequence[str]) -> str:
    """Return one test suite with a test for each file that was looked at; only errors are failures."""
    by_file: dict[str, list[Diagnostic]] = {path: [] for path in files}
    for one in diagnostics:
        by_file.setdefault(one.location.path, []).append(one)
    failed = sum(any(one.severity == "error" for one in found) for found in by_file.values())
    counts = {"tests": str(len(by_file)), "failures": str(failed), "errors": "0"}
    top = Element("testsuites", counts)
    suite = SubElement(top, "testsuite", {"name": "koppling validate", **counts, "skipped": "0"})
    for path, found in sorted(by_file.items()):
        case = SubElement(
            suite, "testcase", {"name": _clean(path), "classname": "koppling.validate", "file": _clean(path)}
        )
        errors = [one for one in found if one.severity == "error"]
        rest = [one for one in found if one.severity != "error"]
        if errors:
            message = errors[0].message if len(errors) == 1 else f"{len(errors)} errors"
            SubElement(case, "failure", {"message": _clean(message), "type": errors[0].rule}).text = _text(errors)
        if rest:
            SubElement(case, "system-out").text = _text(rest)
    indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(top, encoding="unicode")


def _text(found: Iterable[Diagnostic]) -> str:
    return _clean("\n".join(str(one) for one in found))


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)
