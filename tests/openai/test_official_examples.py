"""Every example that the vendor publishes: its request comes out of the module that covers it, its answer goes in."""

import json
import re
import shlex
import warnings
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from openai_cases import BASE, CATALOG, KEY, SPEC, fact_file

import koppling
from koppling_tools.examples.wire import Sent

TODAY = "2026-11-23"

# operation: (module, what chooses the operation, the name of the path's parameter, the day on which it lived)
COVERED = {
    "createCompletion": ("create_completion@1", {}, None, "2024-01-15"),
    "createModeration": ("create_moderation", {}, None, TODAY),
    "createEmbedding": ("create_embedding", {}, None, TODAY),
    "createChatCompletion": ("create_chat_completion", {}, None, TODAY),
    "createImage": ("generate_images", {}, None, TODAY),
    "createImageEdit": ("edit_image", {"operation": "edit"}, None, TODAY),
    "createImageVariation": ("edit_image", {"operation": "variation"}, None, "2026-05-01"),
    "listModels": ("get_models", {"action": "list"}, None, TODAY),
    "retrieveModel": ("get_models", {"action": "retrieve"}, "model", TODAY),
    "deleteModel": ("manage_fine_tunes", {"operation": "delete_model"}, "model", TODAY),
    "createTranscription": ("manage_audio", {"operation": "transcribe"}, None, TODAY),
    "createTranslation": ("manage_audio", {"operation": "translate"}, None, TODAY),
    "listFiles": ("manage_files", {"action": "list"}, None, TODAY),
    "createFile": ("manage_files", {"action": "upload"}, None, TODAY),
    "retrieveFile": ("manage_files", {"action": "retrieve"}, "file_id", TODAY),
    "deleteFile": ("manage_files", {"action": "delete"}, "file_id", TODAY),
    "downloadFile": ("manage_files", {"action": "retrieve_content"}, "file_id", TODAY),
    "createFineTuningJob": ("manage_fine_tunes", {"operation": "create"}, None, TODAY),
    "listPaginatedFineTuningJobs": ("manage_fine_tunes", {"operation": "list"}, None, TODAY),
    "retrieveFineTuningJob": ("manage_fine_tunes", {"operation": "retrieve"}, "fine_tuning_job_id", TODAY),
    "cancelFineTuningJob": ("manage_fine_tunes", {"operation": "cancel"}, "fine_tuning_job_id", TODAY),
    "listFineTuningEvents": ("manage_fine_tunes", {"operation": "list_events"}, "fine_tuning_job_id", TODAY),
}  # fmt: skip
NOT_OURS = {
    "listFineTuningJobCheckpoints": "the page has no such operation; the custom API call reaches it",
    "pauseFineTuningJob": "the page has no such operation; the custom API call reaches it",
    "resumeFineTuningJob": "the page has no such operation; the custom API call reaches it",
}


def loaded():
    try:
        return json.loads(fact_file("openai-official-examples.json").read_text())
    except pytest.skip.Exception:
        return []


EXAMPLES = loaded()
OURS = [
    pytest.param(one, id=f"{one['operationId']}-{(one['title'] or 'only').replace(' ', '-')}")
    for one in EXAMPLES
    if one["operationId"] in COVERED
]


class Curl:
    """The request that a curl command line describes."""

    def __init__(self, text):
        text = re.sub(r"-[oD] >\(.*?\) ?\\?\n|> ?\S+\s*$", " ", text.replace("\\\n", " \n"), flags=re.MULTILINE)
        words = shlex.split(text)
        self.method, self.json, self.form, address = None, None, [], ""
        for at, word in enumerate(words):
            if word == "-X":
                self.method = words[at + 1]
            elif word == "-d":
                self.json = tolerant(words[at + 1])
            elif word == "-F":
                self.form.append(tuple(words[at + 1].split("=", 1)))
            elif word.startswith("https://"):
                address = word
        self.method = self.method or ("POST" if self.json is not None or self.form else "GET")
        parts = urlsplit(address)
        self.path = parts.path.removeprefix("/v1")
        self.query = parse_qsl(parts.query)


def nested(pairs):
    found = {}
    for name, value in pairs:
        base, _, rest = name.partition("[")
        if rest == "]":
            found.setdefault(base, []).append(value)
        elif rest:
            found.setdefault(base, {})[rest.rstrip("]")] = value
        else:
            found[name] = value
    return found


def as_input(value, schema):
    """Return a text of a command line as the value that a field takes."""
    if isinstance(value, list):
        return [as_input(one, schema.get("items") or {}) for one in value]
    if isinstance(value, dict):
        return {key: as_input(one, (schema.get("properties") or {}).get(key, {})) for key, one in value.items()}
    if value.startswith("@"):
        return koppling.File(b"bytes", name=value[1:])
    types = schema.get("type", [])
    return (
        json.loads(value)
        if {"integer", "number", "boolean"} & set([types] if isinstance(types, str) else types)
        else value
    )


def inputs_of(example):
    module, chosen, parameter, day = COVERED[example["operationId"]]
    curl = Curl(example["request_curl"])
    inputs = dict(chosen)
    if parameter is not None:
        position = example["path"].split("/").index(f"{{{parameter}}}") if "{" in example["path"] else -1
        inputs[parameter] = curl.path.split("/")[position]
    inputs |= curl.json or {}
    spec = CATALOG.module(f"openai.{module}", day, retired=True)
    fields = spec.operations[next(iter(chosen.values()), None)].fields
    inputs |= {name: as_input(value, fields[name].schema) for name, value in nested([*curl.query, *curl.form]).items()}
    return f"openai.{module}", inputs, day, curl


def client(day, answer):
    transport = httpx.MockTransport(answer)
    return koppling.Client(koppling.Connection("openai", api_key=KEY), SPEC, transport, as_of=day)


@pytest.mark.parametrize("example", OURS)
def test_the_request_of_an_official_example_is_what_the_module_sends(example):
    name, inputs, day, curl = inputs_of(example)
    heard = []

    def answer(request):
        request.read()
        heard.append(Sent.of(request.method, str(request.url), request.headers.multi_items(), request.content, BASE))
        return httpx.Response(400, json={"error": {"message": "enough heard"}})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with pytest.raises(koppling.ApiError, match="enough heard"):
            client(day, answer).execute(name, inputs)
    sent = heard[0]
    assert (sent.method, sent.path) == (curl.method, curl.path)
    assert sorted((key, one) for key, values in sent.query.items() for one in values) == sorted(curl.query)
    if curl.form:
        parts = sorted((part["name"], part.get("filename", part.get("value"))) for part in sent.body[1])
        assert parts == sorted((key, value.removeprefix("@")) for key, value in curl.form)
    else:
        assert (sent.body or (None, None))[1] == curl.json


def tolerant(text):
    """Return the JSON that an example means: they leave things out, and commas in."""
    text = re.sub(r"^\s*(\.{3,}.*|\{ \.\.\. \},?)$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\bNone\b", "null", text)
    text = re.sub(r'("|\d|null)\n(\s*")', r"\1,\n\2", text)
    return json.loads(re.sub(r",(\s*[}\]])", r"\1", text))


def reply_of(example):
    """Return the answer of an example: the body as a value, or as the bytes of a stream."""
    text = example["response"]
    streams = '"stream": true' in example["request_curl"] or "stream=true" in example["request_curl"]
    if streams and "data:" not in text:
        chunks = [json.dumps(tolerant(chunk)) for chunk in re.split(r"\n\n+", text.strip()) if chunk.strip(". \n")]
        text = "".join(f"data: {chunk}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return text.encode() + b"\n\n" if streams else tolerant(text)


# What the output must hold, read from the answer by means of its own.
HOLDS = {
    "createCompletion": lambda b: {"text": b["choices"][0]["text"], "usage": b["usage"]},
    "createModeration": lambda b: {"flagged": b["results"][0]["flagged"], "categories": b["results"][0]["categories"]},
    "createEmbedding": lambda b: [{"index": one["index"], "embedding": one["embedding"]} for one in b["data"]],
    "createChatCompletion": lambda b: {
        "text": b["choices"][0]["message"]["content"],
        "tool_calls": b["choices"][0]["message"].get("tool_calls"),
        "finish_reason": b["choices"][0]["finish_reason"],
    },
    "createImage": lambda b: {"usage": b["usage"]},
    "createImageVariation": lambda b: {"urls": [one["url"] for one in b["data"]]},
    "createTranscription": lambda b: {"text": b["text"]},
    "createTranslation": lambda b: {"text": b["text"]},
}


@pytest.mark.parametrize("example", OURS)
def test_the_answer_of_an_official_example_is_understood(example):
    if example["response"] is None:
        return  # a file, or nothing shown
    name, inputs, day, _ = inputs_of(example)
    reply = reply_of(example)

    def answer(_request):
        if isinstance(reply, bytes):
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=reply)
        return httpx.Response(200, json={**reply, "has_more": False} if "has_more" in reply else reply)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        output = client(day, answer).execute(name, inputs).output
    if isinstance(reply, bytes):
        events = [json.loads(line[6:]) for line in reply.decode().splitlines() if line.startswith("data: {")]
        told = "".join(pieces_of(event) for event in events)
        assert told == (output.get("text") or "")
        assert output["usage"] == next((event["usage"] for event in events if event.get("usage")), None)
    elif example["operationId"] in HOLDS:
        expected = HOLDS[example["operationId"]](reply)
        assert expected == ({key: output[key] for key in expected} if isinstance(expected, dict) else output)
    else:  # what is listed is a list of bundles; anything else is given as it came
        assert output == (reply["data"] if reply.get("object") == "list" else reply)


def pieces_of(event):
    if event.get("type", "").endswith(".delta"):
        return event["delta"]
    return "".join(
        choice.get("text") or choice.get("delta", {}).get("content") or "" for choice in event.get("choices", ())
    )


def test_no_official_example_is_passed_over():
    fact_file("openai-official-examples.json")
    assert EXAMPLES
    operations = {one["operationId"] for one in EXAMPLES}
    assert operations - set(COVERED) == set(NOT_OURS)
