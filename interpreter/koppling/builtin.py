"""What comes with the package: the language, and where the built-in specs are found."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

LANGUAGE: Final = 1


@lru_cache(maxsize=1)
def builtin_folder() -> Path:
    """Return the specs that come with the package: beside it in a wheel, at the top of the checkout else."""
    package = Path(__file__).resolve().parent
    inside = package / "spec"
    return inside if inside.is_dir() else package.parent.parent / "spec"
