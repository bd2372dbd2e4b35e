"""Emits events from asyncio: `await emit(event)` returns when the event is durable, and the loop goes on meanwhile."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from trail.writing.emitter import BULKS_AT_ONCE, Durable, EmitResult, Emitter
from trail.writing.writer import BATCH

MOST_WAITING = 10_000


class AsyncEmitter:
    """An emitter in threads of its own, for one event loop. Closing it closes the emitter.

    At most `most_waiting` events wait at once; further callers wait their turn before they are let in. An event whose
    caller is cancelled may be written all the same.
    """

    def __init__(self, emitter: Emitter, *, most_waiting: int = MOST_WAITING) -> None:
        self.emitter = emitter
        self._room = asyncio.Semaphore(most_waiting)
        self._waiting: deque[tuple[dict[str, Any], asyncio.Future[Durable]]] = deque()
        self._threads = ThreadPoolExecutor(BULKS_AT_ONCE, thread_name_prefix="trail-emitter")
        self._under_way: set[asyncio.Task[None]] = set()

    async def emit(self, event: dict[str, Any]) -> Durable:
        """As Emitter.emit, with the same errors."""
        async with self._room:
            durable: asyncio.Future[Durable] = asyncio.get_running_loop().create_future()
            self._waiting.append((event, durable))
            if len(self._under_way) < BULKS_AT_ONCE:
                task = asyncio.create_task(self._send())
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            return await durable

    async def close(self) -> None:
        """Wait for the events under way, and close the emitter."""
        while self._under_way:
            await asyncio.wait(self._under_way)
        await asyncio.get_running_loop().run_in_executor(self._threads, self.emitter.close)
        self._threads.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def _send(self) -> None:
        """Emit the events that wait, batch by batch, until none does."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            results = await self._emit([event for event, _ in batch])
            for (_, durable), result in zip(batch, results, strict=True):
                if durable.done():
                    continue  # its caller was cancelled
                if isinstance(result, Durable):
                    durable.set_result(result)
                else:
                    durable.set_exception(result)

    async def _emit(self, events: list[dict[str, Any]]) -> Sequence[EmitResult | Exception]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self.emitter.emit_all, events)
        except Exception as error:  # noqa: BLE001  a caller without an answer would wait for ever
            return [error] * len(events)
