"""Where the parts of a request stand in the spec: `file:line:column` of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from koppling.diagnostics import join_pointer
from koppling.render.sink import At


class Places:
    """The places of one operation's request.

    Args:
        own: gives, when a place is looked for, `line:column` by JSON Pointer into the request of the plan, of what the
            module says.
        path: the module's file.
        shared: the same of what the connector says, by JSON Pointer into its file.
        shared_path: the connector's file.
    """

    __slots__ = ("_own", "_path", "_shared", "_shared_path")

    def __init__(
        self, own: Callable[[], Mapping[str, str]], path: str, shared: Mapping[str, str], shared_path: str
    ) -> None:
        self._own, self._path, self._shared, self._shared_path = own, path, shared, shared_path

    def find(self, at: At) -> str:
        """Return where a part of the request stands, or the nearest thing around it; nothing where none says it."""
        own = self._own()
        for length in range(len(at), 0, -1):
            inner = at[:length]
            if (place := own.get(join_pointer(*inner))) is not None:
                return f"{self._path}:{place}"
            theirs = inner if inner[0] == "auth" else ("request", *_HEADERS.get(inner[0], inner[:1]), *inner[1:])
            if (place := self._shared.get(join_pointer(*theirs))) is not None:
                return f"{self._shared_path}:{place}"
        return ""


_HEADERS: Mapping[str | int, At] = {"shared_headers": ("headers",)}
