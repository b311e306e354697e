"""The two drivers of a call: each does the effects that the call asks for, and owns what is open."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Self

from koppling.call import Call
from koppling.client.clock import Clock
from koppling.client.resume import write_token
from koppling.effects import Await, Do, Effect, Emit, Life, NoAnswer, Now, Read, Reply, Send, Sleep, Tick, TooLarge
from koppling.model import Result
from koppling.send import AsyncSender, Sender

if TYPE_CHECKING:
    from koppling.mutex import Mutex


# A second reader would answer effects that the first one's call asked for. It is told by a note and not by a lock, for
# which every chunk of a stream would pay: where threads take turns, nothing comes between the look and the note.
_READ: Final = "another {} is reading this iterator already; a call has one reader at a time"


class Run:
    """One call being lived: an iterator over what it emits, and a context manager that closes what is open."""

    def __init__(self, life: Life, sender: Sender, clock: Clock) -> None:
        self._life, self._sender, self._clock, self._tick = life, sender, clock, clock.ticking
        self._open: Reply | None = None
        self._result: Result | None = None
        self._over = self._reading = False
        self._emitted: Iterator[Any] = iter(())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        for one in self._emitted:
            return one
        if self._reading:
            raise RuntimeError(_READ.format("thread"))
        if self._over:
            raise StopIteration
        self._reading = True
        value: Any = None
        fault: NoAnswer | TooLarge | None = None
        try:
            while True:
                step = self._life.send(value) if fault is None else self._life.throw(fault)
                if type(step) is Emit:
                    emitted = iter(step.values)
                    first = next(emitted)
                    self._emitted = emitted  # last: another thread may be looking for it
                    return first
                value = fault = None
                try:
                    value = self._sender.read(step.reply) if type(step) is Read else self._do(step)
                except (NoAnswer, TooLarge) as failure:
                    fault = failure
        except StopIteration as stop:
            self._result, self._over = stop.value, True
        except BaseException:
            self.close()
            raise
        finally:
            self._reading = False
        self._release()
        raise StopIteration

    def _do(self, step: Effect) -> Any:
        match step:
            case Send(request, stream):
                self._release()
                step.began, start = self._clock.now(), self._tick()
                try:
                    reply = self._sender.send(request, stream=stream)
                finally:
                    step.took = self._tick() - start
                self._open = reply if reply.body is None else None
                return reply
            case Read(reply):
                return self._sender.read(reply)
            case Sleep(seconds):
                return self._clock.sleep(seconds)
            case Now():
                return self._clock.now()
            case Tick():
                return self._tick()
            case Await(mutex):
                import threading

                free = threading.Event()
                mutex.when_free(free.set)
                return free.wait()
            case Do(work):
                return work()

    def result(self) -> Result:
        """Live what is left of the call, and return what it gave.

        Raises:
            RuntimeError: the call was closed before its end.
        """
        for _ in self:
            pass
        if self._result is None:
            raise RuntimeError("this call was closed before its end; it has no result")
        return self._result

    def close(self) -> None:
        """Let go of the connection; the call is over."""
        self._over, self._emitted = True, iter(())
        self._life.close()
        self._release()

    def _release(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            self._sender.release(opened)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_open", None) is not None:
            warnings.warn(
                f"{type(self).__name__} was left before its end; use it in a `with`",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )
            self.close()


class AsyncRun:
    """One call being lived in an event loop: an async iterator and an async context manager."""

    def __init__(self, life: Life, sender: AsyncSender, clock: Clock) -> None:
        self._life, self._sender, self._clock, self._tick = life, sender, clock, clock.ticking
        self._open: Reply | None = None
        self._result: Result | None = None
        self._over = self._reading = False
        self._emitted: Iterator[Any] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        for one in self._emitted:
            return one
        if self._reading:
            raise RuntimeError(_READ.format("task"))
        if self._over:
            raise StopAsyncIteration
        self._reading = True
        value: Any = None
        fault: NoAnswer | TooLarge | None = None
        try:
            while True:
                step = self._life.send(value) if fault is None else self._life.throw(fault)
                if type(step) is Emit:
                    emitted = iter(step.values)
                    first = next(emitted)
                    self._emitted = emitted  # last: another thread may be looking for it
                    return first
                value = fault = None
                try:
                    value = await (self._sender.read(step.reply) if type(step) is Read else self._do(step))
                except (NoAnswer, TooLarge) as failure:
                    fault = failure
        except StopIteration as stop:
            self._result, self._over = stop.value, True
        except BaseException:
            await self.close()
            raise
        finally:
            self._reading = False
        if self._open is not None:
            await self._release()
        raise StopAsyncIteration

    async def _do(self, step: Effect) -> Any:
        match step:
            case Send(request, stream):
                if self._open is not None:
                    await self._release()
                step.began, start = self._clock.now(), self._tick()
                try:
                    reply = await self._sender.send(request, stream=stream)
                finally:
                    step.took = self._tick() - start
                self._open = reply if reply.body is None else None
                return reply
            case Read(reply):
                return await self._sender.read(reply)
            case Sleep(seconds):
                return await self._clock.asleep(seconds)
            case Now():
                return self._clock.now()
            case Tick():
                return self._tick()
            case Await(mutex):
                return await _free(mutex)
            case Do(work):
                import asyncio

                return await asyncio.to_thread(work)

    async def result(self) -> Result:
        """Live what is left of the call, and return what it gave.

        Raises:
            RuntimeError: the call was closed before its end.
        """
        async for _ in self:
            pass
        if self._result is None:
            raise RuntimeError("this call was closed before its end; it has no result")
        return self._result

    async def close(self) -> None:
        """Let go of the connection; the call is over."""
        self._over, self._emitted = True, iter(())
        self._life.close()
        await self._release()

    async def _release(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            await self._sender.release(opened)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self) -> None:
        if getattr(self, "_open", None) is not None:
            warnings.warn(
                f"{type(self).__name__} was left before its end; use it in an `async with`",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )
            opened, self._open = self._open, None
            if opened is not None:
                self._sender.abandon(opened)


async def _free(mutex: Mutex) -> None:
    """Wait for a mutex, which another thread may give back."""
    import asyncio
    from contextlib import suppress

    loop = asyncio.get_running_loop()
    free = asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(free.set)

    mutex.when_free(wake)
    await free.wait()


class Items(Run):
    """The bundles of a search."""

    def __init__(self, life: Life, call: Call, mark: str, sender: Sender, clock: Clock) -> None:
        super().__init__(life, sender, clock)
        self._call, self._mark = call, mark

    @property
    def resume_token(self) -> str:
        """Where the iterator stands, as text.

        `items(…, resume=token)` goes on with the bundle after the last one it gave.
        """
        return write_token(self._call.position, self._mark)


class AsyncItems(AsyncRun):
    """The bundles of a search."""

    def __init__(self, life: Life, call: Call, mark: str, sender: AsyncSender, clock: Clock) -> None:
        super().__init__(life, sender, clock)
        self._call, self._mark = call, mark

    @property
    def resume_token(self) -> str:
        """Where the iterator stands; see `Items.resume_token`."""
        return write_token(self._call.position, self._mark)
