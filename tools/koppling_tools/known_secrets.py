"""The secrets that code knew of when it failed: nobody wrote the words of its fault for people."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import Any, Final

from koppling import AsyncClient, Client, Connection
from koppling.masking import Masker
from koppling.model import ConnectorSpec, ModuleSpec
from koppling.store.connections import Entry
from koppling_tools.running.values import Inputs

_DEEPEST: Final = 3  # of what is held within what is held
_WORD: Final = re.compile(r"([^=:@]+)(?::=@?|=|@)(.*)", re.DOTALL)  # an input among the words of a command


def of(error: BaseException | None) -> Masker:
    """Return what masks the secrets that the code held which raised an error, and the code that had called it."""
    held = _Held()
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            held.look_at_each(trace.tb_frame.f_locals.values())
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    return held.masker()


class _Held:
    """What was held: secrets, and maps and words in which something may stand under the name of a secret."""

    def __init__(self) -> None:
        self._maskers: list[Masker] = []
        self._secrets: list[Any] = []
        self._names: set[str] = set()
        self._maps: list[Mapping[Any, Any]] = []
        self._words: list[str] = []

    def look_at_each(self, several: Iterable[Any], deep: int = 0) -> None:
        if deep <= _DEEPEST:
            for one in list(several):
                with suppress(AttributeError):  # of what broke while it was made
                    self._look_at(one, deep)

    def _look_at(self, one: Any, deep: int) -> None:
        match one:
            case str() | bytes():
                self._look_at_a_text(one if isinstance(one, str) else one.decode(errors="replace"), deep)
            case Masker():
                self._maskers.append(one)
            case Connection() | Client() | AsyncClient():
                self._look_at_a_client(one)
            case ConnectorSpec() | ModuleSpec():
                self._look_at_a_spec(one)
            case Mapping():
                self._maps.append(one)
                self._secrets += [one[name] for name in ("secrets", "tokens") if name in one]  # as a file has an entry
                self.look_at_each(one.values(), deep + 1)
            case list() | tuple():
                self.look_at_each(one, deep + 1)
            case _:
                self._look_at_another(one, deep)

    def _look_at_a_text(self, one: str, deep: int) -> None:
        self._words.append(one)
        if one[:1] == "{":  # inputs that were being read
            with suppress(ValueError, RecursionError):
                self._look_at(json.loads(one), deep)

    def _look_at_a_client(self, one: Connection | Client | AsyncClient) -> None:
        begin, held = getattr(one, "_begin", None), getattr(one, "held", None)
        self._maskers += [each.masker for each in begin._bound.values()] if begin else []  # noqa: SLF001  (there is no other way to know)
        self._secrets += [getattr(one, "fields", None), held and held.tokens and held.tokens.as_json()]

    def _look_at_a_spec(self, one: ConnectorSpec | ModuleSpec) -> None:
        if isinstance(one, ConnectorSpec):
            secret = {name: each.schema for name, each in one.fields.items() if each.secret}
            self._secrets += [os.environ.get(schema["env"]) for schema in secret.values() if "env" in schema]
            self._names.update(secret)
            return
        for operation in one.operations.values():
            self._names.update(name for name, each in operation.fields.items() if each.secret)

    def _look_at_another(self, one: Any, deep: int) -> None:
        if isinstance(one, Inputs):
            self._names.update(one.secret)
        elif isinstance(one, Entry):
            self._names.update(one.secrets)
        if isinstance(masker := getattr(one, "masker", None), Masker):
            self._maskers.append(masker)
        if is_dataclass(one) and not isinstance(one, type):
            inner = {field.name: getattr(one, field.name, None) for field in fields(one)}
            self._look_at(inner, deep)

    def masker(self) -> Masker:
        found = Masker()
        for one in self._maskers:
            found = found.joined(one)
        named = [one[name] for one in self._maps for name in self._names if name in one]
        written = [word[2] for word in map(_WORD.fullmatch, self._words) if word and word[1] in self._names]
        return found.with_more(text for one in (*self._secrets, *named, *written) for text in _texts(one))


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts and numbers of a value; of a text that is JSON, too."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value
        if value[:1] in {"{", "[", '"'}:
            try:
                yield from _texts(json.loads(value))
            except (ValueError, RecursionError):
                return
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
