"""A streamed call ends with what the plain one gives, however the vendor cuts its answer and the network its bytes."""

from __future__ import annotations

import base64
import json
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import httpx
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai_cases import KEY, SPEC, connection

import koppling

HI = [{"role": "user", "content": "Name a tall tree."}]
CHAT = {"model": "m", "messages": HI}
HEAD = {"content-type": "text/event-stream"}


class Answering:
    """A client whose vendor answers the next call with what it is told, its bytes cut as told."""

    def __init__(self):
        self.headers, self.pieces = {}, []
        self.asked = None
        self.client = koppling.Client(connection(), SPEC, httpx.MockTransport(self._answer), as_of="2024-01-01")

    def _answer(self, request):
        self.asked = request.read()
        return httpx.Response(200, headers=self.headers, content=iter(self.pieces))

    def plain(self, module, inputs, body):
        self.headers, self.pieces = {"content-type": "application/json"}, [json.dumps(body).encode()]
        return self.client.execute(module, inputs)

    def streamed(self, module, inputs, pieces):
        self.headers, self.pieces = HEAD, pieces
        with self.client.stream(module, inputs) as stream:
            return list(stream), stream.result()


VENDOR = Answering()


# ---- an answer, and the events in which the vendor would have streamed it ----

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.integers(0, 9)
NOTHING = st.none()


@st.composite
def in_pieces(draw, text):
    """Cut a text; an empty one has no pieces."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [piece for one, two in pairwise([0, *cuts, len(text)]) if (piece := text[one:two])]


@st.composite
def tool_calls(draw):
    names = draw(st.lists(st.sampled_from(["look_up", "add"]), min_size=1, max_size=3))
    return [
        {
            "id": f"call_{at}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps({"x": draw(TEXTS)})},
        }
        for at, name in enumerate(names)
    ]


@st.composite
def sound(draw):
    return {
        "id": "audio_1",
        "expires_at": 1790003601,
        "data": base64.b64encode(draw(st.binary(min_size=1, max_size=30))).decode(),
        "transcript": draw(TEXTS),
    }


@st.composite
def choices(draw, sounds=NOTHING):
    message = {"role": "assistant", "content": None, "refusal": None}
    kind = draw(st.sampled_from(["content", "content", "refusal", "tool_calls", "both"]))
    audio = draw(sounds)
    if audio is not None:
        message["audio"] = audio
    elif kind == "refusal":
        message["refusal"] = draw(TEXTS.filter(bool))
    if audio is None and kind in {"content", "both"}:
        message["content"] = draw(TEXTS)
    if kind in {"tool_calls", "both"}:
        message["tool_calls"] = draw(tool_calls())
    logprobs = None
    if message["content"] and draw(st.booleans()):
        logprobs = {
            "content": [
                {"token": one, "logprob": -0.5, "bytes": None, "top_logprobs": []} for one in message["content"]
            ],
            "refusal": None,
        }
    reason = draw(st.sampled_from(["stop", "length", "tool_calls"]))
    return {"message": message, "logprobs": logprobs, "finish_reason": reason}


@st.composite
def completions(draw, **of):
    found = draw(st.lists(choices(**of), min_size=1, max_size=3))
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1790000001,
        "model": "m",
        "choices": [{"index": at, **one} for at, one in enumerate(found)],
        "usage": {"prompt_tokens": draw(NUMBERS), "completion_tokens": draw(NUMBERS), "total_tokens": draw(NUMBERS)},
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }


@st.composite
def pieces_of_a_choice(draw, choice):
    """The deltas of one choice, in the vendor's order: who speaks, what is said, which tools are called, why it ends."""
    message, index = choice["message"], choice["index"]

    def piece(delta, logprobs=None, reason=None):
        return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}

    begun = {"role": "assistant", "content": None if message["content"] is None else "", "refusal": None}
    found = [piece(begun)]
    if choice["logprobs"] is not None:
        tokens = choice["logprobs"]["content"]
        found += [piece({"content": one["token"]}, {"content": [one], "refusal": None}) for one in tokens]
    else:
        for key in ("content", "refusal"):
            found += [piece({key: one}) for one in draw(in_pieces(message[key] or ""))]
    for at, call in enumerate(message.get("tool_calls", ())):
        function = {"name": call["function"]["name"], "arguments": ""}
        found.append(piece({"tool_calls": [{"index": at, **call, "function": function}]}))
        found += [
            piece({"tool_calls": [{"index": at, "function": {"arguments": one}}]})
            for one in draw(in_pieces(call["function"]["arguments"]))
        ]
    if audio := message.get("audio"):
        data = base64.b64decode(audio["data"])
        found.append(piece({"audio": {"id": audio["id"], "transcript": ""}}))
        found += [piece({"audio": {"transcript": one}}) for one in draw(in_pieces(audio["transcript"]))]
        found += [piece({"audio": {"data": base64.b64encode(one).decode()}}) for one in draw(in_pieces(data))]
        found.append(piece({"audio": {"expires_at": audio["expires_at"]}}))
    return [*found, piece({}, None, choice["finish_reason"])]


@st.composite
def events(draw, completion):
    """The chunks of a completion; those of several choices are mixed."""
    shared = {key: completion[key] for key in ("id", "created", "model", "service_tier", "system_fingerprint")}
    shared |= {"object": "chat.completion.chunk", "usage": None}
    queues = [draw(pieces_of_a_choice(choice)) for choice in completion["choices"]]
    mixed = [queue.pop(0) for queue in queues]  # the SDK wants the first pieces in order
    while any(queues):
        mixed.append(draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    padding = {"obfuscation": "xyz"} if draw(st.booleans()) else {}
    chunks = [{**shared, "choices": [one], **padding} for one in mixed]
    return [*chunks, {**shared, "choices": [], "usage": completion["usage"]}]


@st.composite
def written(draw, found, *, by_the_vendor=False):
    """Events as bytes, in one of the ways that the standard allows, or the vendor's own: the SDK reads no other."""
    end = "\n" if by_the_vendor else draw(st.sampled_from(["\n", "\r\n", "\r"]))
    between = [[]] if by_the_vendor else [[], [": ping"], [": ping", ""], ["id: 7", "retry: 10"]]
    space = draw(st.sampled_from(["", " "]))
    ascii_only = draw(st.booleans())
    lines = []
    for one in [*(json.dumps(one, ensure_ascii=ascii_only) for one in found), "[DONE]"]:
        lines += draw(st.sampled_from(between))
        lines += [f"data:{space}{one}", ""]
    return (
        draw(st.sampled_from([b""] if by_the_vendor else [b"", b"\xef\xbb\xbf"]))
        + "".join(line + end for line in lines).encode()
    )


@st.composite
def cut(draw, data):
    at = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[one:two] for one, two in pairwise([0, *at, len(data)])]


def told(deltas, key):
    """The texts of the deltas, joined by choice."""
    found = {}
    for one in deltas:
        found[one["index"]] = found.get(one["index"], "") + (one[key] or "")
    return found


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_streamed_chat_ends_with_the_plain_answer_however_it_is_cut(data):
    completion = data.draw(completions(sounds=NOTHING | NOTHING | sound()))
    stream = data.draw(written(data.draw(events(completion))))
    plain = VENDOR.plain("openai.create_chat_completion", CHAT, completion)
    deltas, whole = VENDOR.streamed("openai.create_chat_completion", CHAT, [stream])
    again, in_pieces = VENDOR.streamed("openai.create_chat_completion", CHAT, data.draw(cut(stream)))
    assert whole.output == plain.output
    assert in_pieces == whole
    assert again == deltas
    for key, of in (("text", "content"), ("refusal", "refusal")):
        assert {at: text for at, text in told(deltas, key).items() if text} == {
            one["index"]: one["message"][of] for one in completion["choices"] if one["message"][of]
        }


# ---- the vendor's own SDK, over a socket ----


class Server:
    """Answers on the loopback address with the pieces that it was told last, each a chunk of its own."""

    def __init__(self):
        self.pieces: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in [*filter(None, outer.pieces), b""]:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.flush()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # what follows the end mark is not read: the connection is reset
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def local():
    server = Server()
    sdk = openai.OpenAI(api_key=KEY, base_url=server.base, max_retries=0)
    with sdk, koppling.Client(connection(base_url=server.base), SPEC) as client:
        server.sdk, server.client = sdk, client
        yield server
    server.close()


def plainly(value):
    """What the SDK has, without what it adds of its own."""
    if isinstance(value, dict):
        return {key: plainly(one) for key, one in value.items() if key not in {"parsed", "parsed_arguments"}}
    return [plainly(one) for one in value] if isinstance(value, list) else value


@given(st.data())
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
def test_a_stream_folds_to_what_the_sdk_accumulates_from_the_same_bytes(local, data):
    completion = data.draw(completions())
    for one in completion["choices"]:
        one["finish_reason"] = "stop"  # the SDK gives nothing back of an answer that became too long
    local.pieces = data.draw(cut(data.draw(written(data.draw(events(completion)), by_the_vendor=True))))
    with local.sdk.chat.completions.stream(**CHAT, stream_options={"include_usage": True}) as stream:
        their = stream.get_final_completion().to_dict(warnings=False)
    with local.client.stream("openai.create_chat_completion", CHAT) as stream:
        our = stream.result().output
    their = plainly(their)
    for mine, theirs in zip(our["choices"], their["choices"], strict=True):
        calls = theirs["message"].pop("tool_calls", None) or []
        for call in calls:
            call.pop("index", None)  # which the SDK leaves in
        assert mine["message"].pop("tool_calls", []) == calls
        assert {key: mine["message"].get(key) for key in theirs["message"]} == theirs["message"]
        assert (mine["index"], mine["finish_reason"]) == (theirs["index"], theirs["finish_reason"])
        assert (mine["logprobs"] or {}).get("content") == (theirs.get("logprobs") or {}).get("content")
    for key in ("id", "model", "usage"):
        assert our[key] == their[key]


# ---- the other streams ----

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
PICTURE = {"background": "opaque", "output_format": "webp", "quality": "low", "size": "1024x1024"}
COST = {
    "total_tokens": 3,
    "input_tokens": 1,
    "output_tokens": 2,
    "input_tokens_details": {"text_tokens": 1, "image_tokens": 0},
}
TOKENS = [
    {"token": "å", "logprob": -0.5, "bytes": [195, 165]},
    {"token": "ska", "logprob": -0.5, "bytes": [115, 107, 97]},
]


def pictures(kind):
    partial = {"type": f"{kind}.partial_image", "b64_json": "AAAA", "created_at": 5, **PICTURE}
    completed = {"type": f"{kind}.completed", "b64_json": PNG, "created_at": 7, **PICTURE, "usage": COST}
    return [partial | {"partial_image_index": 0}, partial | {"partial_image_index": 1}, completed]


TEXT = {"id": "cmpl-1", "object": "text_completion", "created": 5, "model": "m"}
OTHERS = {
    "images": (
        "openai.generate_images@2",
        {"prompt": "a tree", "model": "m"},
        {"created": 7, "data": [{"b64_json": PNG}], **PICTURE, "usage": COST},
        pictures("image_generation"),
    ),
    "an edited image": (
        "openai.edit_image",
        {"operation": "edit", "prompt": "a tree", "image": koppling.File(b"x", name="x.png", media_type="image/png")},
        {"created": 7, "data": [{"b64_json": PNG}], **PICTURE, "usage": COST},
        pictures("image_edit"),
    ),
    "a transcript": (
        "openai.manage_audio",
        {"operation": "transcribe", "model": "m", "file": koppling.File(b"x", name="x.wav", media_type="audio/wav")},
        {
            "text": "åska",
            "logprobs": TOKENS,
            "languages": [{"code": "sv"}],
            "usage": {"type": "tokens", "total_tokens": 3},
        },
        [
            *({"type": "transcript.text.delta", "delta": one["token"], "logprobs": [one]} for one in TOKENS),
            {
                "type": "transcript.text.done",
                "text": "åska",
                "logprobs": TOKENS,
                "languages": [{"code": "sv"}],
                "usage": {"type": "tokens", "total_tokens": 3},
            },
        ],
    ),
    "a silent transcript": (
        "openai.manage_audio",
        {"operation": "transcribe", "model": "m", "file": koppling.File(b"x", name="x.wav", media_type="audio/wav")},
        {"text": ""},
        [{"type": "transcript.text.done", "text": ""}],
    ),
    "a completion": (
        "openai.create_completion@1",
        {"model": "m", "prompt": "a", "n": 2},
        {
            **TEXT,
            "choices": [
                {"text": "å b", "index": 0, "logprobs": None, "finish_reason": "stop"},
                {
                    "text": "cd",
                    "index": 1,
                    "logprobs": {
                        "tokens": ["c", "d"],
                        "token_logprobs": [-1, -2],
                        "top_logprobs": None,
                        "text_offset": [1, 2],
                    },
                    "finish_reason": "length",
                },
            ],
            "usage": {"total_tokens": 9},
        },
        [
            *(
                {**TEXT, "choices": [one], "usage": None}
                for one in (
                    {"text": "å ", "index": 0, "logprobs": None, "finish_reason": None},
                    {
                        "text": "c",
                        "index": 1,
                        "logprobs": {"tokens": ["c"], "token_logprobs": [-1], "top_logprobs": None, "text_offset": [1]},
                        "finish_reason": None,
                    },
                    {"text": "b", "index": 0, "logprobs": None, "finish_reason": "stop"},
                    {
                        "text": "d",
                        "index": 1,
                        "logprobs": {"tokens": ["d"], "token_logprobs": [-2], "top_logprobs": None, "text_offset": [2]},
                        "finish_reason": "length",
                    },
                )
            ),
            {**TEXT, "choices": [], "usage": {"total_tokens": 9}},
            "[DONE]",
        ],
    ),
}


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(("module", "inputs", "body", "found"), OTHERS.values(), ids=OTHERS)
def test_the_other_streams_end_with_the_plain_answer_too(module, inputs, body, found, size):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        plain = VENDOR.plain(module, inputs, body)
        stream = "".join(
            f"event: {one['type']}\ndata: {json.dumps(one)}\n\n"
            if "type" in one
            else f"data: {one if isinstance(one, str) else json.dumps(one)}\n\n"
            for one in found
        ).encode()
        _, result = VENDOR.streamed(module, inputs, [stream[at : at + size] for at in range(0, len(stream), size)])
    assert _opened(result.output) == _opened(plain.output)


def _opened(value):
    if isinstance(value, koppling.File):
        return value.name, value.media_type, value.read()
    if isinstance(value, dict):
        return {key: _opened(one) for key, one in value.items()}
    return [_opened(one) for one in value] if isinstance(value, list) else value


# ---- what is asked for ----


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {"include_usage": True}),
        ({"stream_options": {"include_obfuscation": False}}, {"include_usage": True, "include_obfuscation": False}),
        ({"stream_options": {"include_usage": False}}, {"include_usage": False}),
        ({"stream_options": None}, None),
    ],
)
def test_a_stream_asks_for_its_usage_unless_the_caller_says_otherwise(given, sent):
    body = json.loads(VENDOR.client.render("openai.create_chat_completion", {**CHAT, **given}, stream=True).body.data)
    assert (body["stream"], body["stream_options"]) == (True, sent)


def test_a_plain_call_that_asks_for_a_stream_sends_what_it_was_given():
    request = VENDOR.client.render("openai.create_chat_completion", {**CHAT, "stream": True})
    assert "stream_options" not in json.loads(request.body.data)
