"""Work that takes its time: 202 and a Location, a state in the body, a 303 to the result. And several verbs in one module."""

from __future__ import annotations

from strict.asked import bearer
from strict.server import Answer, Cut, Vendor, in_json

jobs = Vendor(bearer("job-key"))


@jobs.on("POST", "/films")
def film(asked, memory):
    title = asked.json()["title"]
    memory["title"] = title
    location = memory.get("location", "films/f-1/state")
    named = {} if title == "lost" else {"id": "f-1/../2" if title == "astray" else "f-1"}
    return in_json({"state": "waiting", **named}, 202, Location=location, Retry_After="2")


@jobs.on("GET", "/films/f-1/state")
def film_state(asked, memory):
    asked.arguments()
    memory["polls"] = memory.get("polls", 0) + 1
    if memory["title"] == "signed":
        return in_json({"state": "running", "id": "f-1", "by": asked.header("authorization")}, 200, Retry_After="3")
    if memory["title"] == "endless" or memory["polls"] == 1:
        return in_json({"state": "running", "id": "f-1"}, 200, Retry_After="3")
    if memory["title"] == "cut":
        return Answer(_half_a_film(), 200, {"Content-Type": "application/json"})
    if memory["title"] == "gone":
        return in_json({"message": "no such film"}, 404)
    if memory["title"] == "torn":
        return in_json({"state": "failed", "message": "the film tore"})
    return in_json({"state": "done", "film": {"title": memory["title"], "minutes": 90}})


def _half_a_film():
    yield b'{"state": "do'
    raise Cut


@jobs.on("POST", "/exports")
def export(asked, _memory):
    asked.json()
    return Answer(b"", 202, {"Location": asked.address("/exports/e-1")})


@jobs.on("GET", "/exports/e-1")
def export_state(asked, memory):
    asked.arguments()
    memory["polls"] = memory.get("polls", 0) + 1
    if memory["polls"] == 1:
        return Answer(b"", 202, {"Retry-After": "1"})
    return Answer(b"", 303, {"Location": "/jobs/v1/exports/e-1/rows"})


@jobs.on("GET", "/exports/e-1/rows")
def export_rows(asked, _memory):
    asked.arguments()
    return in_json({"rows": 3})


@jobs.on("PUT", "/indexes/([a-z]+)")
def build_index(asked, _memory, _name):
    asked.json()
    return in_json({"ready": False})


@jobs.on("GET", "/indexes/([a-z]+)")
def read_index(asked, memory, name):
    asked.arguments()
    memory["polls"] = memory.get("polls", 0) + 1
    return in_json({"ready": memory["polls"] > 1, "name": name})


@jobs.on("GET", "/films")
def films(asked, _memory):
    given = asked.arguments("year")
    return in_json({"films": [{"id": "f-1", "year": int(given.get("year", 1990))}]})


@jobs.on("GET", "/films/([^/]+)")
def one_film(asked, _memory, name):
    asked.arguments()
    return in_json({"id": name, "year": 1990})


@jobs.on("DELETE", "/films/([^/]+)")
def delete_film(asked, _memory, _name):
    asked.arguments()
    return Answer(b"", 204)
