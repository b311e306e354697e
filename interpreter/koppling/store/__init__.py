"""What Koppling keeps on disk for itself: compiled specs (a cache), and connections (a person's)."""

from __future__ import annotations

from koppling.store.compiled import load_compiled, store_compiled
from koppling.store.folders import cache_folder

# `koppling.store.connections` is imported by whoever loads or stores one: most calls take theirs from elsewhere.
__all__ = ["cache_folder", "load_compiled", "store_compiled"]
