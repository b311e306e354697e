"""The language model: llama.cpp's own HTTP server on a free loopback port of this process, and the way to it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
from starlette.responses import Response, StreamingResponse

from koppling_tools.sandbox.models import weights
from koppling_tools.sandbox.models.answers import LABEL, MODEL, Refused

CONTEXT: Final = 2048
_UNBOUNDED: Final = 512  # tokens, where the caller sets no bound: a small model may not find its end


class Language:
    """A running llama.cpp with SmolLM2-135M-Instruct; `complete` passes requests on to it."""

    def __init__(self) -> None:
        import xllamacpp  # heavy

        params = xllamacpp.CommonParams()
        params.model.path = str(weights.chat_model())
        params.model_alias = {weights.CHAT}
        params.n_ctx = CONTEXT * 2
        params.n_parallel = 2
        params.use_jinja = True  # without it a request with tools ends the connection
        params.chat_template = (Path(__file__).parent / "chat.jinja").read_text(encoding="utf-8")
        params.hostnames = ["127.0.0.1"]
        params.port = 0
        # Nobody else is to find it: a page in a browser could ask it, which lets any page in.
        key = secrets.token_hex(16)
        params.api_keys = [key]
        params.ui = False
        params.verbosity = 0
        params.warmup = False
        params.cpuparams.n_threads = os.cpu_count() or 1
        self._server = xllamacpp.Server(params)
        self._client = httpx.AsyncClient(
            base_url=self._server.listening_address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=600,
            trust_env=False,
        )

    async def complete(self, path: str, body: dict[str, Any]) -> Response:
        """Return llama.cpp's answer to a completion; a stream is passed on as its bytes come.

        Raises:
            Refused: llama.cpp would not have it.
        """
        body = {**body, "model": weights.CHAT}
        if "max_tokens" not in body and "max_completion_tokens" not in body:
            body["max_tokens"] = _UNBOUNDED
        request = self._client.build_request("POST", path, json=body)
        answer = await self._client.send(request, stream=True)
        if answer.is_error:
            raise _refused(answer.status_code, await answer.aread())
        headers = {LABEL: MODEL}
        if not body.get("stream"):
            content = await answer.aread()
            return Response(content, media_type="application/json", headers=headers)
        return StreamingResponse(_relay(answer), media_type="text/event-stream", headers=headers)

    async def close(self) -> None:
        """Close the connections to llama.cpp; it ends with the process."""
        await self._client.aclose()


async def _relay(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


def _refused(status: int, content: bytes) -> Refused:
    """Return llama.cpp's error in OpenAI's words: its `code` is the status, as a number."""
    try:
        said = json.loads(content)["error"]["message"]
    except (ValueError, TypeError, KeyError):
        said = content.decode(errors="replace") or "the language model gave no answer"
    return Refused(str(said), status=status)
