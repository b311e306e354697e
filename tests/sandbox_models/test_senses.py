"""Embeddings, speech, moderation and pictures, as the vendor's client sees them."""

import base64
import struct

import httpx
import openai
import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.xdist_group("models")]


def near(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


def embed(client, texts, **more):
    return client.embeddings.create(**{"model": "all-minilm-l6-v2", "input": texts, **more})


def test_texts_of_like_meaning_lie_near_each_other(client):
    found = [one.embedding for one in embed(client, ["The cat sleeps.", "A kitten naps.", "Stocks fell."]).data]
    assert near(found[0], found[1]) > near(found[0], found[2]) + 0.3
    assert abs(near(found[0], found[0]) - 1) < 1e-5


def test_the_vector_is_that_of_the_reference_implementation(client):
    # sentence-transformers gives these for the text, to four places.
    found = embed(client, "hello world", encoding_format="float")
    assert [round(one, 4) for one in found.data[0].embedding[:2]] == [-0.0345, 0.0310]
    assert len(found.data[0].embedding) == 384
    assert (found.model, found.usage.prompt_tokens) == ("all-minilm-l6-v2", 4)


def test_base64_holds_the_same_numbers(client, url):
    plain = embed(client, "An oak", encoding_format="float").data[0].embedding
    body = {"model": "any", "input": "An oak", "encoding_format": "base64"}
    answer = httpx.post(f"{url}embeddings", json=body, headers={"Authorization": "Bearer any"}, timeout=60).json()
    numbers = struct.unpack("<384f", base64.b64decode(answer["data"][0]["embedding"]))
    assert numbers == pytest.approx(plain, abs=1e-7)


def test_shortened_vectors_have_length_one(client):
    found = embed(client, "An oak", dimensions=64).data[0].embedding
    assert len(found) == 64
    assert near(found, found) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("given", ["", [], [1, 2], [""]])
def test_what_is_no_text_is_not_embedded(client, given):
    with pytest.raises(openai.BadRequestError) as caught:
        embed(client, given)
    assert caught.value.param == "input"


def hear(client, speech, **more):
    return client.audio.transcriptions.create(**{"model": "whisper-tiny.en", "file": speech, **more})


def test_speech_is_written_down(client, speech):
    assert hear(client, speech).text == "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."


@pytest.mark.parametrize(
    ("shape", "begins"),
    [("text", "Ever tried."), ("srt", "1\n00:00:00,000 --> 00:00:"), ("vtt", "WEBVTT\n\n00:00:00.")],
)
def test_speech_is_written_down_in_the_form_asked_for(client, speech, shape, begins):
    found = hear(client, speech, response_format=shape)
    assert found.startswith(begins)
    assert "Fail better." in found


def test_each_words_time_is_told(client, speech):
    found = hear(client, speech, response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert [one.word for one in found.words[:2]] == ["Ever", "tried."]
    assert 0 <= found.words[0].start < found.words[-1].end <= found.duration < 11
    assert found.segments[0].text.strip().startswith("Ever tried.")


def test_a_transcription_is_streamed(client, speech):
    with hear(client, speech, stream=True) as stream:
        events = list(stream)
    assert "".join(one.delta for one in events[:-1]).strip() == events[-1].text
    assert events[-1].type == "transcript.text.done"


def test_a_translation_is_labelled_a_stand_in(client, speech):
    with pytest.warns(DeprecationWarning, match="deprecated"):
        found = client.audio.translations.with_raw_response.create(model="whisper-1", file=speech)
    assert found.headers["x-koppling-sandbox"] == "stand-in"
    assert "Fail better." in found.parse().text


def test_a_file_without_sound_is_refused(client):
    with pytest.raises(openai.BadRequestError) as caught:
        hear(client, ("words.wav", b"no sound"))
    assert caught.value.param == "file"


def test_a_stand_in_tells_threats_from_small_talk(client):
    found = client.moderations.with_raw_response.create(input=["I will kill him with an axe.", "Tea or coffee?"])
    assert found.headers["x-koppling-sandbox"] == "stand-in"
    answer = found.parse()
    assert "stand-in" in answer.model
    assert [one.flagged for one in answer.results] == [True, False]
    assert answer.results[0].categories.violence
    assert answer.results[0].category_scores.violence > answer.results[1].category_scores.violence


def test_the_parts_of_one_input_are_judged_together(client):
    parts = [{"type": "text", "text": "Tea"}, {"type": "text", "text": "or coffee?"}]
    assert [one.flagged for one in client.moderations.create(input=parts).results] == [False]


def dimensions(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_pictures_are_drawn_in_the_size_and_number_asked_for_and_labelled(client):
    found = client.images.with_raw_response.generate(prompt="A red fox", size="256x256", n=2)
    assert found.headers["x-koppling-sandbox"] == "stand-in"
    drawn = [base64.b64decode(one.b64_json) for one in found.parse().data]
    assert [dimensions(one) for one in drawn] == [(256, 256), (256, 256)]
    assert drawn[0] != drawn[1]


def test_the_same_prompt_gives_the_same_picture_and_another_gives_another(client):
    def draw(prompt):
        return client.images.generate(prompt=prompt, size="256x256").data[0].b64_json

    assert draw("A red fox") == draw("A red fox") != draw("A grey fox")


def test_a_picture_is_fetched_from_its_address_without_a_key(client):
    found = client.images.generate(prompt="A red fox", model="dall-e-2", size="256x256").data[0].url
    assert dimensions(httpx.get(found).content) == (256, 256)


def test_a_picture_is_streamed_from_coarse_to_fine(client):
    with client.images.generate(prompt="A fox", size="256x256", stream=True, partial_images=2) as stream:
        events = list(stream)
    assert [one.type for one in events] == [*["image_generation.partial_image"] * 2, "image_generation.completed"]
    assert len({one.b64_json for one in events}) == 3
    assert events[-1].b64_json == client.images.generate(prompt="A fox", size="256x256").data[0].b64_json


def test_a_picture_is_edited(client):
    first = base64.b64decode(client.images.generate(prompt="A fox", size="256x256").data[0].b64_json)
    for given in (("fox.png", first), [("fox.png", first), ("again.png", first)]):
        found = client.images.edit(image=given, prompt="Make it blue", model="gpt-image-1", size="1024x1536")
        assert dimensions(base64.b64decode(found.data[0].b64_json)) == (1024, 1536)
    with client.images.edit(image=("fox.png", first), prompt="Make it blue", stream=True) as stream:
        assert [one.type for one in stream] == ["image_edit.completed"]


def test_what_is_no_picture_is_not_edited(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.edit(image=("fox.png", b"no picture"), prompt="Make it blue")
    assert caught.value.param == "image"


@pytest.mark.parametrize("size", ["1000x1000", "16x2000", "large", "0x0"])
def test_a_size_that_cannot_be_is_refused(client, size):
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.generate(prompt="A fox", size=size)
    assert caught.value.param == "size"


def test_variations_are_gone(client):
    with pytest.raises(openai.APIStatusError) as caught, pytest.warns(DeprecationWarning, match="deprecated"):
        client.images.create_variation(image=("fox.png", b"\x89PNG"))
    assert caught.value.status_code == 410
