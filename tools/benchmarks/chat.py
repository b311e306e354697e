"""The chat that the families speak of: what is asked, what the stub answers, and who asks."""

from __future__ import annotations

import json
from typing import Any

MODULE = "openai.create_chat_completion@1"
KEY = "sk-benchmark-0123456789"
PATH = "/v1/chat/completions"

_ANSWER = {
    "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
    "object": "chat.completion",
    "created": 1_741_569_952,
    "model": "gpt-5.2-2026-01-01",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hej! Hur kan jag hjälpa dig i dag?", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 19,
        "completion_tokens": 10,
        "total_tokens": 29,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0},
    },
    "service_tier": "default",
}
ANSWERS = {PATH: ("application/json", json.dumps(_ANSWER).encode())}


def inputs(messages: int) -> dict[str, Any]:
    """Return a request of so many messages, some 130 characters each."""
    said = "The quick brown fox jumps over the lazy dog, and the dog, who was not as lazy as they say, jumps back. "
    talk = [
        {"role": "user" if number % 2 else "assistant", "content": f"{number}: {said}"}
        for number in range(messages - 1)
    ]
    return {"model": "gpt-5.2", "messages": [{"role": "system", "content": "You are brief."}, *talk]}
