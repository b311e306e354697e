"""The rules as people read them: in a terminal, as one page of Markdown, and the address of that page."""

from __future__ import annotations

import os
from collections.abc import Iterator

from koppling_tools import rules

_HEAD = """\
# The rules of specs

What `koppling validate` looks at. An error keeps a spec from running, or is certain to do harm; a warning is most
likely a mistake; advice is advice. What is not an error can be let stand where it is, with a reason:
`# koppling: ignore[RULE] why`, at the end of the line or on the line above. `koppling rules RULE` shows one of these
in a terminal. This page is made by `koppling rules --markdown`.

| rule | severity | |
|---|---|---|
"""


def address(rule: str) -> str:
    """Return where the page of a rule is: at $KOPPLING_RULES_URL where a team publishes it, else on this machine."""
    from koppling.builtin import builtin_folder

    if rule not in rules.names():
        return ""  # of another command, which says itself what it looks at
    given = os.environ.get("KOPPLING_RULES_URL")
    return f"{given or (builtin_folder() / 'RULES.md').as_uri()}#{rule}"


def markdown() -> str:
    """Return the page of all rules."""
    found = rules.all_rules().values()
    rows = "".join(f"| [`{one.name}`](#{one.name}) | {one.severity} | {one.summary} |\n" for one in found)
    return _HEAD + rows + "".join("\n" + "\n".join(_section(one)) + "\n" for one in found)


def _section(rule: rules.Rule) -> Iterator[str]:
    by = "the interpreter: a spec that breaks it does not run" if rule.found_by == "interpreter" else "the workbench"
    yield f"## {rule.name}"
    yield ""
    yield f"**{rule.severity}**, found by {by}."
    yield ""
    yield rule.summary
    for title, text in (("", rule.why), ("Wrong:", rule.wrong), ("Right:", rule.right)):
        if title:
            yield from ("", title, "", "```yaml", text, "```")
        elif text:
            yield from ("", text)


def text(rule: rules.Rule) -> str:
    """Return one rule as a terminal shows it."""
    parts = [f"{rule.name} ({rule.severity})", rule.summary]
    parts += [rule.why] if rule.why else []
    parts += [f"Wrong:\n\n{_indented(rule.wrong)}", f"Right:\n\n{_indented(rule.right)}"]
    return "\n\n".join(parts)


def _indented(example: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in example.splitlines())
