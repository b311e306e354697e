"""The rules of specs, one file each.

A rule's file is named after it: `path_optional.py` is `path-optional`. Its docstring is its documentation: a sentence,
why, and two examples, `Wrong` and `Right`, which are tests. `SEVERITY` says how grave it is. What it looks at is told
by the functions it has:

- `of_document(document)`: any file that is a spec;
- `of_module(view)`: a module with its connector and its examples;
- `of_folder(view)`: all modules of a connector together.

A rule that has none of these is found by the interpreter itself: what it names cannot run.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from koppling.diagnostics import Severity
from koppling.read import Document
from koppling_tools.rules.view import Finding, FolderView, ModuleView

_NOT_RULES: Final = {"__init__", "inference", "view", "page"}

OfDocument = Callable[[Document], Iterator[Finding]]
OfModule = Callable[[ModuleView], Iterator[Finding]]
OfFolder = Callable[[FolderView], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `wrong` and `right` are specs that break it and keep to it."""

    name: str
    severity: Severity
    summary: str
    why: str
    wrong: str
    right: str
    of_document: OfDocument | None
    of_module: OfModule | None
    of_folder: OfFolder | None

    @property
    def found_by(self) -> Literal["interpreter", "workbench"]:
        """Who looks for it. What the interpreter finds keeps a spec from running."""
        own = (self.of_document, self.of_module, self.of_folder)
        return "workbench" if any(own) else "interpreter"


def names() -> list[str]:
    """Return the names of all rules, sorted, without importing them."""
    files = Path(__file__).parent.glob("*.py")
    return sorted(one.stem.replace("_", "-") for one in files if one.stem not in _NOT_RULES)


@cache
def all_rules() -> dict[str, Rule]:
    """Return all rules by name."""
    return {name: _load(name) for name in names()}


def _load(name: str) -> Rule:
    module: Any = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    text, wrong, right = _parts(module.__doc__ or "")
    summary, _, why = text.partition("\n")
    return Rule(
        name,
        module.SEVERITY,
        summary,
        why.strip(),
        wrong,
        right,
        getattr(module, "of_document", None),
        getattr(module, "of_module", None),
        getattr(module, "of_folder", None),
    )


def _parts(text: str) -> tuple[str, str, str]:
    """Return the prose of a docstring, and its two examples without their margin."""
    prose, _, examples = text.strip().partition("\nWrong:\n")
    wrong, _, right = examples.partition("\nRight:\n")
    return prose.strip(), _dedented(wrong), _dedented(right)


def _dedented(example: str) -> str:
    return re.sub(r"^ {4}", "", example.strip("\n"), flags=re.MULTILINE)
