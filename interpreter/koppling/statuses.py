"""What the status of an answer says."""

from __future__ import annotations

from typing import Final

SUCCESS: Final = range(200, 300)  # RFC 9110, 15.3
