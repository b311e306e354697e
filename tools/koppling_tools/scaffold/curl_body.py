"""The body of a line of curl as fields: JSON by its keys, forms and parts by their names, anything else whole."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from koppling_tools.console.mistakes import Misuse
from koppling_tools.scaffold.curl import Call
from koppling_tools.scaffold.made import Made, inferred, opened, text_field
from koppling_tools.scaffold.names import identifier

_BARE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\$\{?\w+\}?')
_FILE_DATA: Final = base64.b64encode(b"text\n").decode()


def body(call: Call, made: Made) -> None:
    """Add the fields of a body to a module in the making, and the body to its request."""
    media = next((value for name, value in call.headers if name.lower() == "content-type"), "")
    kind = media.partition(";")[0].strip().lower()
    if call.parts:
        _parts(call, made)
    elif call.upload is not None:
        _file(call, made, media)
    elif call.data:
        _data(call, made, media, kind)


def _parts(call: Call, made: Made) -> None:
    found: dict[str, Any] = {}
    for name, value in call.parts:
        if name not in found:
            found[name] = _part(made, name, value)
        elif made.fields.get(identifier(name), {}).get("format") == "file":
            mine = identifier(name)
            made.fields[mine] = {"type": "array", "items": {"format": "file"}, "title": made.fields[mine]["title"]}
            made.values[mine] = [made.values[mine], made.values[mine]]
        else:
            made.notes.add("a part that stands there twice is one input", name)
    made.request["multipart"] = found


def _part(made: Made, name: str, value: str) -> Any:
    if value.startswith("\\"):  # --form-string takes everything as it is
        return text_field(made, name, [value[1:]])
    content, _, rest = value.partition(";")
    media = re.search(r"type=([^;\s]+)", rest)
    if content.startswith("@"):
        file = Path(opened(content[1:])).name or "file"
        example = {"name": file, "data": _FILE_DATA, "media_type": media[1] if media else "text/plain"}
        return made.add(name, {"format": "file"}, example)
    if content.startswith("<"):
        return made.add(name, {"type": "string"}, "text")
    found = text_field(made, name, [content if media else value])
    return {"value": found, "media_type": media[1]} if media else found


def _file(call: Call, made: Made, media: str) -> None:
    if "json" in media or call.is_json:
        schema = {"type": ["object", "array"], "parse": "json"}
        made.request["json"] = made.add("body", schema, {"id": 1}, required=True)
        made.notes.add("what the file holds is not in the line; the body is one input", str(call.upload))
        return
    file = Path(opened(str(call.upload))).name or "file"
    example = {"name": file, "data": _FILE_DATA, "media_type": media or "text/plain"}
    made.request["raw"] = made.add("file", {"format": "file"}, example, required=True)
    if media:
        made.request.setdefault("headers", {})["Content-Type"] = media


def _data(call: Call, made: Made, media: str, kind: str) -> None:
    text = "&".join(call.data) if not call.is_json else "".join(call.data)
    value, is_json = _json_of(text)
    if is_json and (
        call.is_json or "json" in kind or (not kind and isinstance(value, dict | list) and not call.urlencoded)
    ):
        if not kind and not call.is_json:
            made.notes.add("curl would call this body a form; it is JSON, and is sent as such")
        _json(made, value)
        if kind and kind != "application/json":
            made.request.setdefault("headers", {})["Content-Type"] = media
    elif kind in {"", "application/x-www-form-urlencoded"} and not call.is_json:
        grouped: dict[str, list[str]] = {}
        for name, one in parse_qsl(text, keep_blank_values=True):
            grouped.setdefault(name, []).append(one)
        if "=" not in text:
            raise Misuse(f"the body {text[:40]!r} is no form, and no JSON; say what it is with -H 'Content-Type: …'")
        made.request["form"] = {name: text_field(made, name, values) for name, values in grouped.items()}
    elif "json" in kind or call.is_json:
        raise Misuse(f"the body is no JSON, and is said to be: {text[:60]!r}")
    else:
        made.request["raw"] = made.add("body", {"type": "string"}, opened(text), required=True)
        made.request.setdefault("headers", {})["Content-Type"] = media


def _json_of(text: str) -> tuple[Any, bool]:
    """Return what a text is as JSON. A variable of the shell, where a value stands, is a text."""
    quoted = _BARE.sub(lambda found: found[0] if found[0].startswith('"') else json.dumps(found[0]), text)
    for candidate in (text, quoted):
        try:
            return json.loads(candidate), True
        except ValueError:
            continue
    return None, False


def _json(made: Made, value: Any) -> None:
    value = _opened(value)
    if isinstance(value, dict) and value:
        made.request["json"] = {name: made.add(name, inferred(one), one) for name, one in value.items()}
    else:
        made.request["json"] = made.add("body", inferred(value), value, required=True)


def _opened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.replace("$$", "$"): _opened(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_opened(one) for one in value]
    return opened(value) if isinstance(value, str) else value
