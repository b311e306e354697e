"""`/chat/completions` and `/completions`: checked here, answered by the language model."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import StreamingResponse

from koppling_tools.sandbox.models import calls, fine_tuning, weights
from koppling_tools.sandbox.models.answers import LABEL, MODEL, Refused, answer
from koppling_tools.sandbox.models.fields import Field, Table, read_json

# https://platform.openai.com/docs/api-reference/chat/create
_SAMPLING: Final[Table] = {
    "model": Field("text", required=True, low=1),
    "frequency_penalty": Field("number", low=-2, high=2),
    "presence_penalty": Field("number", low=-2, high=2),
    "temperature": Field("number", low=0, high=2),
    "top_p": Field("number", low=0, high=1),
    "logit_bias": Field("object"),
    "n": Field("integer", low=1, high=128),
    "seed": Field("integer"),
    "stop": Field(),
    "stream": Field("boolean"),
    "stream_options": Field("object"),
    "user": Field("text"),
}
# Taken and left unused: they are about the vendor's accounts, prices and other models.
_UNUSED: Final[Table] = {
    "metadata": Field("object"),
    "moderation": Field("object"),
    "prediction": Field("object"),
    "prompt_cache_key": Field("text"),
    "prompt_cache_options": Field("object"),
    "prompt_cache_retention": Field("text"),
    "reasoning_effort": Field("text"),
    "safety_identifier": Field("text", high=64),
    "service_tier": Field("text"),
    "store": Field("boolean"),
    "verbosity": Field("text", choices=("low", "medium", "high")),
}
_CHAT: Final[Table] = {
    **_SAMPLING,
    **_UNUSED,
    "messages": Field("list", required=True, low=1),
    "logprobs": Field("boolean"),
    "top_logprobs": Field("integer", low=0, high=20),
    "max_tokens": Field("integer", low=1),
    "max_completion_tokens": Field("integer", low=1),
    "modalities": Field("list"),
    "parallel_tool_calls": Field("boolean"),
    "response_format": Field("object"),
    "tools": Field("list"),
    "tool_choice": Field(),
    "functions": Field("list", low=1, high=128),
    "function_call": Field(),
    "audio": Field("object"),
    "web_search_options": Field("object"),
}
_TEXT: Final[Table] = {
    **_SAMPLING,
    "prompt": Field(),
    "best_of": Field("integer", low=0, high=20),
    "echo": Field("boolean"),
    "logprobs": Field("integer", low=0, high=5),
    "max_tokens": Field("integer", low=0),
    "suffix": Field("text"),
}
_ROLES: Final = ("developer", "system", "user", "assistant", "tool", "function")
_CANNOT: Final = ("audio", "web_search_options", "functions", "function_call")
_MOST_STOPS: Final = 4
_MOST_BIAS: Final = 100
_MOST_CHOICES: Final = 2  # llama.cpp gives each choice a slot


async def chat(request: Any) -> Any:
    """Answer `POST /chat/completions`."""
    body = await read_json(request, _CHAT)
    for index, message in enumerate(body["messages"]):
        _check_message(index, message)
    _check_sampling(body)
    for name in _CANNOT:
        if name in body:
            raise Refused(f"the local model knows no {name!r}", param=name, code="unsupported_parameter")
    if body.get("modalities", ["text"]) != ["text"]:
        raise Refused("the local model answers in text alone", param="modalities", code="unsupported_value")
    parts = request.app.state.parts
    fine_tuning.check_model(parts.store, body["model"], weights.CHAT)
    sent = {name: value for name, value in body.items() if name not in _UNUSED}
    if "max_completion_tokens" in sent:
        sent["max_tokens"] = sent.pop("max_completion_tokens")
    among = calls.functions(sent)
    if not among:
        return await parts.language.complete("/v1/chat/completions", sent)
    written = await parts.language.complete("/v1/chat/completions", calls.held_to(sent, among))
    found = calls.as_calls(json.loads(written.body), among)
    if not body.get("stream"):
        return answer(found, MODEL)
    events = calls.as_stream(found, usage=bool(body.get("stream_options", {}).get("include_usage")))
    return StreamingResponse(events, media_type="text/event-stream", headers={LABEL: MODEL})


async def text(request: Any) -> Any:
    """Answer `POST /completions`."""
    body = await read_json(request, _TEXT)
    _check_sampling(body)
    if body.get("echo") or body.get("suffix") or body.get("best_of", 1) > body.get("n", 1):
        raise Refused("the local model knows no 'echo', 'suffix' or 'best_of'", code="unsupported_parameter")
    body.pop("best_of", None)
    parts = request.app.state.parts
    fine_tuning.check_model(parts.store, body["model"], weights.CHAT)
    return await parts.language.complete("/v1/completions", {"prompt": "<|endoftext|>", "max_tokens": 16, **body})


def _check_message(index: int, message: Any) -> None:
    at = f"messages[{index}]"
    if not isinstance(message, dict):
        raise Refused(f"'{at}' must be a JSON object", param=at, code="invalid_type")
    if message.get("role") not in _ROLES:
        raise Refused(f"'{at}.role' must be one of {', '.join(_ROLES)}", param=f"{at}.role", code="invalid_value")
    content = message.get("content")
    if content is None:
        if message["role"] != "assistant":
            raise Refused(f"'{at}.content' is missing", param=f"{at}.content", code="missing_required_parameter")
        return
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise Refused(f"'{at}.content' must be a string or a list", param=f"{at}.content", code="invalid_type")
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            said = "the local model reads parts of type 'text' alone"
            raise Refused(said, param=f"{at}.content", code="unsupported_value")


def _check_sampling(body: dict[str, Any]) -> None:
    stop = body.get("stop", [])
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or len(stops) > _MOST_STOPS or not all(isinstance(one, str) for one in stops):
        raise Refused("'stop' must be a string, or up to four", param="stop", code="invalid_value")
    for token, bias in body.get("logit_bias", {}).items():
        if isinstance(bias, bool) or not isinstance(bias, (int, float)) or abs(bias) > _MOST_BIAS:
            raise Refused(f"the bias of {token} must be from -100 to 100", param="logit_bias", code="invalid_value")
    if body.get("n", 1) > _MOST_CHOICES:
        raise Refused(f"the local model gives up to {_MOST_CHOICES} choices", param="n", code="unsupported_value")
    if "stream_options" in body and not body.get("stream"):
        raise Refused("'stream_options' is for a stream", param="stream_options", code="invalid_value")
