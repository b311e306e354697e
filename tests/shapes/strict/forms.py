"""Bodies and keys of other kinds: a nested form, lists in four styles, null in a PATCH; Basic auth, keys in odd places."""

from __future__ import annotations

from strict.asked import Refused, basic, bearer, key_in_header, key_in_query
from strict.server import Answer, Vendor, in_json
from strict.styles import Style

# ---- a nested form, Basic auth ----

nested_form = Vendor(basic("shop-9", "pä:ss word"))


@nested_form.on("POST", "/orders")
def order(asked, _memory):
    return in_json({"id": "or_1", "received": asked.form(Style("indexed", "brackets"))}, 201)


# ---- an API key in the query ----

query_key = Vendor(key_in_query("key", "star/key+1"))


@query_key.on("GET", "/stars")
def stars(asked, memory):
    given = asked.arguments("key", "sort_key", "page", "near")
    if "page" not in given:
        # The next address names neither the key nor what was asked for: the client adds its key, and nothing else.
        following = memory.get("location") or f"{asked.address('/stars')}?sort_key=name&page=2"
        found = in_json({"stars": ["Vega"]})
        return Answer(found.body, 200, {**found.headers, "Link": f"<{following}>; rel=next"})
    if given != {"key": "star/key+1", "sort_key": "name", "page": "2"}:
        raise Refused(f"not the address that the first page gave: {asked.query}")
    return in_json({"stars": ["Deneb", "Altair"]})


# ---- an API key in a header, with a prefix; errors with status 200; PATCH ----

header_key = Vendor(key_in_header("x-access", "Key note-key"))


@header_key.on("POST", "/notes")
def note(asked, _memory):
    asked.must_have("x-team", None)
    given = asked.json()
    if given["room"] == "attic":
        return in_json({"ok": False, "error": "no_such_room", "needed": "room"})
    return in_json({"ok": True, "note": given})


@header_key.on("PATCH", "/people/([^/?]+)")
def person(asked, _memory, name):
    given, known = asked.json(), {"id": name, "nick": "Z", "age": 50, "tags": ["a"]}
    if set(given) - set(known):
        raise Refused(f"nobody has {sorted(given)}")
    return in_json({"ok": True, "sent": given, "person": {**known, **given}})


# ---- lists and objects in the style of the whole connector ----


def _lists(arrays, objects):
    style = Style(arrays, objects, frozenset({"tags", "sizes", "where.colours"}))
    vendor = Vendor(bearer(f"{arrays}-key"))

    @vendor.on("GET", "/lists")
    def in_query(asked, _memory):
        return in_json({"received": asked.structured_query(style)})

    @vendor.on("POST", "/lists")
    def in_body(asked, _memory):
        multipart = (asked.header("content-type") or "").startswith("multipart/")
        return in_json({"received": asked.text_parts(style) if multipart else asked.form(style)})

    return vendor


lists_repeat = _lists("repeat", "dots")
lists_brackets = _lists("brackets", "brackets")
lists_indexed = _lists("indexed", "brackets")
lists_comma = _lists("comma", "dots")


# ---- a style for each parameter, in one request ----

MIXED = {
    "a": Style("repeat", "dots", frozenset({"a"})),
    "b": Style("brackets", "dots"),
    "c": Style("indexed", "dots"),
    "d": Style("comma", "dots", frozenset({"d"})),
    "e": Style("repeat", "brackets"),
    "f": Style("repeat", "dots"),
}


@lists_repeat.on("GET", "/mixed")
def mixed(asked, _memory):
    found = {}
    for name, style in MIXED.items():
        found |= asked.structured_query(style, name)
    if unknown := {name[0] for name, _ in asked.pairs()} - set(MIXED):
        raise Refused(f"nothing is named {sorted(unknown)}")
    return in_json({"received": found})


# ---- a key in the path ----

path_key = Vendor(lambda asked: asked.must_have("authorization", None))


@path_key.on("POST", "/bot77:AA%2Fb%2Bc/say")
def say(asked, _memory):
    given = asked.json()
    if given != {"text": "hej"}:
        # The vendor repeats what it was asked, as it stood on the wire.
        return in_json({"message": f"{asked.target} takes no {given}", "code": "bad_words"}, 422)
    return in_json({"said": given["text"]})
