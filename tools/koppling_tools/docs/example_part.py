"""Examples for a module's page: the call as Python, as a command and as curl; what is answered; what it gives."""

from __future__ import annotations

import json
import re
import shlex
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from koppling.client import Client
from koppling.connection import Connection
from koppling.errors import KopplingError
from koppling.masking import Masker
from koppling.model import ModuleSpec
from koppling_tools.describing.snippets import command_line, own_roots, snippet, specs_argument
from koppling_tools.docs.atlas import Atlas
from koppling_tools.docs.code import block
from koppling_tools.docs.html import Element, Node, tag
from koppling_tools.docs.schema_tree import tree
from koppling_tools.examples.answer import named
from koppling_tools.examples.load import Example
from koppling_tools.examples.placeholders import placeholders

_LONGEST_TEXT: Final = 400
_MOST_ELEMENTS: Final = 8
_MOST_EXCHANGES: Final = 3
_LONGEST_LINE: Final = 76
_LONGEST_CURL: Final = 6000
_CALL_ID: Final = "00000000-0000-4000-8000-000000000000"
_UUID: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")


@dataclass
class Calls:
    """Renders the requests of examples, with made-up connections. Nothing is sent."""

    atlas: Atlas
    _clients: dict[str, Client] = field(default_factory=dict)

    def curl(self, module: ModuleSpec, example: Example) -> str | None:
        """Return the first request of an example as a curl command, secrets masked; None where nothing is sent."""
        if not example.exchanges:
            return None
        fields = placeholders(self.atlas.connectors[module.connector], example.connection)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                client = self._client(module.connector, fields)
                inputs = example.inputs | self._streaming(module, example)
                request = client.render(module.full_name, inputs, as_of=example.as_of or self.atlas.day)
                line = request.curl()
        except KopplingError:
            return None
        known = json.dumps([example.inputs, fields], default=str)
        line = _UUID.sub(lambda found: found[0] if found[0] in known else _CALL_ID, line)  # each call has its own
        return _lines(line) if len(line) <= _LONGEST_CURL else None

    def folders(self, module: ModuleSpec) -> list[str]:
        """Return the folders of specs that a program must name to find a module.

        Each by its name alone, as it was given: a site is the same wherever it was made.
        """
        return [one.name or "spec" for one in own_roots(module, self.atlas.connectors[module.connector])]

    def masker(self, module: ModuleSpec, example: Example) -> Masker:
        """Return what hides the secrets of an example: those of its connection, and of its inputs."""
        connector = self.atlas.connectors[module.connector]
        fields = placeholders(connector, example.connection)
        found = [value for name, value in fields.items() if connector.fields[name].secret]
        for operation in module.operations.values():
            for top in tree(operation):
                for one in top.walk():
                    found += _at(example.inputs, one.path) if one.schema.get("secret") else []
        return Masker([one for one in found if isinstance(one, str)])

    def _client(self, connector: str, fields: dict[str, Any]) -> Client:
        key = f"{connector} {sorted(fields.items(), key=repr)!r}"
        if key not in self._clients:
            self._clients[key] = Client(Connection(connector, **fields), self.atlas.catalog.roots)
        return self._clients[key]

    def _streaming(self, module: ModuleSpec, example: Example) -> dict[str, Any]:
        from koppling.validate import choose

        if not example.streamed:
            return {}
        stream = self.atlas.catalog.operation(module, choose(module, example.inputs).name).stream
        return dict(stream.set) if stream is not None else {}


def _at(value: Any, path: tuple[str, ...]) -> list[Any]:
    """Return what stands at a path, in each element of the lists on its way."""
    if isinstance(value, list):
        return [found for one in value for found in _at(one, path)]
    if not path:
        return [value]
    return _at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


def _lines(curl: str) -> str:
    """Return a curl command with an option a line, and a long JSON body laid out."""
    words = shlex.split(curl)
    lines, at = [" ".join(shlex.quote(one) for one in words[:4])], 4
    while at < len(words):
        flag, value = words[at], words[at + 1] if at + 1 < len(words) else ""
        if flag == "--data-raw" and len(value) > _LONGEST_LINE:
            value = _laid_out(value)
        lines.append(f"  {flag} {shlex.quote(value)}")
        at += 2
    return " \\\n".join(lines)


def _laid_out(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def example(calls: Calls, module: ModuleSpec, one: Example, anchor: str, *, level: int, first: bool) -> Element:
    """Return one example; all but the first are folded."""

    def heading(title: Node) -> Element:
        return tag(f"h{level}", title, class_="label")

    masker = calls.masker(module, one)
    inputs = masker.value(one.inputs)
    tabs: list[tuple[str, Element]] = [
        ("Python", block(_python(module, one, inputs, calls.folders(module)), "python", label="Python")),
        ("Command", block(_command(module, one, inputs), "bash", label="Command")),
    ]
    if line := calls.curl(module, one):
        tabs.append(("curl", block(line, "bash", label="curl")))
    body: list[Node] = [
        tag(
            "div",
            [tag("section", heading(name), shown, data_tab=name) for name, shown in tabs],
            class_="tabs",
            data_tabs="call",
            data_label="The call",
        )
    ]
    if one.as_of:
        body.append(tag("p", "As of ", tag("time", one.as_of, datetime=one.as_of), ".", class_="aside"))
    body += _answers(one, masker, heading)
    return tag(
        "details",
        tag("summary", one.title or one.case, tag("span", "error", class_="mark error") if one.fails else None),
        body,
        class_="example",
        id=anchor,
        open=first,
    )


def _python(module: ModuleSpec, one: Example, inputs: dict[str, Any], folders: list[str]) -> str:
    if not one.streamed:
        return snippet(module, inputs, folders)
    text = snippet(module, inputs)
    head, _, call = text.partition("result = koppling.execute(")
    arguments = call.rpartition("\nresult.output")[0].replace("\n", "\n    ")
    return (
        f"{head}with koppling.Client({specs_argument(folders)}) as client:\n"
        f"    with client.stream({arguments} as stream:\n"
        "        for delta in stream:\n            print(delta)\n        stream.result().output"
    )


def _command(module: ModuleSpec, one: Example, inputs: dict[str, Any]) -> str:
    return command_line(module, inputs) + (" --stream" if one.streamed else "")


def _answers(one: Example, masker: Masker, heading: Callable[[Node], Element]) -> Iterator[Node]:
    stated = masker.value(one.stated)
    several = len(one.exchanges) > 1
    for number, exchange in enumerate(one.exchanges[:_MOST_EXCHANGES], 1):
        response = exchange.response
        status = response.get("status", 200)
        asked = exchange.request
        title: list[Node] = [f"Answer {number}, to " if several else "Answer "]
        if several:
            title += [tag("code", f"{asked.get('method', 'GET')} {asked.get('path', '')}"), " "]
        title.append(tag("span", str(status), class_=f"status {'good' if int(status) < 400 else 'bad'}"))  # noqa: PLR2004  (a status)
        yield heading(title)
        body, language = _body(masker.value(dict(response)))
        if body:
            yield block(body, language, label="Answer")
    if (more := len(one.exchanges) - _MOST_EXCHANGES) > 0:
        yield tag("p", f"And {more} more.", class_="aside")
    for key, title_of in (
        ("deltas", "Shows, as it comes"),
        ("output", "Output"),
        ("envelope", "Beside it, once per call"),
        ("usage", "What it used"),
    ):
        if key in stated:
            yield heading(title_of)
            yield block(_json(stated[key]), "json", label=title_of)
    if "error" in stated:
        yield heading("Error")
        yield block(_json(stated["error"]), "json", label="Error")


def _body(response: Any) -> tuple[str, Any]:
    if "json" in response:
        return _json(response["json"]), "json"
    if "text" in response:
        return _short(str(response["text"])), "text"
    if "base64" in response:
        return f"(bytes, in base64) {_short(str(response['base64']), 120)}", "text"
    for key, prefix in (("events", "data: "), ("lines", "")):
        if key in response:
            shown = [_event(one, prefix) for one in response[key]]
            more = [f"… {len(shown) - _MOST_ELEMENTS} more"] if len(shown) > _MOST_ELEMENTS else []
            return "\n".join(shown[:_MOST_ELEMENTS] + more), "text"
    return "", "text"


def _event(event: Any, prefix: str) -> str:
    name, data = named(event) if prefix else (None, event)
    said = data if isinstance(data, str) else json.dumps(shortened(data), ensure_ascii=False)
    return f"event: {name}\n{prefix}{said}" if name else prefix + said


def _json(value: Any) -> str:
    return json.dumps(shortened(value), indent=2, ensure_ascii=False)


def shortened(value: Any) -> Any:
    """Return a JSON value with its long texts and lists cut; what is missing is said."""
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, list):
        shown = [shortened(one) for one in value[:_MOST_ELEMENTS]]
        return shown if len(value) <= _MOST_ELEMENTS else [*shown, f"… {len(value) - _MOST_ELEMENTS} more"]
    if isinstance(value, dict):
        return {key: shortened(one) for key, one in value.items()}
    return value


def _short(text: str, most: int = _LONGEST_TEXT) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}… ({len(text)} characters)"
