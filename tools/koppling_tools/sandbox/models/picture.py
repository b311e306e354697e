"""Pictures drawn by rule: the same words and size give the same PNG. They show nothing of what the words say."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Any, Final

_DISCS: Final = 7
_MAGIC: Final = b"\x89PNG\r\n\x1a\n"


def draw(seed: str, width: int, height: int, coarse: int = 1) -> bytes:
    """Return a PNG: discs over a gradient, their places and colours from the seed.

    Args:
        seed: what the picture is made from.
        width: in pixels.
        height: in pixels.
        coarse: the side of the squares that it is made of, as a picture looks before it is finished.
    """
    import numpy as np  # heavy

    random = np.random.default_rng(list(hashlib.sha256(seed.encode()).digest()))
    across: Any
    down: Any
    across, down = np.meshgrid(
        (np.arange(width) // coarse * coarse / width).astype(np.float32),
        (np.arange(height) // coarse * coarse / height).astype(np.float32),
    )
    corner, other = random.integers(0, 256, (2, 3))
    blend = ((across + down) / 2)[..., None]
    pixels = (corner * (1 - blend) + other * blend).astype(np.uint8)
    for _ in range(_DISCS):
        x, y, radius = random.random(3)
        colour = random.integers(0, 256, 3)
        inside = (across - x) ** 2 + ((down - y) * height / width) ** 2 < (0.05 + radius / 5) ** 2
        pixels[inside] = (pixels[inside] / 3 + colour * (2 / 3)).astype(np.uint8)
    return _png(pixels, width, height, seed)


def _png(pixels: Any, width: int, height: int, seed: str) -> bytes:
    """Return 8-bit RGB pixels as a PNG whose text says what it is. https://www.w3.org/TR/png-3/."""
    import numpy as np  # heavy

    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, width * 3)], axis=1)
    about = b"Comment\0drawn by rule from " + hashlib.sha256(seed.encode()).hexdigest()[:16].encode()
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"tEXt", about),
        (b"IDAT", zlib.compress(lines.tobytes(), 6)),
        (b"IEND", b""),
    )
    return _MAGIC + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
