"""What stops a call, sorted by who must act.

KopplingError
├─ SpecError            the editor of a spec: each fault with file:line:column
├─ UnknownModule        the caller: no such module; the near misses
├─ ModuleRetired        the caller: it is gone; what replaced it
├─ InputInvalid         the caller: all problems of the inputs, before anything is sent
├─ ConnectionInvalid    the caller: which field of the connection is missing, which variable would supply it
├─ TransportError       the network: no answer
└─ ApiError             the vendor answered, and it was no success
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from koppling.diagnostics import Diagnostic, Problem
from koppling.model import Attempt, Lifecycle, Request

if TYPE_CHECKING:
    from koppling.trace import Leaf

Kind = Literal[
    "connection",
    "data",
    "duplicate_data",
    "invalid_access_token",
    "rate_limit",
    "incomplete_data",
    "inconsistency",
    "module_timeout",
    "runtime",
]


class KopplingError(Exception):
    """The root of all errors here. Each holds its facts as attributes and makes its prose in `str`."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), dict(self.__dict__))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


def _restore(kind: type[KopplingError], facts: dict[str, Any]) -> KopplingError:
    error = kind.__new__(kind)
    error.__dict__.update(facts)
    return error


@dataclass(eq=False, repr=False)
class SpecError(KopplingError):
    """A spec that cannot be run. `diagnostics` has every fault with its place."""

    diagnostics: tuple[Diagnostic, ...]

    def __str__(self) -> str:
        return "\n".join(str(one) for one in self.diagnostics)


@dataclass(eq=False, repr=False)
class UnknownModule(KopplingError):
    """No module, or no connector, of that name.

    `near` are names that were probably meant; `known` tells where was looked; `what` is "module" or "connector".
    """

    name: str
    near: tuple[str, ...] = ()
    known: str = ""
    what: Literal["module", "connector"] = "module"

    def __str__(self) -> str:
        said = f"there is no {self.what} {self.name!r}"
        if self.near:
            said += "; did you mean " + " or ".join(repr(name) for name in self.near) + "?"
        return f"{said} {self.known}".rstrip()


@dataclass(eq=False, repr=False)
class ModuleRetired(KopplingError):
    """A module, or one operation of it, that no longer runs.

    `lifecycle` has the dates, the reason and the replacement.
    """

    name: str
    lifecycle: Lifecycle
    operation: str | None = None

    def __str__(self) -> str:
        what = f"{self.name}, operation {self.operation}," if self.operation else self.name
        said = f"{what} was retired on {self.lifecycle.retired}"
        if self.lifecycle.reason:
            said += f": {self.lifecycle.reason.rstrip('.')}"
        if self.lifecycle.replaced_by:
            said += f". Use {self.lifecycle.replaced_by} instead"
        return said + "."


@dataclass(eq=False, repr=False)
class InputInvalid(KopplingError):
    """Inputs that the module does not take. `problems` has all of them; nothing was sent."""

    module: str
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return f"{self.module}: {self.problems[0]}"
        count = len(self.problems)
        return f"{self.module}: {count} problems with the inputs\n" + "\n".join(f"  {one}" for one in self.problems)


@dataclass(eq=False, repr=False)
class ConnectionInvalid(KopplingError):
    """A connection that cannot be used. `field` is what is missing or wrong, `variable` what would supply it."""

    connector: str
    message: str
    field: str | None = None
    variable: str | None = None

    def __str__(self) -> str:
        return self.message


@dataclass(eq=False, repr=False)
class TransportError(KopplingError):
    """No answer.

    `reason` is connect, timeout, cut (it broke off), protocol, or deadline: the call's own time was over, and its
    `__cause__` is the last fault before that. `sent` tells whether the vendor may have carried the request out, in any
    of its `attempts`. `partial` is what had arrived of a body or a stream.
    """

    reason: Literal["connect", "timeout", "cut", "protocol", "deadline"]
    message: str
    sent: bool
    request: Request | None = None
    attempts: tuple[Attempt, ...] = ()
    partial: Any = None

    def __str__(self) -> str:
        where = f"{self.request.method} {self.request.masker.text(self.request.url)}: " if self.request else ""
        tried = f" after {len(self.attempts)} attempts" if len(self.attempts) > 1 else ""
        carried = " The request may have been carried out." if self.sent else " Nothing was carried out."
        missed = "no success" if self.reason == "deadline" else "no answer"
        return f"{where}{missed}{tried}: {self.message}.{carried}"


@dataclass(eq=False, repr=False)
class ApiError(KopplingError):
    """The vendor answered, and it was no success.

    `kind` says who should do what; `code`, `type`, `param` and `message` are the vendor's own, masked; codes that
    start with `koppling.` are ours. `retry_after` is in seconds. `partial` is what had been folded of a stream.
    `origin` is the part of the request that `param` names.
    """

    kind: Kind
    status: int
    message: str
    code: str | None = None
    type: str | None = None
    param: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    request: Request | None = None
    attempts: tuple[Attempt, ...] = ()
    body: Any = field(default=None)
    partial: Any = None

    @property
    def origin(self) -> Leaf | None:
        """Where the part of the request that the vendor's `param` names came from: its inputs, its line of the spec.

        It is looked for when it is asked for. None where the vendor named no part, or it cannot be told.
        """
        seek = self.__dict__.pop("_seek", None)
        if seek is not None:
            try:
                self._origin = seek()
            except Exception:  # noqa: BLE001  (the words of an error must not fail)
                self._origin = None
        return self.__dict__.get("_origin")

    def seek_origin(self, seek: Callable[[], Leaf | None]) -> None:
        """Say how `origin` is found, should anybody ask."""
        self._seek = seek

    def __reduce__(self) -> tuple[Any, ...]:
        _ = self.origin  # how it is found cannot travel
        return super().__reduce__()

    def __str__(self) -> str:
        said = f"{self.kind} error, status {self.status}: {self.message}"
        facts = [f"{name} {value}" for name, value in (("code", self.code), ("param", self.param)) if value]
        if self.request_id:
            facts.append(f"request id {self.request_id}")
        if self.retry_after is not None:
            facts.append(f"retry after {self.retry_after:g} s")
        if len(self.attempts) > 1:
            facts.append(f"{len(self.attempts)} attempts")
        said += f" ({', '.join(facts)})" if facts else ""
        return f"{said}; {self.origin.told(f'`{self.param}`')}" if self.origin is not None else said
