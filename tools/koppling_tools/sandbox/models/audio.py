"""`/audio/transcriptions` and `/audio/translations`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, StreamingResponse

from koppling_tools.sandbox.models import fine_tuning, forms, weights
from koppling_tools.sandbox.models.answers import LABEL, MODEL, STAND_IN, Refused, answer, event
from koppling_tools.sandbox.models.fields import Field, Table, read_form
from koppling_tools.sandbox.models.hearing import Heard

_FORMATS: Final = ("json", "text", "srt", "verbose_json", "vtt")
# https://platform.openai.com/docs/api-reference/audio
_TRANSLATION: Final[Table] = {
    "file": Field(required=True),
    "model": Field("text", required=True, low=1),
    "prompt": Field("text"),
    "response_format": Field("text", choices=_FORMATS),
    "temperature": Field("number", low=0, high=1),
}
_TRANSCRIPTION: Final[Table] = {
    **_TRANSLATION,
    "language": Field("text"),
    "stream": Field("boolean"),
    "timestamp_granularities": Field("list"),
}


async def transcribe(request: Any) -> Any:
    """Answer `POST /audio/transcriptions`."""
    form, heard = await _heard(request, _TRANSCRIPTION)
    if form.get("language", "en") not in {"en", "english"}:
        raise Refused("the local model hears English alone", param="language", code="unsupported_value")
    if form.get("stream"):
        return StreamingResponse(_events(heard), media_type="text/event-stream", headers={LABEL: MODEL})
    return _shown(form, heard, "transcribe", MODEL)


async def translate(request: Any) -> Any:
    """Answer `POST /audio/translations`: a stand-in, as the model hears English alone, which needs no translation."""
    form, heard = await _heard(request, _TRANSLATION)
    return _shown(form, heard, "translate", STAND_IN)


async def _heard(request: Any, table: Table) -> tuple[dict[str, Any], Heard]:
    given = await forms.read(request)
    form = read_form(given, table)
    file = forms.file_of(form, "file")
    parts = request.app.state.parts
    fine_tuning.check_model(parts.store, form["model"], weights.SPEECH)
    heard = await run_in_threadpool(
        parts.hearing.hear,
        file.content,
        prompt=form.get("prompt"),
        temperature=form.get("temperature", 0.0),
        words="word" in form.get("timestamp_granularities", []),
    )
    return form, heard


def _shown(form: dict[str, Any], heard: Heard, task: str, label: str) -> Any:
    shape = form.get("response_format", "json")
    if shape == "json":
        usage = {"type": "duration", "seconds": round(heard.duration)}
        return answer({"text": heard.text, "usage": usage}, label)
    if shape == "verbose_json":
        return answer(_verbose(form, heard, task), label)
    body = {"text": f"{heard.text}\n", "srt": _srt(heard), "vtt": _vtt(heard)}[shape]
    return PlainTextResponse(body, headers={LABEL: label})


def _verbose(form: dict[str, Any], heard: Heard, task: str) -> dict[str, Any]:
    wanted = form.get("timestamp_granularities", ["segment"])
    found: dict[str, Any] = {"task": task, "language": "english", "duration": heard.duration, "text": heard.text}
    if "segment" in wanted:
        names = ("id", "seek", "start", "end", "text", "tokens", "avg_logprob", "compression_ratio", "no_speech_prob")
        given = form.get("temperature", 0.0)
        found["segments"] = [
            {**{name: getattr(one, name) for name in names}, "temperature": one.temperature or given}
            for one in heard.segments
        ]
    if "word" in wanted:
        words = [word for one in heard.segments for word in one.words or ()]
        found["words"] = [{"word": one.word.strip(), "start": one.start, "end": one.end} for one in words]
    return found


def _clock(seconds: float, point: str) -> str:
    thousandths = round(seconds * 1000)
    hours, minutes, whole = thousandths // 3600000, thousandths // 60000 % 60, thousandths // 1000 % 60
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{point}{thousandths % 1000:03d}"


def _srt(heard: Heard) -> str:
    return "".join(
        f"{number}\n{_clock(one.start, ',')} --> {_clock(one.end, ',')}\n{one.text.strip()}\n\n"
        for number, one in enumerate(heard.segments, 1)
    )


def _vtt(heard: Heard) -> str:
    cues = (f"{_clock(one.start, '.')} --> {_clock(one.end, '.')}\n{one.text.strip()}\n\n" for one in heard.segments)
    return "WEBVTT\n\n" + "".join(cues)


def _events(heard: Heard) -> Iterator[bytes]:
    for one in heard.segments:
        yield event({"type": "transcript.text.delta", "delta": one.text})
    yield event({"type": "transcript.text.done", "text": heard.text})
