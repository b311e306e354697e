"""The same calls by the vendor's own SDK and by Koppling, side by side on the wire."""

import base64
import contextlib
import json
import struct
import warnings
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

import httpx
import httpx2
import openai
import pytest
from openai_cases import BASE, KEY, SPEC

import koppling
from koppling_tools.examples.wire import Sent

HI = [{"role": "user", "content": "Name a tall tree."}]
TOOL = {
    "type": "function",
    "function": {"name": "height_of", "parameters": {"type": "object", "properties": {"tree": {"type": "string"}}}},
}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "tree", "schema": {"type": "object"}, "strict": True}}
PNG, WAV, LINES = (
    ("oak.png", b"\x89PNG\r\n\x1a\n", "image/png"),
    ("oak.mp3", b"ID3\x04", "audio/mpeg"),
    ("a.jsonl", b'{"a": 1}\n', "application/jsonl"),
)
AGES_AGO, YESTERDAY = "2023-06-01", "2026-05-01"


def file(triple):
    name, data, media_type = triple
    return koppling.File(data, name=name, media_type=media_type)


# name: (the SDK's call, the module, its inputs, the day that lifecycles are read at)
CALLS = {
    "chat": (lambda c: c.chat.completions.create(model="m", messages=HI), "create_chat_completion", {"model": "m", "messages": HI}, None),
    "chat numbers": (
        lambda c: c.chat.completions.create(model="m", messages=HI, temperature=0, top_p=0.5, n=2, max_completion_tokens=7, seed=1),
        "create_chat_completion",
        {"model": "m", "messages": HI, "temperature": 0, "top_p": 0.5, "n": 2, "max_completion_tokens": 7, "seed": 1},
        None,
    ),
    "chat nulls": (
        lambda c: c.chat.completions.create(model="m", messages=HI, temperature=None, stop=None, metadata=None),
        "create_chat_completion",
        {"model": "m", "messages": HI, "temperature": None, "stop": None, "metadata": None},
        None,
    ),
    "chat words of many tongues": (
        lambda c: c.chat.completions.create(model="m", messages=[{"role": "user", "content": 'å "quoted" \n{brace} 木'}]),
        "create_chat_completion",
        {"model": "m", "messages": [{"role": "user", "content": 'å "quoted" \n{brace} 木'}]},
        None,
    ),
    "chat tools": (
        lambda c: c.chat.completions.create(model="m", messages=HI, tools=[TOOL], tool_choice="auto", parallel_tool_calls=False),
        "create_chat_completion",
        {"model": "m", "messages": HI, "tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False},
        None,
    ),
    "chat schema": (
        lambda c: c.chat.completions.create(model="m", messages=HI, response_format=SCHEMA),
        "create_chat_completion",
        {"model": "m", "messages": HI, "response_format": SCHEMA},
        None,
    ),
    "chat bias and metadata": (
        lambda c: c.chat.completions.create(model="m", messages=HI, logit_bias={"17": -100}, metadata={"a": "b"}, store=True, stop=["x"]),
        "create_chat_completion",
        {"model": "m", "messages": HI, "logit_bias": {"17": -100}, "metadata": {"a": "b"}, "store": True, "stop": ["x"]},
        None,
    ),
    "chat streamed": (
        lambda c: list(c.chat.completions.create(model="m", messages=HI, stream=True, stream_options={"include_usage": True})),
        "create_chat_completion",
        {"model": "m", "messages": HI, "stream": True, "stream_options": {"include_usage": True}},
        None,
    ),
    "completion": (
        lambda c: c.completions.create(model="m", prompt="The oak", max_tokens=3, echo=True, suffix="."),
        "create_completion@1",
        {"model": "m", "prompt": "The oak", "max_tokens": 3, "echo": True, "suffix": "."},
        "2024-01-01",
    ),
    "completion of tokens": (lambda c: c.completions.create(model="m", prompt=[1, 2]), "create_completion@1", {"model": "m", "prompt": [1, 2]}, "2024-01-01"),
    "moderation": (lambda c: c.moderations.create(input="x"), "create_moderation", {"input": "x"}, None),
    "moderation of a list": (
        lambda c: c.moderations.create(input=["x", "y"], model="omni-moderation-latest"),
        "create_moderation",
        {"input": ["x", "y"], "model": "omni-moderation-latest"},
        None,
    ),
    "embedding": (lambda c: c.embeddings.create(model="m", input="x"), "create_embedding", {"model": "m", "input": "x"}, None),
    "embedding as floats": (
        lambda c: c.embeddings.create(model="m", input=["x", "y"], encoding_format="float", dimensions=2, user="u"),
        "create_embedding",
        {"model": "m", "input": ["x", "y"], "encoding_format": "float", "dimensions": 2, "user": "u", "limit": 1},
        None,
    ),
    "image": (
        lambda c: c.images.generate(prompt="x", model="gpt-image-2", n=2, size="1024x1024", quality="high"),
        "generate_images",
        {"prompt": "x", "model": "gpt-image-2", "n": 2, "size": "1024x1024", "quality": "high"},
        None,
    ),
    "image of old": (
        lambda c: c.images.generate(prompt="x", model="dall-e-3", style="vivid", response_format="url"),
        "generate_images@1",
        {"prompt": "x", "model": "dall-e-3", "style": "vivid", "response_format": "url"},
        "2024-01-01",
    ),
    "edit of one image": (
        lambda c: c.images.edit(image=PNG, prompt="x", model="gpt-image-2"),
        "edit_image",
        {"operation": "edit", "image": file(PNG), "prompt": "x", "model": "gpt-image-2"},
        None,
    ),
    "edit of two images with a mask": (
        lambda c: c.images.edit(image=[PNG, PNG], mask=PNG, prompt="x", model="gpt-image-2", n=2),
        "edit_image",
        {"operation": "edit", "image": [file(PNG), file(PNG)], "mask": file(PNG), "prompt": "x", "model": "gpt-image-2", "n": 2},
        None,
    ),
    "edit of a list of one image": (
        lambda c: c.images.edit(image=[PNG], prompt="x", model="gpt-image-2"),
        "edit_image",
        {"operation": "edit", "image": [file(PNG)], "prompt": "x", "model": "gpt-image-2"},
        None,
    ),
    "variation": (
        lambda c: c.images.create_variation(image=PNG, n=2, size="256x256"),
        "edit_image",
        {"operation": "variation", "image": file(PNG), "n": 2, "size": "256x256"},
        YESTERDAY,
    ),
    "models": (lambda c: list(c.models.list()), "get_models", {"action": "list"}, None),
    "model": (lambda c: c.models.retrieve("gpt-5.2"), "get_models", {"action": "retrieve", "model": "gpt-5.2"}, None),
    "model with a strange name": (
        lambda c: c.models.retrieve("ft:a/b c?d#e%2e:å"),
        "get_models",
        {"action": "retrieve", "model": "ft:a/b c?d#e%2e:å"},
        None,
    ),
    "model deleted": (
        lambda c: c.models.delete("ft:gpt:org::1"),
        "manage_fine_tunes",
        {"operation": "delete_model", "model": "ft:gpt:org::1"},
        None,
    ),
    "transcription": (
        lambda c: c.audio.transcriptions.create(file=WAV, model="gpt-transcribe"),
        "manage_audio",
        {"operation": "transcribe", "file": file(WAV), "model": "gpt-transcribe"},
        None,
    ),
    "transcription with lists": (
        lambda c: c.audio.transcriptions.create(
            file=WAV, model="whisper-1", timestamp_granularities=["word", "segment"], include=["logprobs"], temperature=0.5,
            response_format="verbose_json", language="sv", chunking_strategy={"type": "server_vad", "threshold": 0.5},
        ),
        "manage_audio",
        {
            "operation": "transcribe", "file": file(WAV), "model": "whisper-1", "timestamp_granularities": ["word", "segment"],
            "include": ["logprobs"], "temperature": 0.5, "response_format": "verbose_json", "language": "sv",
            "chunking_strategy": {"type": "server_vad", "threshold": 0.5},
        },
        YESTERDAY,
    ),
    "transcription as text": (
        lambda c: c.audio.transcriptions.create(file=WAV, model="whisper-1", response_format="text"),
        "manage_audio",
        {"operation": "transcribe", "file": file(WAV), "model": "whisper-1", "response_format": "text"},
        YESTERDAY,
    ),
    "translation": (
        lambda c: c.audio.translations.create(file=WAV, model="whisper-1", prompt="x"),
        "manage_audio",
        {"operation": "translate", "file": file(WAV), "model": "whisper-1", "prompt": "x"},
        YESTERDAY,
    ),
    "files": (lambda c: c.files.list(), "manage_files", {"action": "list"}, None),
    "files after one": (
        lambda c: c.files.list(after="file-1", order="asc", purpose="batch", limit=5),
        "manage_files",
        {"action": "list", "after": "file-1", "order": "asc", "purpose": "batch", "limit": 5},
        None,
    ),
    "file": (lambda c: c.files.retrieve("file-1"), "manage_files", {"action": "retrieve", "file_id": "file-1"}, None),
    "file's content": (lambda c: c.files.content("file-1").read(), "manage_files", {"action": "retrieve_content", "file_id": "file-1"}, None),
    "file deleted": (lambda c: c.files.delete("file-1"), "manage_files", {"action": "delete", "file_id": "file-1"}, None),
    "file uploaded": (
        lambda c: c.files.create(file=LINES, purpose="batch"),
        "manage_files",
        {"action": "upload", "file": file(LINES), "purpose": "batch"},
        None,
    ),
    "file uploaded for a time": (
        lambda c: c.files.create(file=LINES, purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}),
        "manage_files",
        {"action": "upload", "file": file(LINES), "purpose": "batch", "expires_after": {"anchor": "created_at", "seconds": 3600}},
        None,
    ),
    "job": (
        lambda c: c.fine_tuning.jobs.create(
            model="m", training_file="file-1", suffix="oak", seed=7, metadata={"a": "b"},
            method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": "auto"}}},
        ),
        "manage_fine_tunes",
        {
            "operation": "create", "model": "m", "training_file": "file-1", "suffix": "oak", "seed": 7, "metadata": {"a": "b"},
            "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": "auto"}}},
        },
        "2026-01-01",
    ),
    "job retrieved": (lambda c: c.fine_tuning.jobs.retrieve("ft-1"), "manage_fine_tunes", {"operation": "retrieve", "fine_tuning_job_id": "ft-1"}, None),
    "job cancelled": (lambda c: c.fine_tuning.jobs.cancel("ft-1"), "manage_fine_tunes", {"operation": "cancel", "fine_tuning_job_id": "ft-1"}, None),
    "jobs": (
        lambda c: c.fine_tuning.jobs.list(after="ft-0", limit=3, metadata={"a": "b", "c d": "e&f"}),
        "manage_fine_tunes",
        {"operation": "list", "after": "ft-0", "limit": 3, "metadata": {"a": "b", "c d": "e&f"}},
        None,
    ),
    "job's events": (
        lambda c: c.fine_tuning.jobs.list_events("ft-1", limit=2),
        "manage_fine_tunes",
        {"operation": "list_events", "fine_tuning_job_id": "ft-1", "limit": 2},
        None,
    ),
}  # fmt: skip

# What differs on purpose: (call, what) with the reason. A reason that no longer holds fails a test.
NO_BODY = "the SDK names a media type where there is no body"
ANY_FORM = "the answer is JSON or text, as the caller's response_format says"
DIFFERENT = {
    ("model deleted", "content-type"): NO_BODY,
    ("file deleted", "content-type"): NO_BODY,
    ("job cancelled", "content-type"): NO_BODY,
    ("transcription", "accept"): ANY_FORM,
    ("transcription with lists", "accept"): ANY_FORM,
    ("transcription as text", "accept"): ANY_FORM,
    ("translation", "accept"): ANY_FORM,
    ("file's content", "accept"): "a file may be of any media type; the SDK asks for application/binary",
}  # fmt: skip


def vendor(method, url, headers):
    """Return what the vendor would answer, near enough for both."""
    path = urlsplit(url).path
    if headers.get("accept") != "x" and path.endswith("/content"):
        return 200, {"content-type": "application/octet-stream"}, b"bytes"
    if method == "GET" and path.endswith(("/models", "/files", "/jobs", "/events")):
        return 200, {"content-type": "application/json"}, b'{"object": "list", "data": [], "has_more": false}'
    if path.endswith("/embeddings"):
        vector = base64.b64encode(struct.pack("<2f", 0.5, -0.25)).decode()
        return (
            200,
            {"content-type": "application/json"},
            json.dumps({"data": [{"index": 0, "embedding": vector}]}).encode(),
        )
    return 200, {"content-type": "application/json"}, b'{"id": "x", "choices": [], "data": [], "text": "t"}'


class Ears:
    """Listens to both; each hears what the other was told."""

    def __init__(self, answer=vendor):
        self.answer, self.heard = answer, []

    def listen(self, request, response):
        data = request.read()
        self.heard.append((request.method, str(request.url), dict(request.headers.multi_items()), data))
        status, headers, body = self.answer(request.method, str(request.url), request.headers)
        return response(status, headers=headers, content=body)

    def sdk(self, **options):
        transport = httpx2.MockTransport(lambda request: self.listen(request, httpx2.Response))
        return openai.OpenAI(
            api_key=KEY,
            organization="org-1",
            project="proj-1",
            base_url=BASE,
            http_client=httpx2.Client(transport=transport),
            **{"max_retries": 0, **options},
        )

    def koppling(self, **options):
        transport = httpx.MockTransport(lambda request: self.listen(request, httpx.Response))
        connection = koppling.Connection("openai", api_key=KEY, organization_id="org-1", project_id="proj-1")
        return koppling.Client(connection, SPEC, transport, clock=koppling.Clock(sleep=lambda _: None), **options)


def told(heard):
    """Return what of a request must be equal."""
    method, url, headers, data = heard
    parts = urlsplit(url)
    sent = Sent.of(method, url, headers.items(), data, BASE)
    body = sent.body
    if body is not None and body[0] == "multipart":
        body = ("multipart", Counter(json.dumps(part, sort_keys=True) for part in body[1]))
    facts = {name: headers.get(name) for name in ("authorization", "openai-organization", "openai-project", "accept")}
    return {
        "method": method,
        "address": f"{parts.scheme}://{parts.netloc}{parts.path}",
        "query": Counter(parse_qsl(parts.query, keep_blank_values=True)),
        "body": body,
        "content-type": headers.get("content-type", "").partition(";")[0] or None,
        **facts,
    }


def both(name):
    call, module, inputs, day = CALLS[name]
    theirs, ours = Ears(), Ears()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with contextlib.suppress(openai.OpenAIError):  # what they make of the answer is another question
            call(theirs.sdk())
        with contextlib.suppress(koppling.KopplingError):
            ours.koppling(as_of=day).execute(f"openai.{module}", inputs)
    assert len(theirs.heard) == len(ours.heard) == 1
    return told(theirs.heard[0]), told(ours.heard[0])


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_the_same_on_the_wire(name):
    theirs, ours = both(name)
    differing = {what for what in theirs if theirs[what] != ours[what]}
    explained = {what for call, what in DIFFERENT if call == name}
    assert {what: (theirs[what], ours[what]) for what in differing - explained} == {}
    assert explained <= differing, "this difference is gone; strike its reason"


def test_every_operation_that_both_have_is_compared():
    compared = {
        (module.partition("@")[0], inputs.get("action", inputs.get("operation")))
        for _, module, inputs, _ in CALLS.values()
    }
    catalog = koppling.Catalog(SPEC)
    ours = set()
    for entry in catalog.entries("openai"):
        module = catalog.module(entry.full_name, "2026-11-23", retired=True)
        ours |= {(module.name, operation) for operation in module.operations}
    only_ours = {
        ("create_edit", None): "the SDK dropped edits",
        ("make_custom_api_call", None): "the SDK has no such thing",
    }
    assert ours - compared == set(only_ours)


def answering(*answers):
    left = list(answers)
    return lambda *_: left.pop(0) if len(left) > 1 else left[0]


def reply(value, status=200, **headers):
    return status, {"content-type": "application/json", **headers}, json.dumps(value).encode()


@pytest.mark.parametrize(
    ("answers", "kind", "error"),
    [
        ([reply({"error": {"message": "m", "code": "c"}}, 401)], "invalid_access_token", openai.AuthenticationError),
        ([reply({"error": {"message": "m", "code": "c"}}, 400)], "data", openai.BadRequestError),
        ([reply({"error": {"message": "m", "code": "c"}}, 404)], "data", openai.NotFoundError),
        ([reply({"error": {"message": "m", "code": "c"}}, 422)], "data", openai.UnprocessableEntityError),
        ([reply({"error": {"message": "m", "code": "c"}}, 409)], "data", openai.ConflictError),
        (
            [reply({"error": {"message": "m", "code": "c"}}, 429, **{"retry-after-ms": "1"})],
            "rate_limit",
            openai.RateLimitError,
        ),
        (
            [reply({"error": {"message": "m", "code": "c"}}, 500, **{"retry-after-ms": "1"})],
            "connection",
            openai.InternalServerError,
        ),
        (
            [reply({"error": {"message": "m", "code": "c"}}, 503, **{"retry-after": "121"})],
            "connection",
            openai.InternalServerError,
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_an_error_is_met_with_as_many_attempts_and_told_in_the_same_words(answers, kind, error):
    theirs, ours = Ears(answering(*answers)), Ears(answering(*answers))
    with pytest.raises(error) as their_error:
        theirs.sdk(max_retries=2).chat.completions.create(model="m", messages=HI)
    with pytest.raises(koppling.ApiError) as our_error:
        ours.koppling().execute("openai.create_chat_completion", {"model": "m", "messages": HI})
    assert len(theirs.heard) == len(ours.heard) == len(our_error.value.attempts)
    assert (our_error.value.kind, our_error.value.status) == (kind, their_error.value.status_code)
    assert (our_error.value.message, our_error.value.code) == (
        their_error.value.body["message"],
        their_error.value.code,
    )


def test_a_quota_that_is_used_up_is_not_asked_again_though_the_sdk_would():
    answer = reply({"error": {"message": "m", "code": "insufficient_quota"}}, 429, **{"retry-after-ms": "1"})
    theirs, ours = Ears(answering(answer)), Ears(answering(answer))
    with pytest.raises(openai.RateLimitError):
        theirs.sdk(max_retries=2).models.list()
    with pytest.raises(koppling.ApiError):
        ours.koppling().execute("openai.get_models", {"action": "list"})
    assert (len(theirs.heard), len(ours.heard)) == (3, 1)


def page(*ids, more):
    return reply({"object": "list", "data": [{"id": one, "object": "file"} for one in ids], "has_more": more})


def test_pages_are_turned_alike():
    theirs, ours = (
        Ears(answering(page("a", "b", more=True), page("c", more=True), page("d", more=False))) for _ in range(2)
    )
    their_ids = [one.id for one in theirs.sdk().files.list(order="asc")]
    our_ids = [
        one["id"] for one in ours.koppling().execute("openai.manage_files", {"action": "list", "order": "asc"}).output
    ]
    assert our_ids == their_ids == ["a", "b", "c", "d"]
    assert [told(one)["query"] for one in ours.heard] == [told(one)["query"] for one in theirs.heard]


def test_vectors_are_decoded_alike():
    theirs, ours = Ears(), Ears()
    their = theirs.sdk().embeddings.create(model="m", input="x").data[0].embedding
    our = ours.koppling().execute("openai.create_embedding", {"model": "m", "input": "x"}).output[0]["embedding"]
    assert our == their == [0.5, -0.25]


CHUNKS = [
    {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    for delta, finish in [
        ({"role": "assistant", "content": ""}, None),
        ({"content": "A tall "}, None),
        ({"content": "tree"}, None),
        (
            {"tool_calls": [{"index": 0, "id": "t", "type": "function", "function": {"name": "f", "arguments": ""}}]},
            None,
        ),
        ({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}, None),
        ({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}, None),
        ({}, "tool_calls"),
    ]
]


def test_a_stream_folds_to_what_the_sdk_accumulates():
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in CHUNKS) + "data: [DONE]\n\n"
    answer = (200, {"content-type": "text/event-stream"}, body.encode())
    theirs, ours = Ears(answering(answer)), Ears(answering(answer))
    with theirs.sdk().chat.completions.stream(model="m", messages=HI) as stream:
        their = stream.get_final_completion()
    with ours.koppling().stream("openai.create_chat_completion", {"model": "m", "messages": HI}) as stream:
        text = "".join(delta["text"] or "" for delta in stream)
        our = stream.result().output
    message = their.choices[0].message
    assert text == our["text"] == message.content == "A tall tree"
    assert our["finish_reason"] == their.choices[0].finish_reason
    assert our["tool_calls"][0]["function"] == {"name": "f", "arguments": message.tool_calls[0].function.arguments}
