"""The application: which path leads where, and what holds for every request."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from koppling_tools.sandbox.models import (
    audio,
    catalogue,
    completions,
    embeddings,
    files,
    fine_tuning,
    images,
    moderations,
)
from koppling_tools.sandbox.models.answers import Refused
from koppling_tools.sandbox.models.hearing import Hearing
from koppling_tools.sandbox.models.language import Language
from koppling_tools.sandbox.models.storage import Store
from koppling_tools.sandbox.models.vectors import Vectors

_UNAUTHORIZED: Final = 401
_SERVER_ERROR: Final = 500
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Parts:
    """What answers: the models, and what is remembered."""

    language: Language
    vectors: Vectors
    hearing: Hearing
    store: Store
    pictures: images.Gallery


def build(folder: Path, ready: Callable[[], None]) -> Any:
    """Return the application.

    Args:
        folder: where files and jobs are kept.
        ready: is called when the language model is loaded and requests will be answered.
    """

    @contextlib.asynccontextmanager
    async def life(app: Any) -> AsyncIterator[None]:
        parts = Parts(Language(), Vectors(), Hearing(), Store(folder), images.Gallery())
        app.state.parts = parts
        ready()
        yield
        await parts.language.close()
        parts.store.close()

    return Starlette(
        routes=_routes(),
        lifespan=life,
        middleware=[Middleware(Guard)],
        exception_handlers={Refused: _refused, HTTPException: _http, Exception: _failed},
    )


class Guard:
    """Asks for a key, and gives every answer an id and the time it took, as OpenAI's headers have them."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        name = f"req_{secrets.token_hex(16)}"

        async def stamped(message: Any) -> None:
            if message["type"] == "http.response.start":
                took = f"{(time.perf_counter() - began) * 1000:.0f}"
                stamps = {"x-request-id": name, "openai-processing-ms": took, "openai-version": "2020-10-01"}
                added = [(key.encode(), value.encode()) for key, value in stamps.items()]
                message = {**message, "headers": [*message.get("headers", []), *added]}
            await send(message)

        held = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        scheme, _, key = held.partition(" ")
        if (scheme.lower() != "bearer" or not key.strip()) and not scope["path"].startswith(images.GALLERY):
            said = "no API key was given; send it as the header Authorization: Bearer KEY (any key will do here)"
            refused = Refused(said, status=_UNAUTHORIZED, code="invalid_api_key")
            await JSONResponse(refused.envelope(), _UNAUTHORIZED)(scope, receive, stamped)
            return
        await self._app(scope, receive, stamped)


def _routes() -> list[Any]:
    table: list[tuple[str, str, Any]] = [
        ("POST", "/chat/completions", completions.chat),
        ("POST", "/completions", completions.text),
        ("POST", "/embeddings", embeddings.create),
        ("POST", "/moderations", moderations.create),
        ("POST", "/images/generations", images.generate),
        ("POST", "/images/edits", images.edit),
        ("POST", "/images/variations", _variations),
        ("POST", "/audio/transcriptions", audio.transcribe),
        ("POST", "/audio/translations", audio.translate),
        ("GET", "/models", catalogue.index),
        ("GET", "/models/{model:path}", catalogue.retrieve),
        ("DELETE", "/models/{model:path}", catalogue.delete),
        ("GET", "/files", files.index),
        ("POST", "/files", files.create),
        ("GET", "/files/{file}", files.retrieve),
        ("DELETE", "/files/{file}", files.delete),
        ("GET", "/files/{file}/content", files.content),
        ("GET", "/fine_tuning/jobs", fine_tuning.index),
        ("POST", "/fine_tuning/jobs", fine_tuning.create),
        ("GET", "/fine_tuning/jobs/{job}", fine_tuning.retrieve),
        ("POST", "/fine_tuning/jobs/{job}/cancel", fine_tuning.cancel),
        ("GET", "/fine_tuning/jobs/{job}/events", fine_tuning.events),
        ("GET", "/fine_tuning/jobs/{job}/checkpoints", fine_tuning.checkpoints),
    ]
    routes = [Route(f"/v1{path}", by, methods=[method]) for method, path, by in table]
    return [*routes, Route(images.GALLERY + "{name}.png", images.shown, methods=["GET"])]


async def _variations(_request: Any) -> Any:
    # https://platform.openai.com/docs/deprecations
    raise Refused("variations of images were retired with the models that made them", status=_GONE, code="gone")


async def _refused(_request: Any, error: Exception) -> Any:
    assert isinstance(error, Refused)  # noqa: S101  (for the type checker: the handler is registered for it)
    return JSONResponse(error.envelope(), error.status, headers=error.headers)


async def _http(request: Any, error: Any) -> Any:
    said = f"invalid URL or method ({request.method} {request.url.path})"
    code = "unknown_url" if error.status_code != 405 else "method_not_allowed"  # noqa: PLR2004  (a status)
    if error.status_code == 400:  # noqa: PLR2004  (a form that cannot be read)
        said, code = str(error.detail), "invalid_form"
    return JSONResponse(Refused(said, status=error.status_code, code=code).envelope(), error.status_code, error.headers)


async def _failed(_request: Any, error: Exception) -> Any:
    said = json.dumps(f"{type(error).__name__}: {error}")
    return JSONResponse(Refused(f"the sandbox failed: {said}", status=_SERVER_ERROR).envelope(), _SERVER_ERROR)
