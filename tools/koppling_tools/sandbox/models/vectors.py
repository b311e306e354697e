"""Texts as vectors: all-MiniLM-L6-v2, computed with numpy.

A BERT of six layers, then the mean over a text's tokens, then length one; as its `config.json`, `modules.json` and
`sentence_bert_config.json` say.
"""

from __future__ import annotations

import json
import struct
import threading
from pathlib import Path
from typing import Any, Final

from koppling_tools.sandbox.models import weights

DIMENSIONS: Final = 384
_LONGEST: Final = 256  # tokens; what comes after them is not read
_HEADS: Final = 12
_LAYERS: Final = 6
_EPSILON: Final = 1e-12
# Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: erf within 1.5e-7
_ERF: Final = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
_ERF_P: Final = 0.3275911


class Vectors:
    """The model, loaded when it is first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: tuple[dict[str, Any], Any] | None = None

    def embed(self, texts: list[str]) -> tuple[Any, int]:
        """Return the texts' vectors, as an array of float32, and how many tokens were read."""
        import numpy as np  # heavy

        tensors, tokenizer = self._load()
        encoded = [tokenizer.encode(text).ids for text in texts]
        found: Any = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for place, ids in enumerate(encoded):
            mean = _forward(tensors, ids).mean(axis=0)
            found[place] = mean / np.linalg.norm(mean)
        return found, sum(len(ids) for ids in encoded)

    def _load(self) -> tuple[dict[str, Any], Any]:
        with self._lock:
            if self._loaded is None:
                from tokenizers import Tokenizer  # heavy

                folder = weights.embedding_model()
                tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
                tokenizer.enable_truncation(_LONGEST)
                tokenizer.no_padding()
                self._loaded = _read(folder / "model.safetensors"), tokenizer
            return self._loaded


def _read(path: Path) -> dict[str, Any]:
    """Return the tensors of a safetensors file: the length of a JSON header, the header, then the bytes."""
    import numpy as np  # heavy

    data = np.memmap(path, dtype=np.uint8, mode="r")
    (length,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8 : 8 + length].tobytes())
    body = data[8 + length :]
    return {
        name: body[one["data_offsets"][0] : one["data_offsets"][1]].view(np.float32).reshape(one["shape"])
        for name, one in header.items()
        if name != "__metadata__" and one["dtype"] == "F32"
    }


def _forward(tensors: dict[str, Any], ids: list[int]) -> Any:
    """Return the last layer's state for each token of a text."""
    import numpy as np  # heavy

    def linear(state: Any, name: str) -> Any:
        return state @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def normal(state: Any, name: str) -> Any:
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + _EPSILON)
        return centred / spread * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    def heads(state: Any) -> Any:
        return state.reshape(len(ids), _HEADS, -1).transpose(1, 0, 2)

    at = "embeddings"
    state = tensors[f"{at}.word_embeddings.weight"][ids] + tensors[f"{at}.position_embeddings.weight"][: len(ids)]
    state = normal(state + tensors[f"{at}.token_type_embeddings.weight"][0], f"{at}.LayerNorm")
    for layer in range(_LAYERS):
        at = f"encoder.layer.{layer}"
        query, key, value = (heads(linear(state, f"{at}.attention.self.{one}")) for one in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(DIMENSIONS / _HEADS)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        mixed = linear(mixed.transpose(1, 0, 2).reshape(len(ids), -1), f"{at}.attention.output.dense")
        state = normal(state + mixed, f"{at}.attention.output.LayerNorm")
        wide = _gelu(linear(state, f"{at}.intermediate.dense"))
        state = normal(state + linear(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return state


def _gelu(state: Any) -> Any:
    """Return x * P(X <= x) for a standard normal X."""
    import numpy as np  # heavy

    scaled = np.abs(state) / np.float32(np.sqrt(2))
    step = 1 / (1 + _ERF_P * scaled)
    first, second, third, fourth, fifth = _ERF
    series = ((((fifth * step + fourth) * step + third) * step + second) * step + first) * step
    return state * (1 + np.sign(state) * (1 - series * np.exp(-(scaled**2)))) / 2
