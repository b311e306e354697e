"""What every answer has in common: OpenAI's envelope for errors, and the header that says what answered."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import JSONResponse, Response

LABEL: Final = "x-koppling-sandbox"
MODEL: Final = "local-model"  # a real model gave the answer
STAND_IN: Final = "stand-in"  # something that only looks like the vendor's
SIMULATED: Final = "simulated"  # states that change with the clock; nothing is trained

BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404
_CLIENT_ERROR: Final = range(400, 500)


class Refused(Exception):
    """A request that gets an error for an answer: its status, and the fields of OpenAI's envelope."""

    def __init__(
        self,
        message: str,
        *,
        status: int = BAD_REQUEST,
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code
        self.headers = headers or {}

    def envelope(self) -> dict[str, Any]:
        """Return the body of the answer."""
        kind = "invalid_request_error" if self.status in _CLIENT_ERROR else "server_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def absent(what: str, name: str, *, param: str | None = None, code: str | None = None) -> Refused:
    """Return the 404 for something that was asked for by name."""
    return Refused(f"there is no {what} {name!r}", status=NOT_FOUND, param=param, code=code)


def answer(body: Any, label: str | None = None, status: int = 200) -> Response:
    """Return a JSON answer, labelled with what gave it."""
    return JSONResponse(body, status, headers={LABEL: label} if label else None)


def event(data: dict[str, Any]) -> bytes:
    """Return one event of a stream, named by its `type` in both places, as OpenAI does for images and transcripts."""
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()
