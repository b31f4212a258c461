"""Claims over HTTP: no port of its own, no broker, through any proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..channel import TransportCounts
from ..door import HttpDoor
from ..trigger import to_json
from ..worker import Worker
from .claimer import Claimer
from .open_outbox import large_by_reference, open_outbox

if TYPE_CHECKING:
    from ..settings import Settings


class ClaimTransport:
    def __init__(self, settings: "Settings", worker: Worker, on_fatal: Callable[[Exception], None]) -> None:
        self._door = HttpDoor(settings.server, settings.token)
        self._doors = [HttpDoor(settings.server, settings.token, connections=1) for _ in settings.tasks]
        self._on_fatal = on_fatal
        self._claimers: dict[str, Claimer] = {}
        self._running: list[asyncio.Task[None]] = []

        def wake_all() -> None:
            for claimer in self._claimers.values():
                claimer.wake()

        log = settings.log
        self._outbox = open_outbox(door=self._door, worker=worker, log=log, queue_max=settings.queue_max, on_delivered=wake_all)
        self._channel = large_by_reference(outbox=self._outbox, door=self._door, log=log)
        version = {} if settings.version is None else {"version": settings.version}
        body = to_json({"source": settings.source, **version, **settings.filter.members()})
        for task, door in zip(settings.tasks, self._doors, strict=True):
            self._claimers[task.name] = Claimer(
                task=task.name,
                door=door,
                worker=worker,
                outbox=self._outbox,
                channel=self._channel,
                log=log,
                body=body,
                wait_ms=settings.wait_ms,
                lease_ms=settings.lease_ms,
            )
        worker.on_free = lambda task: self._claimers[task].wake()

    async def start(self) -> None:
        self._running = [asyncio.create_task(self._run(claimer)) for claimer in self._claimers.values()]

    async def _run(self, claimer: Claimer) -> None:
        try:
            await claimer.run()
        except Exception as error:
            self._on_fatal(error)

    async def leave(self) -> None:
        for claimer in self._claimers.values():
            claimer.leave()
        if self._running:
            await asyncio.wait(self._running)

    async def flush(self, within_ms: float) -> bool:
        return await self._channel.flush(within_ms) and await self._outbox.flush(within_ms)

    async def close(self) -> None:
        self._channel.stop()
        self._outbox.stop()
        for door in [self._door, *self._doors]:
            await door.close()

    def counts(self) -> TransportCounts:
        counts = self._outbox.counts
        counts.waiting += self._channel.waiting
        return counts
