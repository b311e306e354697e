"""Speech as text: Whisper tiny.en by faster-whisper, loaded when it is first asked for."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import Any

from koppling_tools.sandbox.models import weights
from koppling_tools.sandbox.models.answers import Refused


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in a recording: its segments, as faster-whisper gives them, and its length in seconds."""

    segments: list[Any]
    duration: float

    @property
    def text(self) -> str:
        """All that was said."""
        return "".join(one.text for one in self.segments).strip()


class Hearing:
    """The model; one recording at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None

    def hear(self, recording: bytes, *, prompt: str | None, temperature: float, words: bool) -> Heard:
        """Return what is said in a recording.

        Args:
            recording: a file of any format that FFmpeg reads.
            prompt: what came before, or names that will be said.
            temperature: from 0 to 1.
            words: whether each word's time is wanted.

        Raises:
            Refused: there is no sound in the file that can be read.
        """
        with self._lock:
            sound = _decoded(recording)
            if self._model is None:
                from faster_whisper import WhisperModel  # heavy

                self._model = WhisperModel(str(weights.speech_model()), device="cpu", compute_type="int8")
            segments, about = self._model.transcribe(
                sound, language="en", initial_prompt=prompt, temperature=temperature, word_timestamps=words
            )
            return Heard(list(segments), about.duration)


def _decoded(recording: bytes) -> Any:
    from av.error import FFmpegError  # heavy
    from faster_whisper.audio import decode_audio  # heavy

    try:
        sound = decode_audio(io.BytesIO(recording))
    except (FFmpegError, IndexError, ValueError):
        sound = None
    if sound is None or sound.size == 0:
        raise Refused("no sound can be read from this file", param="file", code="invalid_value")
    return sound
