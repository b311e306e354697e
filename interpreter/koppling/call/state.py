"""What a call is made of, and what it has come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from koppling.effects import Life
from koppling.expression import Roots
from koppling.extract import Case, Follow
from koppling.limits import Queue
from koppling.link import Grant, Operation
from koppling.masking import Masker
from koppling.model import Attempt, Request, Response, Result
from koppling.retry import Retry
from koppling.validate import Prepared

if TYPE_CHECKING:
    from koppling.trace import Leaf  # and what makes one: only who asks for a trace pays


@dataclass(slots=True)
class Position:
    """Where a search stands: what asks for the page, how many of its items were taken, how many bundles given."""

    page: dict[str, Any] = field(default_factory=dict)
    address: str | None = None
    taken: int = 0
    given: int = 0


@dataclass(slots=True)
class Answer:
    """One answer that was a success, read. `roots` are what its expressions see."""

    case: Case
    status: int
    headers: dict[str, str]
    body: Any
    roots: Roots
    request: Request


@dataclass(slots=True)
class Call:
    """All that one call is made of.

    `begin` lives the call of another module on the same connection: (name, inputs, the call that it is part of).
    `deadline` is how many seconds it may take in all, `ends` when they are over, once it runs. `keys` counts requests.
    `grant` gives tokens, where the connector's calls need one.
    """

    operation: Operation
    prepared: Prepared
    connection: dict[str, Any]
    masker: Masker
    random: Callable[[], float]
    begin: Callable[[str, dict[str, Any], Call], Life]
    retry: Retry
    queue: Queue
    timeout: float | None = None
    deadline: float | None = None
    ends: float | None = None
    keys: int = 0
    grant: Grant | None = None
    attempts: list[Attempt] = field(default_factory=list)
    position: Position = field(default_factory=Position)
    last: Answer | None = None
    _identity: str = ""

    def render(self, page: dict[str, Any] | None = None) -> Request:
        """Return the request, of the first page when not told which.

        Raises:
            InputInvalid: a value that may not stand where it would.
        """
        roots = self._roots(self._begins() if page is None else page)
        self.keys += 1
        request = self.operation.request.render(roots, extras=self.prepared.extras, masker=self.masker)
        if self.timeout is not None:
            request = replace(request, timeout=dict.fromkeys(("connect", "read", "write", "pool"), self.timeout))
        return request

    def trace(self, page: dict[str, Any] | None = None) -> list[Leaf]:
        """Return where each part of the request that `render` gives came from.

        Raises:
            ConnectionInvalid: a credential that no header can carry.
        """
        from koppling.render.tracing import trace

        roots = self._roots(self._begins() if page is None else page)
        found = trace(self.operation.request, roots, self.prepared.extras)
        return [self._marked(self._limited(leaf, roots)) for leaf in found]

    def _limited(self, leaf: Leaf, roots: Roots) -> Leaf:
        """Return a leaf with the input that limits the bundles, where it reads the size that this gives a page."""
        from koppling.render.sources import sources

        rule = next((one["limit"] for one in self.operation.spec.run["response"] if "limit" in one), None)
        if rule is None or "page.size" not in leaf.others:
            return leaf
        limit = sources(rule, roots)
        leaf = replace(leaf, inputs=(*leaf.inputs, *limit.inputs), missing=(*leaf.missing, *limit.missing))
        return replace(leaf, dropped=limit.why()) if leaf.dropped and limit.missing else leaf

    def _marked(self, leaf: Leaf) -> Leaf:
        """Return a leaf that tells whether a secret is in it."""
        fields, connection = self.operation.spec.fields, self.operation.connector.fields
        read = {one.split("/")[1] for one in leaf.inputs if one} if "" not in leaf.inputs else set(self.prepared.values)
        ours = {one.partition(".")[2] for one in leaf.others if one.startswith("connection.")}
        secret = any(fields[name].secret for name in read if name in fields)
        secret = secret or any(connection[name].secret for name in ours if name in connection)
        return replace(leaf, secret=True) if secret else leaf

    def onward(self, request: Request, url: str) -> Request:
        """Return a GET of another address of the same origin."""
        found = self.operation.request.onward(request, url, self._roots({}))
        found.headers.pop(self.retry.key_header or "", None)
        return found

    def below(self, path: str, roots: Roots) -> str:
        """Return the address of a path that reads the answer, too.

        Raises:
            ValueError: a value that may not stand there.
        """
        return self.operation.request.other(path, {**self._roots({}), **roots})

    def _roots(self, page: dict[str, Any]) -> Roots:
        return {
            "input": self.prepared.values,
            "connection": self.connection,
            "page": page,
            "call": {"id": self.identity, "key": self._key()} if self.operation.reads_call else {},
        }

    def roots_of_limits(self) -> Roots:
        """Return what the expressions of the rate limits see."""
        return {"input": self.prepared.values, "connection": self.connection}

    def _key(self) -> str:
        """Return the idempotency key of the next request: the call's identity, and for what follows one made of it."""
        if not self.keys:
            return self.identity
        import uuid

        return str(uuid.uuid5(uuid.UUID(self.identity), str(self.keys)))

    def aside(self, operation: Operation) -> Call:
        """Return a call of another operation, as of the token endpoint's: its attempts and its end are this one's."""
        return replace(self, operation=operation, retry=operation.retry)

    @property
    def identity(self) -> str:
        """What tells the call from all others, the same for each of its attempts."""
        if not self._identity:
            import uuid

            self._identity = str(uuid.uuid4())
        return self._identity

    def moved(self, request: Request, url: str) -> Request:
        """Return the same request to another address of the same origin."""
        return replace(request, url=self.operation.request.authenticated(url, self._roots({})))

    @property
    def limit(self) -> int | None:
        """How many bundles the inputs ask for at most."""
        limit = self.operation.limit
        value = None if limit is None else limit(None, {"input": self.prepared.values})
        return None if value is None else int(value)

    @property
    def follow(self) -> Follow | None:
        """The rules by which a list is followed, where the inputs ask for that."""
        rules = next((case.follow for case in self.operation.cases if case.follow), None)
        return rules if rules is not None and rules.when(None, {"input": self.prepared.values}) else None

    def _begins(self) -> dict[str, Any]:
        """Return the root `page` of the first request; a round of a followed list reads as far as it must."""
        return {} if self.operation.pages is None else self.first_page(None if self.follow else self.limit)

    def first_page(self, left: int | None) -> dict[str, Any]:
        """Return the root `page` of a search that begins; `left` is what the limit allows."""
        pages = self.operation.pages
        return {} if pages is None else pages.first(left)

    def result(self, answer: Answer, output: Any) -> Result:
        """Return the Result that this answer and output make."""
        response = Response(answer.status, answer.headers, self.operation.errors.request_id(answer.headers))
        case, name = answer.case, self.operation.module.full_name
        envelope = None if case.envelope is None else case.envelope(answer.body, answer.roots)
        self.last = answer
        return Result(output, response, tuple(self.attempts), envelope, name, case.usage(answer.body, answer.roots))
