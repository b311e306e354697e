"""A request that was sent, held against the one that an example states.

Everything but the headers is compared whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from koppling.expression import ABSENT
from koppling.template import as_text
from koppling_tools.examples.compare import Difference, differences, text_or_base64
from koppling_tools.examples.wire import BODIES, Sent, SentPart, parts_of

_WITH_BOUNDARY: Final = "multipart/"


def mismatches(stated: Mapping[str, Any], sent: Sent) -> list[Difference]:
    """Return every place in which a request that was sent is not the one stated. Pointers lead into the stated one.

    Args:
        stated: the `request` of an exchange.
        sent: what was sent.
    """
    return [
        *differences(str(stated.get("method", "GET")).upper(), sent.method, ("method",)),
        *differences(_rooted(stated.get("path", "/")), sent.path, ("path",)),
        *_texts(stated.get("query") or {}, sent.query, ("query",)),
        *_headers(stated.get("headers") or {}, sent.headers),
        *_body(stated, sent),
    ]


def _rooted(path: Any) -> str:
    text = str(path)
    return text if text.startswith("/") or "://" in text else f"/{text}"


def _texts(stated: Mapping[str, Any], sent: Mapping[str, Any], pointer: tuple[str, ...]) -> Iterator[Difference]:
    for name in (*stated, *(name for name in sent if name not in stated)):
        ours = _as_list(stated[name]) if name in stated else ABSENT
        theirs = _as_list(sent[name]) if name in sent else ABSENT
        if ours != theirs:
            yield Difference((*pointer, name), *(_unwrapped(one) for one in (ours, theirs)))


def _as_list(value: Any) -> list[str]:
    return [as_text(one) if one is not None else "" for one in (value if isinstance(value, list) else [value])]


def _unwrapped(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _headers(stated: Mapping[str, Any], sent: Mapping[str, str]) -> Iterator[Difference]:
    for name, value in stated.items():
        found: Any = sent.get(name.lower(), ABSENT)
        if found is not ABSENT and found.startswith(_WITH_BOUNDARY) and "boundary" not in str(value):
            found = found.partition(";")[0]
        yield from differences(", ".join(_as_list(value)), found, ("headers", name))


def _body(stated: Mapping[str, Any], sent: Sent) -> Iterator[Difference]:
    kind = next((key for key in BODIES if key in stated), None)
    if kind in {"text", "base64"}:
        yield from differences({kind: stated[kind]}, text_or_base64(sent.data, stated))
        return
    theirs: str | None
    value: Any
    theirs, value = sent.body or (None, ABSENT)
    if kind != theirs:
        # One kind of body in place of another: nothing inside can be held against anything.
        if kind is not None:
            yield Difference((kind,), stated[kind], ABSENT)
        if theirs is not None:
            yield Difference((theirs,), ABSENT, value)
    elif kind == "json":
        yield from differences(stated[kind], value, (kind,))
    elif kind == "form":
        yield from _texts(stated[kind] or {}, value, (kind,))
    elif kind == "multipart":
        yield from _parts(stated[kind] or [], parts_of(sent.data, sent.headers["content-type"]))


def _parts(stated: list[Mapping[str, Any]], sent: list[SentPart]) -> Iterator[Difference]:
    """Hold parts against each other in any order: equal ones first, then those of one name, in their order."""
    left = list(sent)
    unmatched: list[tuple[int, Mapping[str, Any]]] = []
    for index, part in enumerate(stated):
        equal = next((one for one in left if one.as_stated(part) == _texted(part)), None)
        if equal is None:
            unmatched.append((index, part))
        else:
            left.remove(equal)
    for index, part in unmatched:
        namesake = next((one for one in left if one.name == part.get("name")), None)
        if namesake is None:
            yield Difference(("multipart", index), dict(part), ABSENT)
        else:
            left.remove(namesake)
            yield from differences(_texted(part), namesake.as_stated(part), ("multipart", index))
    for offset, one in enumerate(left):
        yield Difference(("multipart", len(stated) + offset), ABSENT, one.as_stated())


def _texted(part: Mapping[str, Any]) -> dict[str, str]:
    return {key: as_text(value) for key, value in part.items() if not key.startswith("x-")}
