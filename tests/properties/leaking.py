"""Where a secret could be seen, and whether it can be: as it is, or as others write it."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import re
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from every_operation import CANARY

import koppling

# What is looked for is how each secret here begins: a part of a secret is a leak as well.
START = CANARY[:11]
_FORMS = {START, json.dumps(START)[1:-1], quote(START), quote(START, safe=""), quote_plus(START), repr(START)[1:-1]}
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})|\\+(/)")


def leaks(text: str, secrets: tuple[str, ...] = (START,)) -> list[str]:
    """Return what of a text shows the beginning of a secret, however it is written."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "/", text)
    for _ in range(3):
        for secret in secrets:
            if secret in plain:
                at = plain.index(secret)
                return [plain[max(0, at - 80) : at + 60]]
        plain = unquote(plain)
    return [found for found in _in_base64(text) if any(secret in found for secret in secrets)]


def _in_base64(text: str) -> Iterator[str]:
    for found in _BASE64.findall(text):
        written = found.replace("-", "+").replace("_", "/")
        for skipped in range(4):
            piece = written[skipped:]
            yield base64.b64decode(piece[: len(piece) // 4 * 4]).decode("latin-1")


def shown(error: BaseException) -> Iterator[tuple[str, str]]:
    """Yield all that a person may see of an error, and what a process may keep of it."""
    yield "str", str(error)
    yield "repr", repr(error)
    yield "traceback", "".join(traceback.format_exception(error))
    facts = {name: one for name, one in vars(error).items() if not name.startswith("_")}
    yield "facts", repr(facts)
    kept = pickle.loads(pickle.dumps(error))
    if isinstance(facts.get("partial"), koppling.File):  # what came of a file is the vendor's, as a whole one would be
        kept.partial = None
    yield "pickle", pickle.dumps(kept).decode("latin-1")
    request = facts.get("request")
    if isinstance(request, koppling.Request):
        yield from in_request(request)


def in_request(request: koppling.Request) -> Iterator[tuple[str, str]]:
    """Yield all that a person may see of a request."""
    yield "str of the request", str(request)
    yield "repr of the request", repr(request)
    yield "curl", request.curl()
    yield "JSON of the request", json.dumps(request.as_json())


class Watched(logging.Handler):
    """All that observers, logs and spans were told."""

    def __init__(self, exporter: Any) -> None:
        super().__init__(logging.DEBUG)
        self.told: list[tuple[str, str]] = []
        self._exporter = exporter

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record of the log."""
        self.told.append((f"log {record.name}", f"{record.getMessage()} {vars(record).get('koppling')!r}"))
        if record.exc_info and record.exc_info[1] is not None:
            self.told.append((f"log {record.name}", "".join(traceback.format_exception(record.exc_info[1]))))

    def observe(self, exchange: koppling.Exchange) -> None:
        """Keep what an observer was shown."""
        self.told.append(("observer", repr(exchange)))

    def all(self) -> list[tuple[str, str]]:
        """Return what there is, spans too."""
        spans = [("span", one.to_json()) for one in self._exporter.get_finished_spans()]
        self._exporter.clear()
        return self.told + spans
