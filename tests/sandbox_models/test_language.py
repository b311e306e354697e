"""Completions, as the vendor's client sees them."""

import json

import httpx
import openai
import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.xdist_group("models")]

MODEL = "smollm2-135m-instruct"
ASKED = [{"role": "user", "content": "What is the capital of France?"}]
GREETED = [{"role": "user", "content": "Hi"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "tell_weather",
        "description": "Tell the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def chat(client, **more):
    return client.chat.completions.create(
        **{"model": MODEL, "messages": ASKED, "temperature": 0, "max_completion_tokens": 30, **more}
    )


def test_a_question_is_answered(client):
    found = chat(client)
    assert "Paris" in found.choices[0].message.content
    assert found.choices[0].finish_reason == "stop"
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens > 0


def test_the_answer_names_the_model_that_really_ran(client):
    assert chat(client, model="gpt-4o-mini").model == MODEL


def test_a_stream_gives_the_same_words_piece_by_piece_and_the_usage_at_its_end(client):
    with chat(client, stream=True, stream_options={"include_usage": True}) as stream:
        chunks = list(stream)
    pieces = [one.choices[0].delta.content for one in chunks if one.choices and one.choices[0].delta.content]
    assert len(pieces) > 3
    assert "".join(pieces) == chat(client).choices[0].message.content
    assert chunks[-1].usage.completion_tokens >= len(pieces)
    assert {one.model for one in chunks} == {MODEL}


def test_a_stream_comes_while_the_model_still_writes(url):
    body = {"model": MODEL, "messages": ASKED, "stream": True, "max_completion_tokens": 100, "temperature": 0}
    body["messages"] = [{"role": "user", "content": "Tell a long story about the sea."}]
    sent = {"Authorization": "Bearer any"}
    with httpx.stream("POST", f"{url}chat/completions", json=body, headers=sent, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        blocks = [piece for piece in answer.iter_raw() if piece]
    assert len(blocks) > 20
    assert b"".join(blocks).rstrip().endswith(b"data: [DONE]")


def test_the_bound_on_tokens_is_kept(client):
    found = chat(client, max_completion_tokens=3)
    assert (found.choices[0].finish_reason, found.usage.completion_tokens) == ("length", 3)


def test_two_choices_are_given(client):
    assert [one.index for one in chat(client, n=2, temperature=1, seed=1).choices] == [0, 1]


def test_an_answer_keeps_to_a_json_schema(client):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    shape = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    assert "city" in json.loads(
        chat(client, response_format=shape, max_completion_tokens=60).choices[0].message.content
    )


def test_parts_of_text_and_a_developers_message_are_read(client):
    parts = [{"type": "text", "text": "What is the capital"}, {"type": "text", "text": "of France?"}]
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}]
    assert "Paris" in chat(client, messages=messages).choices[0].message.content


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "tell_weather"}}])
def test_a_function_that_must_be_called_is_called(client, choice):
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    found = chat(client, messages=messages, tools=[WEATHER], tool_choice=choice, max_completion_tokens=60).choices[0]
    assert found.finish_reason == "tool_calls"
    assert found.message.tool_calls[0].function.name == "tell_weather"
    assert json.loads(found.message.tool_calls[0].function.arguments).keys() == {"city"}


def test_a_function_that_must_be_called_is_called_in_a_stream(client):
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    more = {"tools": [WEATHER], "tool_choice": "required", "max_completion_tokens": 60, "stream": True}
    with chat(client, messages=messages, **more) as stream:
        chunks = [one.choices[0] for one in stream if one.choices]
    calls = [call for one in chunks for call in one.delta.tool_calls or ()]
    assert [one.function.name for one in calls if one.function.name] == ["tell_weather"]
    assert json.loads("".join(one.function.arguments or "" for one in calls)).keys() == {"city"}
    assert [one.finish_reason for one in chunks if one.finish_reason] == ["tool_calls"]


def test_what_a_function_answered_is_read(client):
    call = {"id": "call_1", "type": "function", "function": {"name": "tell_weather", "arguments": '{"city": "Paris"}'}}
    messages = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Sunny"},
    ]
    with_it = chat(client, messages=messages, tools=[WEATHER]).usage.prompt_tokens
    assert with_it > chat(client, messages=messages[:1], tools=[WEATHER]).usage.prompt_tokens


def test_a_text_is_completed(client):
    found = client.completions.create(model=MODEL, prompt="One, two, three,", temperature=0, max_tokens=8)
    assert "four" in found.choices[0].text
    assert found.model == MODEL


def test_a_completion_is_streamed(client):
    with client.completions.create(model=MODEL, prompt="One, two,", temperature=0, stream=True) as stream:
        assert "three" in "".join(one.choices[0].text for one in stream if one.choices)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"temperature": 3}, "temperature"),
        ({"n": 0}, "n"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "usr", "content": "Hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"logit_bias": {"5": 101}}, "logit_bias"),
        ({"extra_body": {"unheard_of": 1}}, "unheard_of"),
        ({"model": "all-minilm-l6-v2"}, "model"),
    ],
)
def test_a_bad_body_is_refused_by_the_name_of_its_fault(client, more, param):
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, **more)
    assert (caught.value.param, caught.value.type) == (param, "invalid_request_error")


def test_a_prompt_longer_than_the_context_is_refused_in_the_vendors_envelope(client):
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, messages=[{"role": "user", "content": "word " * 5000}])
    assert caught.value.type == "invalid_request_error"
    assert caught.value.message


def test_a_fine_tuned_model_that_is_not_there_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        chat(client, model="ft:nobody", messages=GREETED)
    assert caught.value.code == "model_not_found"
