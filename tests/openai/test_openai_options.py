"""Which models each module offers, of all that the vendor lists alike."""

import httpx
import pytest
from openai_cases import SPEC, connection

import koppling

MODELS = [
    "gpt-5.2", "gpt-4o-mini", "o4-mini", "ft:gpt-4o-mini:millhouse::rye", "gpt-audio", "gpt-4o-search-preview", "chatgpt-4o-latest",
    "gpt-3.5-turbo-instruct", "davinci-002", "text-embedding-3-small", "omni-moderation-latest", "gpt-image-2", "dall-e-2",
    "whisper-1", "gpt-4o-transcribe", "tts-1", "gpt-realtime", "sora-2",
]  # fmt: skip


@pytest.mark.parametrize(
    ("module", "inputs", "offered"),
    [
        ("create_chat_completion", {}, MODELS[:7]),
        ("create_edit@2", {}, MODELS[:7]),
        ("create_completion@1", {}, []),  # its models are retired, as it is
        ("create_embedding", {}, ["text-embedding-3-small"]),
        ("create_moderation", {}, ["omni-moderation-latest"]),
        ("generate_images@2", {}, ["gpt-image-2"]),  # dall-e-2 is retired
        ("edit_image", {"operation": "edit"}, ["gpt-image-2"]),
        ("manage_audio", {"operation": "transcribe"}, ["whisper-1", "gpt-4o-transcribe"]),
        ("get_models", {"action": "retrieve"}, MODELS),
    ],
)
def test_a_module_offers_the_models_that_it_can_use(module, inputs, offered):
    asked = []

    def answer(request):
        asked.append(request.url.path)
        data = [{"id": one, "object": "model", "created": 1, "owned_by": "openai"} for one in MODELS]
        return httpx.Response(200, json={"object": "list", "data": data})

    with koppling.Client(connection(), SPEC, httpx.MockTransport(answer), as_of="2026-11-23") as client:
        for _ in range(2):
            assert [one["value"] for one in client.catalog.options(f"openai.{module}", "model", inputs)] == offered
        client.catalog.options("openai.create_embedding", "model")  # asks the same
    assert asked == ["/v1/models"]
