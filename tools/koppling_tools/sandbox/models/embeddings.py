"""`/embeddings`."""

from __future__ import annotations

import base64
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from koppling_tools.sandbox.models import fine_tuning, weights
from koppling_tools.sandbox.models.answers import MODEL, Refused, answer
from koppling_tools.sandbox.models.fields import Field, Table, read_json
from koppling_tools.sandbox.models.vectors import DIMENSIONS

# https://platform.openai.com/docs/api-reference/embeddings/create
_FIELDS: Final[Table] = {
    "model": Field("text", required=True, low=1),
    "input": Field(required=True),
    "encoding_format": Field("text", choices=("float", "base64")),
    "dimensions": Field("integer", low=1, high=DIMENSIONS),
    "user": Field("text"),
}
_MOST: Final = 2048


async def create(request: Any) -> Any:
    """Answer `POST /embeddings`."""
    body = await read_json(request, _FIELDS)
    texts = _texts(body["input"])
    parts = request.app.state.parts
    fine_tuning.check_model(parts.store, body["model"], weights.EMBEDDINGS)
    vectors, tokens = await run_in_threadpool(parts.vectors.embed, texts)
    if "dimensions" in body:
        vectors = _shortened(vectors, body["dimensions"])
    as_text = body.get("encoding_format") == "base64"
    shown = [base64.b64encode(one.astype("<f4").tobytes()).decode() if as_text else one.tolist() for one in vectors]
    data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(shown)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return answer({"object": "list", "data": data, "model": weights.EMBEDDINGS, "usage": usage}, MODEL)


def _texts(given: Any) -> list[str]:
    texts = given if isinstance(given, list) else [given]
    if not 1 <= len(texts) <= _MOST:
        raise Refused(f"'input' must have from 1 to {_MOST} texts", param="input", code="invalid_value")
    if any(isinstance(one, (int, list)) for one in texts):
        said = "tokens are of the vendor's vocabulary, which the local model does not have; send text"
        raise Refused(said, param="input", code="unsupported_value")
    if not all(isinstance(one, str) and one for one in texts):
        raise Refused("'input' must be a text or a list of texts, none empty", param="input", code="invalid_value")
    return texts


def _shortened(vectors: Any, dimensions: int) -> Any:
    """Return the first numbers of each vector, brought to length one again."""
    shorter = vectors[:, :dimensions]
    lengths = (shorter**2).sum(axis=1, keepdims=True) ** 0.5
    return shorter / lengths
