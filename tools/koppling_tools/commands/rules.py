"""`koppling rules`: what `validate` looks at, and why."""

from __future__ import annotations

import click

from koppling_tools.console.mistakes import Misuse


@click.command("rules")
@click.argument("names", nargs=-1, metavar="[RULE]…")
@click.option("--markdown", is_flag=True, help="Print the page of all rules.")
def command(names: tuple[str, ...], markdown: bool) -> None:
    """Show the rules that `validate` holds specs against, or some of them with examples."""
    from koppling.diagnostics import suggestion
    from koppling_tools import rules
    from koppling_tools.rules import page

    if markdown:
        click.echo(page.markdown(), nl=False)
        return
    known = rules.all_rules()
    for name in names:
        if name not in known:
            raise Misuse(f"there is no rule {name!r}; {suggestion(name, known)}", click.get_current_context())
    if names:
        click.echo("\n\n\n".join(page.text(known[name]) for name in names))
        return
    width = max(len(name) for name in known)
    for name, rule in known.items():
        click.echo(f"{name:{width}}  {rule.severity:7}  {rule.summary}")
