"""The sandbox, started and stopped."""

import json
import subprocess

from koppling_tools.sandbox import models


def start(*arguments):
    """Return a running sandbox and its address."""
    process = subprocess.Popen(
        [*models.command(0), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    line = process.stdout.readline()
    assert line, "the sandbox ended before it was ready"
    return process, json.loads(line)["url"]


def stop(process):
    process.stdin.close()
    try:
        return process.wait(10)
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
