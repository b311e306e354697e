"""What people do wrong at a command line, in words that say all there is to say."""

from __future__ import annotations

import click


class GivenWrong(Exception):
    """Something that was given is not there, or is not what it should be. Nothing was sent."""


class InputUnreadable(GivenWrong):
    """Inputs that cannot be made of what was given: no such file, no JSON."""


class Misuse(click.UsageError):
    """An error of use whose words say all there is to say; no need for `--help`."""
