"""`koppling test`: every example of every spec, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from koppling_tools.console.options import as_of_option, specs_option


@click.command("test")
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option("-k", "word", metavar="WORD", default="", help="Only what has this word in its name.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "junit"]),
    default="text",
    show_default=True,
    help="How the results are printed.",
)
@click.option(
    "--mutate", is_flag=True, help="Change each thing that a spec says in turn, and tell what no example notices."
)
@click.option(
    "--score",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="With --mutate: exit with 1 where a module's share of noticed changes is lower.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --mutate: at most so many changes a module, always the same.",
)
@click.option(
    "--bounds",
    is_flag=True,
    help="With --mutate: write an example `bounds` for each module, of values that notice what its others do not.",
)
@click.option(
    "--record",
    metavar="MODULE",
    help="Call this module for real, and keep the call as an example, with something else in place of what is secret.",
)
@click.option("--case", metavar="NAME", help="With --record: the name of the example.")
@click.option("--title", metavar="WORDS", default="", help="With --record: what it shows.")
@click.option("--input", "source", metavar="FILE|-", help="With --record: the inputs, as `koppling run` takes them.")
@click.option("--connection", metavar="NAME", help="With --record: a stored connection. Without: from the environment.")
@click.option("--stream", is_flag=True, help="With --record: the call is streamed.")
@click.option("--force", is_flag=True, help="With --record: write over an example of that name.")
@as_of_option
@specs_option
def command(
    paths: tuple[str, ...],
    word: str,
    form: Literal["text", "json", "github", "junit"],
    mutate: bool,
    score: float | None,
    sample: int | None,
    bounds: bool,
    record: str | None,
    as_of: str,
    specs: tuple[Path, ...],
    **recording: Any,
) -> int:
    """Run every example of every spec, sync and async, without a network.

    PATH is a folder of connectors, a connector, a module's file (its examples) or an example's, or names a connector or
    a module, built-in ones as well; without any, the folders of --specs. A module or an operation without an example
    that sends a request is a failure.

    With --record MODULE --case NAME, what follows are inputs, as `koppling run` takes them: the module is called, the
    call is replayed and kept. No secret is in what is kept, in no spelling, or nothing is.

    The exit status is 0 when all pass, 1 when one fails, 2 when there was nothing to run.
    """
    from koppling_tools.check.places import places
    from koppling_tools.report.examples import report

    context = click.get_current_context()
    if record is not None:
        if mutate or not recording["case"]:
            said = "--record and --mutate exclude each other" if mutate else "--record needs --case, the example's name"
            raise click.UsageError(said, context)
        from koppling_tools.recording.record import Wish
        from koppling_tools.recording.record import record as keep

        return keep(Wish(record, inputs=paths, day=as_of, specs=specs, **recording))
    if given := next((name for name, value in recording.items() if value), None):
        raise click.UsageError(f"--{'input' if given == 'source' else given} goes with --record", context)
    if (score is not None or sample is not None or bounds) and not mutate:
        raise click.UsageError("--score, --sample and --bounds go with --mutate", context)
    if mutate:
        from koppling_tools.mutation.report import jobs, write_bounds
        from koppling_tools.mutation.report import mutate as change

        found = list(jobs(places(paths, specs, "nothing to change"), specs, as_of, word, sample))
        if not found:
            raise click.UsageError("nothing to change: there is no module with examples here", context)
        return write_bounds(found) if bounds else change(found, score, form)
    status = report(places(paths, specs, "nothing to run"), specs, as_of, word, form)
    if status is None:
        what = f"no example has {word!r} in its name" if word else "there are no examples here"
        raise click.UsageError(f"nothing to run: {what}", context)
    return status
