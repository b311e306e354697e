"""`/models`: the local models, the stand-ins, and the fine-tuned ones, which alone can be deleted."""

from __future__ import annotations

from typing import Any, Final

from koppling_tools.sandbox.models import fine_tuning, weights
from koppling_tools.sandbox.models.answers import MODEL, SIMULATED, STAND_IN, Refused, absent, answer

_FORBIDDEN: Final = 403

# id, day of the weights' publication as a Unix time, whose they are
_OURS: Final = (
    (weights.CHAT, 1730419200, "HuggingFaceTB"),
    (weights.EMBEDDINGS, 1630281600, "sentence-transformers"),
    (weights.SPEECH, 1663718400, "openai-whisper"),
    (weights.MODERATION, 1767225600, "koppling-sandbox"),
    (weights.IMAGES, 1767225600, "koppling-sandbox"),
)


def _all(request: Any) -> list[dict[str, Any]]:
    ours = [{"id": name, "object": "model", "created": at, "owned_by": owner} for name, at, owner in _OURS]
    return [*ours, *fine_tuning.models(request.app.state.parts.store)]


def _label(name: str) -> str:
    if name.startswith("ft:"):
        return SIMULATED
    return STAND_IN if name in {weights.MODERATION, weights.IMAGES} else MODEL


async def index(request: Any) -> Any:
    """Answer `GET /models`."""
    return answer({"object": "list", "data": _all(request)})


async def retrieve(request: Any) -> Any:
    """Answer `GET /models/{model}`."""
    name = request.path_params["model"]
    for one in _all(request):
        if one["id"] == name:
            return answer(one, _label(name))
    raise absent("model", name, param="model", code="model_not_found")


async def delete(request: Any) -> Any:
    """Answer `DELETE /models/{model}`."""
    name = request.path_params["model"]
    if name in {one[0] for one in _OURS}:
        raise Refused(f"{name!r} is not yours; fine-tuned models can be deleted", status=_FORBIDDEN, param="model")
    if not fine_tuning.delete_model(request.app.state.parts.store, name):
        raise absent("model", name, param="model", code="model_not_found")
    return answer({"id": name, "object": "model", "deleted": True}, SIMULATED)
