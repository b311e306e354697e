"""Pages of a list by OpenAI's cursor: those that come after an id, up to a limit."""

from __future__ import annotations

from typing import Any

from koppling_tools.sandbox.models.answers import Refused


def page(items: list[dict[str, Any]], after: str | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """Return the items after the one of that id, up to `limit`, and whether there are more.

    Raises:
        Refused: `after` is the id of none.
    """
    begin = 0
    if after:
        places = [place for place, one in enumerate(items) if one["id"] == after]
        if not places:
            raise Refused(f"'after' names nothing in this list: {after!r}", param="after", code="invalid_value")
        begin = places[0] + 1
    return items[begin : begin + limit], len(items) > begin + limit


def whole_number(request: Any, name: str, *, default: int, most: int) -> int:
    """Return a parameter of the query, from 1 to `most`.

    Raises:
        Refused: it is none such.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise Refused(f"{name!r} must be a whole number from 1 to {most}", param=name, code="invalid_value")
    return int(text)
