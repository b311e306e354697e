"""Files both ways: raw bodies, multipart, answers that are text, bytes, or whatever their media type says."""

from __future__ import annotations

from strict.asked import Refused, bearer
from strict.server import Answer, Vendor, in_json

PIXEL = bytes([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0xFF])

blobs = Vendor(bearer("blob-key"))


@blobs.on("PUT", "/blobs/(.+)")
def put_blob(asked, memory, path):
    kind = asked.header("content-type")
    if not kind or kind.startswith(("multipart/", "application/x-www-form", "application/json")):
        raise Refused(f"the file itself, with its own media type, not {kind}")
    if memory.get("busy", 0) > 0:
        memory["busy"] -= 1
        return in_json({"message": "busy"}, 503, Retry_After="1")
    return in_json({"path": path, "media_type": kind, "size": len(asked.body)}, 201)


@blobs.on("POST", "/letters")
def letter(asked, _memory):
    asked.must_have("content-type", "text/markdown; charset=utf-8")
    return in_json({"received": asked.body.decode()})


@blobs.on("GET", "/blobs/(.+)")
def get_blob(asked, memory, path):
    asked.arguments()
    if path.endswith("pixel.png"):
        named = 'attachment; filename="../pixel 1.png"'
        cut = memory.get("cut")
        return Answer(
            PIXEL, 200, {"Content-Type": "image/png", "Content-Disposition": named}, len(PIXEL) + 9 if cut else None
        )
    if path.endswith("poem.txt"):
        return Answer("Räksmörgås".encode("latin-1"), 200, {"Content-Type": "text/plain; charset=ISO-8859-1"})
    if path.endswith("facts.json"):
        return Answer(b'{"facts": [1, null]}', 200, {"Content-Type": "application/problem+json; charset=utf-8"})
    return in_json({"message": f"no blob {path}", "code": "missing"}, 404)


@blobs.on("POST", "/albums")
def album(asked, _memory):
    parts = asked.parts()
    names = [part.name for part in parts]
    if [name for name in names if name not in {"details", "cover", "pages", "note", "stars"}]:
        raise Refused(f"an album has no {names}")
    for part in parts:
        is_file, is_json = part.name in {"cover", "pages"}, part.name == "details"
        if bool(part.file_name) != is_file or (part.media_type == "application/json") != is_json:
            raise Refused(f"the part {part.name} is not written like this: {part}")
        if not (is_file or is_json) and part.media_type:
            raise Refused(f"{part.name} is plain text")
    return in_json({"parts": [{"part": part.name, **part.described()} for part in parts]})
