"""Faults as SARIF 2.1.0, which code-scanning services show beside the lines they are about.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from koppling import __version__
from koppling.diagnostics import Diagnostic
from koppling_tools import rules
from koppling_tools.rules.page import address

_LEVELS: Final = {"error": "error", "warning": "warning", "advice": "note"}


def sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the faults, in the order given, as one run of a SARIF log."""
    found = list(diagnostics)
    known = rules.all_rules()
    named = sorted({one.rule for one in found})
    driver = {
        "name": "koppling",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(name, known.get(name)) for name in named],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The folder that koppling was run in."}}},
        "results": [_result(one, named) for one in found],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def _rule(name: str, rule: rules.Rule | None) -> dict[str, Any]:
    title = "".join(word.title() for word in name.split("-"))
    if rule is None:
        return {"id": name, "name": title}
    prose = f"{rule.summary}\n\n{rule.why}".strip()
    examples = f"{prose}\n\nWrong:\n\n```yaml\n{rule.wrong}\n```\n\nRight:\n\n```yaml\n{rule.right}\n```"
    found = {
        "id": name,
        "name": title,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": prose},
        "help": {"text": prose, "markdown": examples},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }
    page = address(name)
    return {**found, "helpUri": page} if page.startswith("http") else found


def _result(one: Diagnostic, named: list[str]) -> dict[str, Any]:
    path = PurePath(one.location.path)
    artifact: dict[str, Any] = {"uri": quote(path.as_posix())}
    if path.is_absolute():
        artifact = {"uri": path.as_uri()}
    else:
        artifact["uriBaseId"] = "ROOT"
    place: dict[str, Any] = {"artifactLocation": artifact}
    if one.location.line:
        place["region"] = {"startLine": one.location.line, "startColumn": max(1, one.location.column)}
    message = one.message[:1].upper() + one.message[1:] + (f". {one.help}" if one.help else "") + "."
    location: dict[str, Any] = {"physicalLocation": place}
    if one.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": one.pointer, "kind": "member"}]
    return {
        "ruleId": one.rule,
        "ruleIndex": named.index(one.rule),
        "level": _LEVELS[one.severity],
        "message": {"text": message.replace("?.", "?").replace("..", ".")},
        "locations": [location],
        "partialFingerprints": {"kopplingPlace/v1": f"{path.as_posix()}{one.pointer}:{one.rule}"},
    }
