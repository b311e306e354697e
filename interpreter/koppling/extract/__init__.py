"""An answer to an output: bodies decoded, errors told apart, expressions evaluated. No I/O.

Vendors' answers are never validated: what is missing is null in the output.
"""

from __future__ import annotations

from koppling.extract.bodies import (
    Unreadable,
    decode,
    event_of,
    file_name,
    format_of,
    is_json,
    links_of,
    media_type,
)
from koppling.extract.cases import Case, Follow, Pages, Stream, TelemetryNames, Wait
from koppling.extract.error_map import ErrorMatch, Errors
from koppling.extract.values import Evaluate, value_of

__all__ = [
    "Case",
    "ErrorMatch",
    "Errors",
    "Evaluate",
    "Follow",
    "Pages",
    "Stream",
    "TelemetryNames",
    "Unreadable",
    "Wait",
    "decode",
    "event_of",
    "file_name",
    "format_of",
    "is_json",
    "links_of",
    "media_type",
    "value_of",
]
