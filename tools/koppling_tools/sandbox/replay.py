"""Answers from the examples of a connector, and the reasons where none fits. No sockets: `server` has those.

An example with several exchanges keeps its place: pages, polls and attempts come in their order. A request that begins
an example begins it anew; one that an example has left behind gets the answer it got, without moving.
"""

from __future__ import annotations

import difflib
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from koppling.diagnostics import suggestion
from koppling_tools.examples.answer import Answer, answer_of
from koppling_tools.examples.compare import Difference, path_text, show
from koppling_tools.examples.load import Example, Exchange
from koppling_tools.examples.match import mismatches
from koppling_tools.examples.wire import BODIES, Sent
from koppling_tools.sandbox.credential import Credential, Personal
from koppling_tools.sandbox.login import Login

ASKED: Final = "x-koppling-example"
"""The header by which a request asks for one example, and by which an answer names its own."""

_NEAREST: Final = 3
_SAID: Final = 3
_BAD: Final = 400


@dataclass
class Scene:
    """One example on the stage: its exchanges one by one, and how far it was played.

    Args:
        example: the example.
        base_url: what its paths are below of.
        path: the path of its operation as a pattern, for loose matching.
    """

    example: Example
    base_url: str
    path: re.Pattern[str] | None = None
    turns: list[tuple[Exchange, Answer]] = field(init=False)
    at: int = 0

    def __post_init__(self) -> None:
        self.turns = [
            (exchange, answer)
            for exchange in self.example.exchanges
            for answer in [answer_of(exchange.response)] * exchange.times
        ]

    @property
    def begun(self) -> bool:
        """Whether it was left in the middle."""
        return 0 < self.at < len(self.turns)

    def order(self) -> list[int]:
        """Return the turns in the order in which a request is held against them.

        Onward, from the start, then the last left behind.
        """
        onward = list(range(self.at, len(self.turns)))
        return onward + [0] * (self.at > 0) + list(range(self.at - 1, 0, -1))


@dataclass(frozen=True, slots=True)
class _Fit:
    scene: Scene
    turn: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Played:
    """An answer, and the name of the example that gave it; None where none did."""

    answer: Answer
    example: str | None


class Replay:
    """A connector's examples as a vendor.

    Args:
        connector: its name, for messages.
        scenes: the examples, in stable order.
        credential: what each request must carry.
        personal: what of a request is free, because it comes from the connection.
        base_url: where this vendor is reached; the vendor's own address becomes this one in its answers.
        loose: be content with the method, the path and the keys of the body.
        login: gives tokens, where the connector needs some.
    """

    def __init__(
        self,
        connector: str,
        scenes: Sequence[Scene],
        credential: Credential | None,
        personal: Personal,
        base_url: str,
        *,
        loose: bool = False,
        login: Login | None = None,
    ) -> None:
        self._connector = connector
        self._login = login
        self._scenes = [scene for scene in scenes if scene.turns]
        self._credential = credential
        self._personal = personal
        self._base_url = base_url
        self._loose = loose
        self._lock = threading.Lock()

    def answer(self, method: str, url: str, headers: Sequence[tuple[str, str]], data: bytes) -> Played:
        """Return what this vendor says to a request."""
        if self._login is not None and (said := self._login.answer(method, url)) is not None:
            return Played(said, None)
        sent = Sent.of(method, url, headers, data, self._base_url)
        if self._credential is not None and (lack := self._credential.missing(sent)):
            scheme = self._credential.scheme
            challenge = {"www-authenticate": scheme} if scheme else {}
            words = f"the request proves nobody's identity: {lack}"
            return _refusal(401, "koppling.no_credential", words, [], challenge)
        with self._lock:
            return self._play(self._personal.out_of(sent))

    def _play(self, sent: Sent) -> Played:
        scenes = self._scenes
        if asked := sent.headers.get(ASKED):
            scenes = [one for one in scenes if asked in {one.example.name, one.example.name.partition(".")[2]}]
            if not scenes:
                hint = suggestion(asked, [one.example.name for one in self._scenes])
                return _refusal(404, "koppling.no_example", f"there is no example {asked!r} with a request; {hint}", [])
        fits = [fit for scene in scenes for fit in self._fits(scene, sent)]
        exact = [fit for fit in fits if not fit.differences]
        loose = [fit for fit in fits if self._loose and _is_loose(fit, sent)]
        if not exact and not loose:
            return self._refused(sent, fits)
        chosen = min(exact or loose, key=lambda fit: _rank(fit, self._scenes))
        chosen.scene.at = max(chosen.scene.at, chosen.turn + 1) if chosen.turn else 1
        _, answer = chosen.scene.turns[chosen.turn]
        return Played(self._localised(chosen.scene, chosen.turn, answer), chosen.scene.example.name)

    def _fits(self, scene: Scene, sent: Sent) -> Iterator[_Fit]:
        """Yield the first turn of an example that a request fits exactly; where none, all of them."""
        found = []
        for turn in scene.order():
            stated = self._personal.unstated(scene.turns[turn][0].request)
            fit = _Fit(scene, turn, tuple(mismatches(self._here(scene, stated), sent)))
            if not fit.differences:
                yield fit
                return
            found.append(fit)
        yield from found

    def _here(self, scene: Scene, stated: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a stated request with this vendor's address in place of the real one."""
        path = str(stated.get("path", ""))
        return (
            {**stated, "path": path.replace(_origin(scene.base_url), _origin(self._base_url))}
            if "://" in path
            else stated
        )

    def _localised(self, scene: Scene, turn: int, answer: Answer) -> Answer:
        """Return an answer whose links lead here: pages and polls would go to the real vendor else."""
        theirs, ours = _origin(scene.base_url), _origin(self._base_url)
        if not theirs or theirs == ours:
            return answer
        headers = {name: value.replace(theirs, ours) for name, value in answer.headers.items()}
        if "base64" in scene.turns[turn][0].response:
            return Answer(answer.status, headers, answer.chunks)
        return Answer(
            answer.status, headers, tuple(one.replace(theirs.encode(), ours.encode()) for one in answer.chunks)
        )

    def _refused(self, sent: Sent, fits: list[_Fit]) -> Played:
        """Say why no example fits.

        404 where none has this method and path, else 422. Neither is a status that calls for a retry.
        """
        nearest = sorted(fits, key=_distance)[:_NEAREST]
        reasons = [
            {
                "example": fit.scene.example.name,
                "differences": [
                    {
                        "path": path_text(one.pointer),
                        **{"sent" if side == "got" else side: value for side, value in one.as_json().items()},
                    }
                    for one in fit.differences
                ],
            }
            for fit in nearest
        ]
        said = f"no example of {self._connector} answers {sent.method} {sent.path}"
        if not nearest:
            return _refusal(404, "koppling.no_example", f"{said}: there are none", [])
        best = nearest[0]
        elsewhere = any(one.pointer[0] in {"method", "path"} for one in best.differences)
        words = "; ".join(_words(one) for one in best.differences[:_SAID])
        more = len(best.differences) - _SAID
        words += f"; and {more} more" if more > 0 else ""
        return _refusal(
            404 if elsewhere else 422,
            "koppling.no_example",
            f"{said}. The nearest is {best.scene.example.name}: {words}",
            reasons,
        )


def _words(one: Difference) -> str:
    return f"{path_text(one.pointer)} is {show(one.stated)} there, {show(one.got)} here"


def _refusal(status: int, code: str, message: str, reasons: list[Any], headers: dict[str, str] | None = None) -> Played:
    body = {"error": {"message": message, "code": code, "reasons": reasons}}
    data = json.dumps(body, ensure_ascii=False, indent=2).encode() + b"\n"
    return Played(Answer(status, {"content-type": "application/json", **(headers or {})}, (data,)), None)


def _rank(fit: _Fit, scenes: list[Scene]) -> tuple[Any, ...]:
    """Order what fits.

    Examples that were begun, then successes, the nearest, the short ones, those that state the most headers.
    """
    exchange, answer = fit.scene.turns[fit.turn]
    return (
        not (fit.scene.begun and fit.turn == fit.scene.at),
        fit.scene.example.fails or answer.status >= _BAD,
        len(fit.differences),
        len(fit.scene.turns),
        -len(exchange.request.get("headers") or {}),
        scenes.index(fit.scene),
    )


def _is_loose(fit: _Fit, sent: Sent) -> bool:
    """Tell whether a request has the method, the path and the keys of the body that an example states."""
    stated = fit.scene.turns[fit.turn][0].request
    for one in fit.differences:
        if one.pointer[0] == "method":
            return False
        if one.pointer[0] == "path" and not _same_pattern(fit.scene.path, one):
            return False
    kind = next((key for key in BODIES if key in stated), None)
    theirs, value = sent.body or (None, None)
    if kind in {"text", "base64"}:
        return theirs is not None
    return kind == theirs and (kind is None or _keys(stated[kind]) == _keys(value))


def _same_pattern(pattern: re.Pattern[str] | None, one: Difference) -> bool:
    return pattern is not None and bool(pattern.fullmatch(str(one.stated)) and pattern.fullmatch(str(one.got)))


def _keys(body: Any) -> set[str]:
    if isinstance(body, Mapping):
        return set(body)
    if isinstance(body, list):
        return {str(part["name"]) for part in body if isinstance(part, Mapping) and "name" in part}
    return set()


def _distance(fit: _Fit) -> float:
    """Tell how far a request is from an exchange.

    Another path weighs more than another method, that more than any content.
    """
    weight = 0.0
    for one in fit.differences:
        match one.pointer[0]:
            case "path":
                alike = difflib.SequenceMatcher(None, str(one.stated), str(one.got), autojunk=False).ratio()
                weight += 400 + 400 * (1 - alike)
            case "method":
                weight += 300
            case _:
                weight += 20 if len(one.pointer) == 1 else 1
    return weight


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
