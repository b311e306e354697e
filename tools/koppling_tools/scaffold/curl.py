"""A line of curl as a module: what varies becomes a field, credentials stay out of the file.

https://curl.se/docs/manpage.html
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from koppling.diagnostics import suggestion
from koppling_tools.console.mistakes import Misuse
from koppling_tools.scaffold.draft import Notes

# Flags that take a value, and what is done with it; a flag that is done nothing with is named all the same.
_DATA: Final = {"-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--data-urlencode", "--json"}
_VALUED: Final = {
    "-X": "request", "--request": "request", "-H": "header", "--header": "header", "--url": "url", "-F": "form",
    "--form": "form", "--form-string": "form", "-u": "user", "--user": "user", "-A": "agent", "--user-agent": "agent",
    "-b": "cookie", "--cookie": "cookie", "-e": "referer", "--referer": "referer", "-T": "upload",
    "--upload-file": "upload", "--oauth2-bearer": "bearer", "--url-query": "url_query",
    **dict.fromkeys(_DATA, "data"),
}  # fmt: skip
_OF_TRANSPORT: Final = {
    "-m": 1, "--max-time": 1, "--connect-timeout": 1, "-o": 1, "--output": 1, "-w": 1, "--write-out": 1, "--retry": 1,
    "--retry-delay": 1, "--retry-max-time": 1, "-x": 1, "--proxy": 1, "--cacert": 1, "-E": 1, "--cert": 1, "--key": 1,
    "-D": 1, "--dump-header": 1, "-c": 1, "--cookie-jar": 1, "--resolve": 1, "-s": 0, "--silent": 0, "-S": 0,
    "--show-error": 0, "-k": 0, "--insecure": 0, "-L": 0, "--location": 0, "-v": 0, "--verbose": 0, "-i": 0,
    "--include": 0, "-f": 0, "--fail": 0, "--fail-with-body": 0, "--compressed": 0, "-g": 0, "--globoff": 0,
    "--http1.1": 0, "--http2": 0, "-N": 0, "--no-buffer": 0, "-O": 0, "--remote-name": 0, "-#": 0, "--progress-bar": 0,
    "-0": 0, "--http1.0": 0, "-4": 0, "--ipv4": 0, "-6": 0, "--ipv6": 0, "-J": 0, "--remote-header-name": 0,
}  # fmt: skip
_PLAIN: Final = {"-G": "get", "--get": "get", "-I": "head", "--head": "head"}

_QUOTED: Final = re.compile(r"""\$'(?:[^'\\]|\\.)*'|'[^']*'|"(?:[^"\\]|\\.)*"|\\.""", re.DOTALL)


@dataclass
class Call:
    """A command line, taken apart. Texts may hold `$NAME`, which the shell would have replaced."""

    method: str = ""
    url: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    query: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    parts: list[tuple[str, str]] = field(default_factory=list)
    upload: str | None = None
    puts: bool = False
    user: str | None = None
    bearer: str | None = None
    is_json: bool = False
    urlencoded: bool = False


def read(text: str, notes: Notes) -> Call:
    """Take a command line apart.

    Args:
        text: as somebody pasted it, over several lines perhaps.
        notes: where is noted what is left out.

    Raises:
        Misuse: it is no curl, or has a flag that is not known.
    """
    words = _words(text)
    call = Call()
    get = head = False
    at = iter(words)
    for name, value in _flags(at, notes):
        match name:
            case "url" if call.url:
                raise Misuse("there are two addresses in it; import one call after the other")
            case "get":
                get = True
            case "head":
                head = True
            case _:
                _TAKEN[name](call, value, notes)
    if not call.url:
        raise Misuse("there is no address in it")
    if get:
        call.query += [pair for one in call.data for pair in parse_qsl(one, keep_blank_values=True)]
        call.data = []
    sends = bool(call.data or call.parts or call.upload)
    call.method = call.method or (
        "HEAD" if head else "GET" if get else "PUT" if call.puts else "POST" if sends else "GET"
    )
    return call


def _words(text: str) -> list[str]:
    joined = re.sub(r"[\\^`][ \t]*\r?\n", " ", text.strip().removeprefix("$ "))
    try:
        words = shlex.split(_guarded(joined), posix=True)
    except ValueError as error:
        raise Misuse(
            f"this is no line of a shell: {str(error).lower()}; put the whole line in quotes, or give it by --file"
        ) from None
    words = [one.replace("\ue000", "$$") for one in words]
    if not words or words[0].rpartition("/")[2] not in {"curl", "curl.exe"}:
        raise Misuse(f"it begins with {words[0] if words else 'nothing'!r}, not with curl")
    for one in words:
        if one in {"|", ">", ">>", "&&", ";", "||", "2>&1", "&"}:
            words = words[: words.index(one)]
            break
    return words[1:]


def _guarded(text: str) -> str:
    """Mark the dollars that a shell leaves alone, and write what stands in `$'…'` in plain quotes."""

    def marked(found: re.Match[str]) -> str:
        whole = found[0]
        if whole.startswith("$'"):
            return shlex.quote(_ansi(whole[2:-1])).replace("$", "\ue000")
        if whole.startswith("'"):
            return whole.replace("$", "\ue000")
        return whole.replace("\\$", "\ue000")

    return _QUOTED.sub(marked, text)


def _ansi(text: str) -> str:
    simple = {"n": "\n", "t": "\t", "r": "\r", "'": "'", '"': '"', "\\": "\\", "?": "?"}

    def read_one(found: re.Match[str]) -> str:
        return chr(int(found[1] or found[2], 16)) if found[1] or found[2] else simple.get(found[3], found[3])

    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", read_one, text, flags=re.DOTALL)


def _flags(words: Iterator[str], notes: Notes) -> Iterator[tuple[str, str]]:
    """Yield what each word of a command line says."""
    for word in words:
        if not word.startswith("-") or word == "-":
            yield "url", word
            continue
        for flag, value in _parted(word):
            if flag in _PLAIN:
                yield _PLAIN[flag], ""
            elif flag in _VALUED or _OF_TRANSPORT.get(flag) == 1:
                given = value if value is not None else next(words, None)
                if given is None:
                    raise Misuse(f"{flag} has no value")
                if flag in _VALUED:
                    yield _VALUED[flag], f"{flag} {given}" if _VALUED[flag] in {"data", "form"} else given
                else:
                    notes.add("a flag that is the transport's business is left out", flag)
            elif flag in _OF_TRANSPORT:
                if flag in {"-k", "--insecure"}:
                    notes.add("certificates are checked all the same", flag)
            else:
                near = suggestion(flag, [*_VALUED, *_PLAIN, *_OF_TRANSPORT], most=0)
                raise Misuse(f"the flag {flag} is not known here{f'; {near}' if near.startswith('did') else ''}")


def _parted(word: str) -> Iterator[tuple[str, str | None]]:
    """Yield the flags of a word: `-sSL`, `-XPOST`, `--json=…`."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        yield name, value if equals else None
        return
    for index, letter in enumerate(word[1:], 1):
        flag = f"-{letter}"
        if flag in _VALUED or _OF_TRANSPORT.get(flag) == 1:
            yield flag, word[index + 1 :] or None
            return
        yield flag, None


def _header(call: Call, value: str, notes: Notes) -> None:
    name, colon, text = value.partition(":")
    name, text = name.strip(), text.strip()
    if value.startswith("@"):
        raise Misuse(f"-H {value} reads a file of headers, which is not here; write them out")
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        if value.endswith(";"):
            return
        raise Misuse(f"-H {value!r} is no header; write 'Name: value'")
    if text:
        call.headers.append((name, text))
    del notes


def _data(call: Call, value: str, notes: Notes) -> None:
    flag, _, text = value.partition(" ")
    if flag == "--json":
        call.is_json = True
    if text.startswith("@") and flag != "--data-raw":
        if flag == "--data-urlencode":
            raise Misuse(f"{flag} {text} reads a file, which is not here; write its text out")
        call.upload = text[1:]
        return
    if flag == "--data-urlencode":
        call.urlencoded = True
        name, equals, inner = text.partition("=")
        text = f"{name}={_encoded(inner)}" if equals else _encoded(text)
    call.data.append(text)
    del notes


def _encoded(text: str) -> str:
    from urllib.parse import quote_plus

    return quote_plus(text, safe="$")


def _form(call: Call, value: str, notes: Notes) -> None:
    flag, _, text = value.partition(" ")
    name, equals, inner = text.partition("=")
    if not equals:
        raise Misuse(f"{flag} {text!r} is no part; write name=value, or name=@file")
    call.parts.append((name, f"\\{inner}" if flag == "--form-string" else inner))
    del notes


def _user(call: Call, value: str, notes: Notes) -> None:
    del notes
    call.user = value


def _bearer(call: Call, value: str, notes: Notes) -> None:
    del notes
    call.bearer = value


def _method(call: Call, value: str, notes: Notes) -> None:
    del notes
    if not re.fullmatch(r"[A-Za-z]+", value):
        raise Misuse(f"-X {value!r} is no method")
    call.method = value.upper()


def _url(call: Call, value: str, notes: Notes) -> None:
    del notes
    call.url = value


def _url_query(call: Call, value: str, notes: Notes) -> None:
    del notes
    name, _, text = value.partition("=")
    call.query.append((name, text))


def _upload(call: Call, value: str, notes: Notes) -> None:
    del notes
    call.upload, call.puts = value, True


def _cookie(call: Call, value: str, notes: Notes) -> None:
    del call, value
    notes.add("a cookie cannot be sent", "-b")


def _referer(call: Call, value: str, notes: Notes) -> None:
    del notes
    call.headers.append(("Referer", value))


def _agent(call: Call, value: str, notes: Notes) -> None:
    del call, value
    notes.add("the User-Agent is Koppling's", "-A")


_TAKEN: Final[dict[str, Callable[[Call, str, Notes], None]]] = {
    "header": _header, "data": _data, "form": _form, "user": _user, "bearer": _bearer, "request": _method, "url": _url,
    "url_query": _url_query, "upload": _upload, "cookie": _cookie, "referer": _referer, "agent": _agent,
}  # fmt: skip
