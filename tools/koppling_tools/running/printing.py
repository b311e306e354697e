"""What `koppling run` prints: the output alone on standard output, files where a person said."""

from __future__ import annotations

import sys
from typing import Any

from koppling_tools.console import terminal
from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.output import Format, as_json, as_text, as_yaml
from koppling_tools.running.saving import Described, Target, describe, described_files


class Printer:
    """Prints outputs, deltas and bundles in one format.

    Args:
        query: JMESPath over what is printed, or None.
        form: json, yaml, text; None is text on a terminal, else json, and a file as its bytes.
        save: the path for files, or None.

    Raises:
        Misuse: no JMESPath; no place to save to.
    """

    def __init__(self, query: str | None, form: Format | None, save: str | None) -> None:
        self._terminal = terminal.is_terminal(sys.stdout)
        self._asked = form
        self.form: Format = form or ("text" if self._terminal else "json")
        self._find = _compiled(query) if query is not None else None
        self._target = Target.of(save) if save is not None else None
        self._shown = False  # whether any text of a stream was printed
        self._ended = True  # whether the last text ended its line

    def check(self, operation: Any) -> None:
        """Refuse, before anything is sent, what could not be printed after.

        Raises:
            Misuse: a file would go to a terminal.
        """
        cases = operation.plan["response"]
        bytes_only = bool(cases) and all(case.get("format") == "bytes" and "output" not in case for case in cases)
        if bytes_only and self._terminal and self._target is None and self._find is None and self._asked is None:
            raise Misuse("the output is a file, and this is a terminal; write it with --save PATH, or pipe it on")

    def output(self, value: Any) -> None:
        """Print an output."""
        value = describe(value)
        self._save(value)
        value = self._part(value)
        if isinstance(value, Described) and "saved" not in value and self._asked is None and not self._terminal:
            for chunk in value.file.chunks():
                sys.stdout.buffer.write(chunk)
            return
        if self.form == "text" and isinstance(value, Described):
            self.text(value.get("saved") or f"{value['name']} ({value['media_type']}, {value['size']} bytes)")
        elif self.form == "text":
            self.text(as_text(value))
        else:
            self.text(as_yaml(value) if self.form == "yaml" else as_json(value))
        if self._target is None and any(described_files(value)):
            terminal.hint("--save PATH writes the files of this output")

    def bundle(self, value: Any) -> None:
        """Print one bundle of a search, on a line of its own."""
        value = describe(value)
        self._save(value)
        value = self._part(value)
        if self.form == "yaml":
            self.text(f"---\n{as_yaml(value)}")
        elif self.form == "text" and isinstance(text := _text_of(value), str):
            self.text(text)
        else:
            self.text(as_json(value, compact=True))
        sys.stdout.flush()

    def delta(self, value: Any) -> None:
        """Print what one event of a stream shows: its text as it is, without a line's end; else as a bundle."""
        text = _text_of(self._part(value)) if self.form == "text" else None
        if self.form != "text":
            self.bundle(value)
        elif text:
            self.text(text, end="")
            sys.stdout.flush()
            self._shown, self._ended = True, text.endswith("\n")

    def end(self, value: Any | None = None) -> None:
        """End a stream's last line; where no delta had a text, print the output instead."""
        if not self._ended:
            self.text("")
            self._ended = True
        if value is None:
            return
        if self.form == "text" and not self._shown:
            self.output(value)
        else:
            self._save(describe(value))

    def _save(self, value: Any) -> None:
        if self._target is None:
            return
        files = list(described_files(value))
        if not files:
            return
        self._target.write(files)
        for one in files:
            terminal.say(f"saved {terminal.clean(one['saved'])} ({one['media_type']}, {size(one['size'])})")

    def _part(self, value: Any) -> Any:
        if self._find is None:
            return value
        from koppling.expression import ABSENT, ExpressionError

        try:
            found = self._find(value)
        except ExpressionError as error:
            raise Misuse(f"--query: {error}{f'; {error.help}' if error.help else ''}") from None
        return None if found is ABSENT else found

    def text(self, text: str, end: str = "\n") -> None:
        """Print a text; on a terminal, with its control characters made visible."""
        # Not through click, which takes escape sequences out of what is piped: an output is somebody's data.
        sys.stdout.write((terminal.clean(text) if self._terminal else text) + end)


def size(count: int | None) -> str:
    """Return a number of bytes as people say it."""
    if count is None:
        return "unknown size"
    if count < 1000:  # noqa: PLR2004  (a kB)
        return f"{count} bytes"
    amount, units = float(count), ("kB", "MB", "GB")
    for unit in units:
        amount /= 1000
        if amount < 999.5 or unit == units[-1]:  # noqa: PLR2004  (what rounds to a thousand)
            return f"{amount:.1f} {unit}"
    raise AssertionError


def _compiled(query: str) -> Any:
    from koppling.expression import ExpressionError, check_expression, compile_expression

    try:
        check_expression(query)
        return compile_expression(query)
    except ExpressionError as error:
        raise Misuse(f"--query: {error}{f'; {error.help}' if error.help else ''}") from None


def _text_of(value: Any) -> str | None:
    """Return the text that a delta or a small bundle is: itself, its `text`, or its only value."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            return str(value["text"])
        only = next(iter(value.values())) if len(value) == 1 else None
        return only if isinstance(only, str) else None
    return None
