"""Which faults are shown: by their rules, and how often each was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from koppling.diagnostics import Diagnostic, suggestion
from koppling_tools import rules
from koppling_tools.console.mistakes import Misuse


def named(given: Sequence[str], option: str) -> set[str]:
    """Return the rules that an option names, apart by commas or by being repeated; a severity names all of its own.

    Raises:
        Misuse: one of them is none.
    """
    found: set[str] = set()
    known = rules.all_rules()
    severities = {one.severity for one in known.values()}
    for word in (word.strip() for one in given for word in one.split(",") if word.strip()):
        if word in severities:
            found |= {name for name, rule in known.items() if rule.severity == word}
        elif word in known:
            found.add(word)
        else:
            raise Misuse(f"{option}: there is no rule {word!r}; {suggestion(word, {*known, *severities})}")
    return found


def chosen(diagnostics: Iterable[Diagnostic], select: set[str], ignore: set[str]) -> list[Diagnostic]:
    """Return the faults of the selected rules (none: all), but those of the ignored ones."""
    return [one for one in diagnostics if (not select or one.rule in select) and one.rule not in ignore]


def statistics(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """Yield how often each rule was broken, the commonest first."""
    counts = Counter((one.rule, one.severity) for one in diagnostics)
    for (rule, severity), count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        yield f"{count:6}  {severity:7}  {rule}"
