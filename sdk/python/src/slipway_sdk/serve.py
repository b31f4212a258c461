"""Serves tasks until the service ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .channel import Transport, TransportCounts
from .claim.transport import ClaimTransport
from .log import error_text
from .nats.transport import NatsTransport
from .push.transport import PushTransport
from .settings import ServeOptions, Settings, read_settings
from .task import Task
from .worker import Worker, WorkerCounts

if TYPE_CHECKING:
    from typing_extensions import Unpack

FLUSH_MS = 10_000
"""How long answers may take to be delivered once every handler has ended."""


@dataclass(frozen=True)
class ServiceStats:
    worker: WorkerCounts
    answers: TransportCounts


def serve(*, tasks: Sequence[Task[Any, Any]], **options: "Unpack[ServeOptions]") -> None:
    """Serves until SIGTERM or SIGINT, then ends in order. Raises when the control plane refuses the service for good.

    In code that is `async` itself, use `Service`.
    """

    async def run() -> None:
        async with Service(tasks=tasks, **options) as service:
            await service.closed()

    asyncio.run(run())


class Service:
    """A service in the running event loop: `async with Service(tasks=[...]) as service: await service.closed()`.

    `async with` starts it, waits until it is connected, and closes it. The three ways to connect mean the same to a handler.
    """

    def __init__(self, *, tasks: Sequence[Task[Any, Any]], **options: "Unpack[ServeOptions]") -> None:
        self._settings = read_settings(tasks, options)
        self.name = self._settings.name
        self._fatal: Exception | None = None
        self._ending: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self._worker: Worker
        self._transport: Transport
        self._unlisten: Callable[[], None] = lambda: None

    async def __aenter__(self) -> "Service":
        self.start()
        await self.ready()
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        with contextlib.suppress(Exception) if error is not None else contextlib.nullcontext():
            await self.close()

    def start(self) -> None:
        """Begins to connect. Needs a running event loop."""
        settings = self._settings
        self._worker = Worker(
            tasks=settings.tasks,
            source=settings.source,
            concurrency=settings.concurrency,
            heartbeat_ms=settings.heartbeat_ms,
            ledger=settings.ledger,
            log=settings.log,
        )
        self._transport = open_transport(settings, self._worker, self._on_fatal)
        if settings.signals:
            self._unlisten = self._listen()
        self._starting = asyncio.create_task(self._start())
        settings.log.info(
            "serving",
            service=settings.name,
            source=settings.source,
            tasks=[task.name for task in settings.tasks],
            connect=settings.connect,
        )

    async def ready(self) -> None:
        """Returns once connected, or once the service ends. Raises when the control plane refused for good."""
        if self._starting is None:
            raise RuntimeError("the service was not started")
        await asyncio.wait([self._starting])
        if self._fatal is not None:
            await self.closed()

    async def closed(self) -> None:
        """Returns once the service has ended. Raises when the control plane refused for good, such as a wrong token."""
        await self._closed.wait()
        if self._fatal is not None:
            raise self._fatal

    async def close(self) -> None:
        """Stops taking work, lets running handlers finish, delivers their answers, and disconnects."""
        self._begin_end()
        await self.closed()

    def stats(self) -> ServiceStats:
        return ServiceStats(self._worker.counts, self._transport.counts())

    async def _start(self) -> None:
        try:
            await self._transport.start()
        except Exception as error:
            self._on_fatal(error)

    def _on_fatal(self, error: Exception) -> None:
        if self._fatal is None:
            self._fatal = error
            self._settings.log.error("the control plane refuses this service: ending", service=self.name, error=error_text(error))
        self._begin_end()

    def _begin_end(self) -> None:
        if self._ending is None:
            self._unlisten()
            self._ending = asyncio.create_task(self._end())

    async def _end(self) -> None:
        log, transport, worker = self._settings.log, self._transport, self._worker
        try:
            await transport.leave()
            await worker.drain(self._settings.drain_ms)
            if not await transport.flush(FLUSH_MS):
                log.error(
                    "ended before every answer was delivered: those attempts run again",
                    service=self.name,
                    **vars(transport.counts()),
                )
            worker.stop()
            await transport.close()
            await self._settings.ledger.close()
            log.info("ended", service=self.name, **vars(worker.counts))
        except Exception as error:
            self._fatal = self._fatal or error
        finally:
            if self._starting is not None:
                self._starting.cancel()
            self._closed.set()

    def _listen(self) -> Callable[[], None]:
        """Ends the service on SIGTERM and SIGINT; a second one ends the process at once."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)

        def on_signal(number: int) -> None:
            name = signal.Signals(number).name
            self._settings.log.info("ending: running handlers may finish; a second signal ends at once", signal=name)
            # It stops listening: a second signal has its default action.
            self._begin_end()

        for number in numbers:
            try:
                loop.add_signal_handler(number, on_signal, number)
            except (NotImplementedError, RuntimeError, ValueError):
                # Windows, or a loop in a thread: there `close` ends the service.
                return lambda: None

        def unlisten() -> None:
            for number in numbers:
                loop.remove_signal_handler(number)

        return unlisten


def open_transport(settings: Settings, worker: Worker, on_fatal: Callable[[Exception], None]) -> Transport:
    if settings.connect == "nats":
        return NatsTransport(settings, worker)
    if settings.connect == "push":
        return PushTransport(settings, worker)
    return ClaimTransport(settings, worker, on_fatal)
