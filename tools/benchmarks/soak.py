"""Mixed calls against the server of faults, for minutes: memory stays flat, nothing stays open. See tools/soak."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "faults"))

from fault_worlds import SPEC, inputs_of, sockets
from ruamel.yaml import YAML
from server import FaultServer

import koppling

THREADS, TASKS = 8, 24
GROWTH = 8 << 20  # bytes that the last quarter may hold over the second one: allocators breathe
SIZES = (10, 100_000, 300_000)
SHORTEST = 60  # seconds; in less, memory has not come to rest
WELL, STREAMED, LEFT, CANCELLED = 0.5, 0.8, 0.3, 0.05  # the shares of what goes so
# Of the suite's cases those that neither wait for a gate nor for a client that gives up, nor cost seconds.
SLOW = {"hold", "gate"}


def scripts() -> list[list[Any]]:
    """Return what the fault suite's servers do with one request, each once."""
    cases = YAML(typ="safe").load((ROOT / "tests" / "faults" / "cases.yaml").read_text())
    found = [exchange for case in cases if isinstance(case.get("server"), list) for exchange in case["server"]]
    return [
        exchange
        for exchange in found
        if not SLOW & {step for step in exchange if isinstance(step, str)}
        and not any("bomb" in step for step in exchange)
    ]


class Mixed(FaultServer):
    """Answers half of the requests well, and does to the others what some case of the suite does."""

    def __init__(self) -> None:
        super().__init__()
        self._faults, self._dice = scripts(), random.Random(7)  # noqa: S311  (dice)

    def exchange(self) -> list[Any]:
        """Return what is done with the next request."""
        self.requests.clear()
        self.places.clear()
        if self._dice.random() < WELL:
            return ["read", {"answer": {"body": {"id": "fine"}}}]
        return self._dice.choice(self._faults)


def asked(dice: random.Random) -> dict[str, Any]:
    """Return a call of some kind, as a case of the suite has it."""
    call = dice.choice(
        ("get_thing", "get_thing", "make_thing", "make_thing", "get_file", "put_file", "post_form", "tell")
    )
    return {"call": call, "size": dice.choice(SIZES), "streamed": call == "tell" and dice.random() < STREAMED}


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class Soak:
    """Clients in both worlds that call until the time is over."""

    def __init__(self, url: str, end: float) -> None:
        self._url, self._end = url, end
        self.ends: Counter[str] = Counter()
        self._lock = threading.Lock()

    def _count(self, value: object) -> None:
        name = value if isinstance(value, str) else type(value).__name__
        if isinstance(value, koppling.ApiError):
            name = f"ApiError {value.kind}"
        with self._lock:
            self.ends[name] += 1

    def _options(self) -> dict[str, Any]:
        clock = koppling.Clock(sleep=lambda _: None)
        return {"connection": koppling.Connection("acme", base_url=self._url), "specs": SPEC, "clock": clock}

    def threads(self) -> None:
        """Call from several threads, which share a client."""
        with koppling.Client(**self._options()) as client:
            crew = [threading.Thread(target=self._thread, args=(client, number)) for number in range(THREADS)]
            for one in crew:
                one.start()
            for one in crew:
                one.join()

    def _thread(self, client: koppling.Client, number: int) -> None:
        dice = random.Random(number)  # noqa: S311  (a shuffle, no secret)
        while time.monotonic() < self._end:
            case = asked(dice)
            name, inputs = inputs_of(case)
            try:
                if not case["streamed"]:
                    self._count(client.execute(name, inputs))
                    continue
                with client.stream(name, inputs) as stream:
                    for _ in stream:
                        if dice.random() < LEFT:
                            break  # left early
                    else:
                        self._count(stream.result())
                        continue
                self._count("left early")
            except koppling.KopplingError as error:
                self._count(error)

    async def tasks(self) -> None:
        """Call from several tasks, which share a client."""
        async with koppling.AsyncClient(**self._options()) as client:
            await asyncio.gather(*(self._task(client, number) for number in range(TASKS)))

    async def _task(self, client: koppling.AsyncClient, number: int) -> None:
        dice = random.Random(number)  # noqa: S311  (a shuffle, no secret)
        while time.monotonic() < self._end:
            case = asked(dice)
            name, inputs = inputs_of(case)
            try:
                if case["streamed"]:
                    async with client.stream(name, inputs) as stream:
                        async for _ in stream:
                            if dice.random() < LEFT:
                                break  # left early
                    self._count("left early")
                elif dice.random() < CANCELLED:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(dice.random() / 100):
                            await client.execute(name, inputs)
                    self._count("cancelled or not")
                else:
                    self._count(await client.execute(name, inputs))
            except koppling.KopplingError as error:
                self._count(error)


def main() -> int:
    """Run, print what happened, and tell whether all is well."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--minutes", type=float, default=10)
    seconds = words.parse_args().minutes * 60
    before, began = (sockets(), set(threading.enumerate())), time.monotonic()
    server = Mixed()
    soak = Soak(f"http://127.0.0.1:{server.port}/v1", began + seconds)
    watcher = threading.Thread(target=_watch, args=(began, seconds, soak, samples := []))
    world = threading.Thread(target=soak.threads)
    for one in (watcher, world):
        one.start()
    asyncio.run(_tasks(soak))
    for one in (world, watcher):
        one.join()
    left = not server.wait_until_left()
    connections = server.connections
    server.stop()
    gc.collect()
    opened, alive = sockets() - before[0], set(threading.enumerate()) - before[1]
    quarter = max(1, len(samples) // 4)
    first, last = int(median(samples[quarter : 2 * quarter])), int(median(samples[-quarter:]))
    print(f"{soak.ends.total()} calls in {seconds / 60:g} minutes over {connections} connections:")
    for name, count in soak.ends.most_common():
        print(f"  {count:8} {name}")
    print(
        f"memory: {first >> 20} MB in the second quarter, {last >> 20} MB in the last, {max(samples) >> 20} MB at most"
    )
    print(f"left open: {len(opened)} sockets, {len(alive)} threads" + (", connections to the server" if left else ""))
    grew = seconds >= SHORTEST and last - first >= GROWTH
    fine = not grew and not opened and not alive and not left
    print("all is well" if fine else "NOT WELL")
    return 0 if fine else 1


async def _tasks(soak: Soak) -> None:
    await soak.tasks()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        raise AssertionError(f"tasks left: {left}")


def _watch(began: float, seconds: float, soak: Soak, samples: list[int]) -> None:
    step, told = seconds / 100, began
    while time.monotonic() < began + seconds:
        time.sleep(step)
        samples.append(resident())
        if time.monotonic() - told > 60:  # noqa: PLR2004  (each minute)
            told = time.monotonic()
            print(f"{(told - began) / 60:.0f} min: {soak.ends.total()} calls, {samples[-1] >> 20} MB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
