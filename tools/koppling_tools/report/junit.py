"""JUnit's XML, which CI servers show as tests.

Of a check it is a test a file, a failure where the file has errors; of examples a test an example. There is no
standard; this keeps to the strictest of what readers take, which knows no `file` of a test:
https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from koppling.diagnostics import Diagnostic

# What XML 1.0 cannot hold at all: https://www.w3.org/TR/xml/#charsets
_UNPRINTABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a test failed: one line, the name of what it broke, and all there is to say."""

    message: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """One test. `group` is what readers show it under; `said` is what it said though it passed."""

    name: str
    group: str
    failure: Failure | None = None
    said: str = ""


def junit(diagnostics: Iterable[Diagnostic], files: Sequence[str], suite: str = "koppling validate") -> str:
    """Return one test suite with a test for each file that was looked at; only errors are failures."""
    by_file: dict[str, list[Diagnostic]] = {path: [] for path in files}
    for one in diagnostics:
        by_file.setdefault(one.location.path, []).append(one)
    return document(suite, list(_files(by_file, suite.replace(" ", "."))))


def document(suite: str, cases: Sequence[Case]) -> str:
    """Return one test suite as XML."""
    failed = sum(one.failure is not None for one in cases)
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0"}
    top = Element("testsuites", counts)
    within = SubElement(top, "testsuite", {"name": suite, **counts, "skipped": "0"})
    for one in cases:
        case = SubElement(within, "testcase", {"name": _clean(one.name), "classname": _clean(one.group)})
        if one.failure is not None:
            told = {"message": _clean(one.failure.message), "type": one.failure.kind}
            SubElement(case, "failure", told).text = _clean(one.failure.text)
        if one.said:
            SubElement(case, "system-out").text = _clean(one.said)
    indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(top, encoding="unicode")


def _files(by_file: dict[str, list[Diagnostic]], group: str) -> Iterator[Case]:
    for path, found in sorted(by_file.items()):
        errors = [one for one in found if one.severity == "error"]
        rest = "\n".join(str(one) for one in found if one.severity != "error")
        failure = None
        if errors:
            message = errors[0].message if len(errors) == 1 else f"{len(errors)} errors"
            failure = Failure(message, errors[0].rule, "\n".join(str(one) for one in errors))
        yield Case(path, group, failure, rest)


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)
