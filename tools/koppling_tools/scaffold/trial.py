"""Specs to be, tried in a folder that is thrown away: examples are run and all is checked before any is kept."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from koppling.catalog import Catalog
from koppling.client import Client
from koppling.errors import InputInvalid, KopplingError, SpecError
from koppling_tools.check import check
from koppling_tools.console.mistakes import Misuse
from koppling_tools.examples.answer import answer_of
from koppling_tools.examples.compare import plain
from koppling_tools.examples.placeholders import base_url, connected, placeholders
from koppling_tools.examples.transport import Pieces
from koppling_tools.examples.wire import Sent
from koppling_tools.scaffold.draft import Case, Draft, Module
from koppling_tools.scaffold.writing import spec_text


@dataclass
class Tried:
    """What held: texts by their place below the folder of specs. `refused` tells why a module is not among them."""

    texts: dict[Path, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def tried(draft: Draft, specs: Sequence[Path], day: str) -> Tried:
    """Try specs to be.

    Args:
        draft: the specs.
        specs: the search path, for the connector of lone modules.
        day: the ISO day that lifecycles are read at.

    Raises:
        Misuse: the connector itself does not hold.
    """
    found = Tried()
    with tempfile.TemporaryDirectory(prefix="koppling-") as folder:
        root = Path(folder)
        if draft.shared is not None:
            _put(root, found, Path(draft.connector, "connector.yaml"), spec_text(draft.shared, draft.comments))
        for one in draft.modules:
            place = Path(draft.connector, "modules", f"{one.versioned}.yaml")
            _put(root, found, place, spec_text(one.tree, one.comments))
        stage = _Stage(draft.connector, [root, *specs], day)
        for one in draft.modules:
            try:
                examples = stage.examples(one)
            except (KopplingError, ValueError) as error:
                found.refused[one.name] = _words(error)
                continue
            for case, tree in examples.items():
                _put(root, found, Path(draft.connector, "examples", one.versioned, f"{case}.yaml"), spec_text(tree))
        _check(root, specs, day, draft, found)
    return found


def _put(root: Path, found: Tried, place: Path, text: str) -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text(text, encoding="utf-8")
    found.texts[place] = text


def _check(root: Path, specs: Sequence[Path], day: str, draft: Draft, found: Tried) -> None:
    """Leave out what has faults, with the first of each.

    Raises:
        Misuse: the connector has.
    """
    for one in check([root], specs, day).diagnostics:
        if one.severity != "error":
            continue
        place = Path(one.location.path).relative_to(root)
        owner = next((module for module in draft.modules if module.versioned in {place.stem, place.parent.name}), None)
        if owner is None:
            raise Misuse(f"the connector would not hold: {one.message} [{one.rule}]")
        found.refused.setdefault(owner.name, f"{one.message} [{one.rule}]")
    for module in draft.modules:
        if module.name in found.refused:
            own = [place for place in found.texts if module.versioned in {place.stem, place.parent.name}]
            for place in own:
                del found.texts[place]


class _Stage(httpx.BaseTransport):
    """Runs cases, and notes what is sent."""

    def __init__(self, connector: str, roots: Sequence[Path], day: str) -> None:
        catalog = Catalog(roots)
        spec = catalog.connector(connector)
        fields = placeholders(spec)
        self._connector, self._day = connector, day
        self._address = base_url(spec.plan.get("request") or {}, fields)
        self._client = Client(connected(spec, fields), catalog, self)
        self._response: dict[str, Any] = {}
        self._sent: Sent | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Note a request, and answer it as the case says."""
        request.read()
        self._sent = Sent.of(
            request.method, str(request.url), request.headers.multi_items(), request.content, self._address
        )
        answer = answer_of(self._response)
        return httpx.Response(answer.status, headers=answer.headers, stream=Pieces(answer.chunks))

    def examples(self, module: Module) -> dict[str, dict[str, Any]]:
        """Return the examples of a module as their files say them.

        Raises:
            KopplingError: the module does not hold, or an example that has to.
        """
        found: dict[str, dict[str, Any]] = {}
        full = f"{self._connector}.{module.versioned.replace('.v', '@')}"
        for name, case in module.cases.items():
            several = [case] if case.otherwise is None else [case, replace(case, inputs=case.otherwise)]
            for one in several:
                try:
                    found[name] = self._example(full, one, module)
                    break
                except (KopplingError, ValueError):
                    if one is several[-1] and not case.optional:
                        raise
        return found

    def _example(self, module: str, case: Case, draft: Module) -> dict[str, Any]:
        self._response, self._sent = case.response, None
        day = case.as_of or self._day
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            result = self._client.execute(module, case.inputs, as_of=day)
        assert self._sent is not None  # noqa: S101  (a call that ends well has sent something)
        tree: dict[str, Any] = {"title": case.title}
        if case.as_of is not None:
            tree["as_of"] = case.as_of
        request = self._sent.as_stated()
        headers = _stated_headers(draft.tree.get("request") or {}, self._sent)
        if headers:
            first = {key: request[key] for key in ("method", "path", "query") if key in request}
            request = {**first, "headers": headers, **request}
        tree |= {"inputs": case.inputs, "request": request, "response": case.response, "output": plain(result.output)}
        return tree


def _stated_headers(request: dict[str, Any], sent: Sent) -> dict[str, str]:
    """Return the headers that the module itself writes, as they were sent."""
    written = request.get("headers")
    names = written if isinstance(written, dict) else ()
    return {name: sent.headers[name.lower()] for name in names if name.lower() in sent.headers}


def _words(error: Exception) -> str:
    if isinstance(error, SpecError) and error.diagnostics:
        first = error.diagnostics[0]
        return f"{first.message} [{first.rule}] at {first.pointer or '/'}"
    if isinstance(error, InputInvalid):
        return "no example of it holds: " + "; ".join(f"{one.pointer} {one.message}" for one in error.problems[:3])
    return " ".join(str(error).split())[:300]
