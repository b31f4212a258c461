"""A durable pull consumer for each task and spelling, which replicas share."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from nats.aio.client import Client
from nats.aio.msg import Msg

from ..answer_refused import instead_of
from ..backoff import backoff_ms
from ..by_reference import EVENT_BYTES_MAX, ByReference, fetch_data, is_reference
from ..channel import TransportCounts
from ..door import HttpDoor
from ..errors import AttemptCancelled, ServerUnreachable, SlipwayProblem
from ..events import NoEvent, read_event
from ..log import error_text
from ..trigger import Answer, Cancelled, CloudEvent, Trigger, answer_to, read_message, started_data, to_json
from ..worker import Worker
from .connection import NotAuthorized, connect, servers_of
from .durable import ACK_WAIT_S, ensure_durable
from .names import HELLO_SUBJECT, durable_name, task_subject
from .publisher import Publisher
from .session import TERM, Session, Source, nak

if TYPE_CHECKING:
    from ..settings import Settings

HELLO_S = 10
BUSY_DELAY_S = 0.2
FETCH_RETRY_S = 2
EVENT_ROOM = 64 * 1024
"""For headers, and what else is in an event besides its data."""
CLOSE_TIMEOUT_S = 2
FAILURES_MAX = 4
"""The pause between two tries stays below 2 s."""


class NatsTransport:
    """A message is acked when the finished event of its attempt is stored, kept alive while the handler runs, and given back
    when the service ends first. A connection that breaks is replaced; its messages come again by themselves.
    """

    def __init__(self, settings: "Settings", worker: Worker) -> None:
        self._settings = settings
        self._worker = worker
        self._log = settings.log
        # To the control plane, for data that are too large for the broker.
        self._door = HttpDoor(settings.server, settings.token)
        self._publisher = Publisher(settings.log)
        self._publisher.on_refused = self._on_refused
        self._publisher.on_room = lambda: self._ask(None)
        self._channel = ByReference(
            channel=_Published(self),
            door=self._door,
            log=settings.log,
            bytes_max=self._bytes_max,
            on_refused=self._on_refused,
        )
        self._sources = [self._source(task.name, dialect) for task in settings.tasks for dialect in settings.dialects]
        self._session: Session | None = None
        self._leaving = asyncio.Event()
        self._connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._running: asyncio.Task[None] | None = None
        self._pulse: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        worker.on_free = self._ask

    def _source(self, task: str, dialect: str) -> Source:
        spelled = "keptn" if dialect == "keptn" else "plain"
        project = self._settings.filter.project if spelled == "plain" else None
        return Source(
            task=task,
            durable=durable_name(service=self._settings.name, task=task, dialect=spelled, project=project),  # type: ignore[arg-type]
            subject=task_subject(task=task, phase="triggered", dialect=spelled, project=project),  # type: ignore[arg-type]
            cancelled_subject=task_subject(task=task, phase="cancelled", dialect=spelled, project=project),  # type: ignore[arg-type]
        )

    async def start(self) -> None:
        self._running = asyncio.create_task(self._stay_connected())
        self._pulse = asyncio.create_task(self._keep_alive())
        await self._connected

    async def leave(self) -> None:
        self._leaving.set()
        if not self._connected.done():
            self._connected.set_result(None)
        # What the broker has sent until now arrives before this returns, and is given back.
        if self._session is not None:
            with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                await asyncio.wait_for(self._session.stop_pulling(), CLOSE_TIMEOUT_S)

    async def flush(self, within_ms: float) -> bool:
        return await self._channel.flush(within_ms) and await self._publisher.flush(within_ms)

    async def close(self) -> None:
        for task in [self._pulse, *self._background]:
            if task is not None:
                task.cancel()
        self._channel.stop()
        self._publisher.close()
        session = self._session
        if session is not None and not session.client.is_closed:
            # Acks are on their way to the socket: let them arrive.
            with contextlib.suppress(Exception):
                await asyncio.wait_for(session.settle(), CLOSE_TIMEOUT_S)
                await session.client.flush(timeout=CLOSE_TIMEOUT_S)
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        if session is not None and not session.client.is_closed:
            with contextlib.suppress(Exception):
                await session.client.close()
        await self._door.close()

    def counts(self) -> TransportCounts:
        counts = self._publisher.counts
        counts.waiting += self._channel.waiting
        return counts

    def send(self, answer: Answer) -> None:
        self._channel.send(answer)

    def dropped(self, attempt_id: str, reason: Exception) -> None:
        self._end(attempt_id, b"" if isinstance(reason, AttemptCancelled) else nak())

    def publish(self, answer: Answer) -> None:
        if answer.phase == "finished":
            self._publisher.publish(answer, lambda: self._end(answer.attempt_id))
        else:
            self._publisher.publish(answer)

    async def _stay_connected(self) -> None:
        """Until it leaves: connects, and connects again when the connection breaks."""
        failures = 0
        servers = servers_of(self._settings.nats)
        while not (self._leaving.is_set() and self._session is None and failures > 0):
            broken = asyncio.Event()
            server = servers[failures % len(servers)]
            try:
                client = await connect(server, self._settings.nats, self._settings.name, broken)
            except Exception as error:
                if isinstance(error, NotAuthorized) and not self._connected.done():
                    self._connected.set_exception(error)
                    return
                if failures % 20 == 0:
                    self._log.warn("no NATS server answers: trying again", servers=len(servers), error=error_text(error))
                await asyncio.sleep(backoff_ms(min(failures, FAILURES_MAX)) / 1000)
                failures += 1
                continue
            failures = 0
            await self._use(client, broken)
            if not self._leaving.is_set():
                self._log.warn("lost the connection to NATS: coming back by itself")

    async def _use(self, client: Client, broken: asyncio.Event) -> None:
        """Until the connection breaks."""
        session = self._session = Session(client)
        try:
            await self._publisher.connected(client)
            await self._hear_cancelled(client)
            while not broken.is_set():
                if not self._leaving.is_set():
                    await self._restore(session, broken)
                await _either(broken, session.gone)
                session.gone.clear()
        except Exception as error:
            self._log.warn("NATS", error=error_text(error))
            with contextlib.suppress(Exception):
                await client.close()
        finally:
            self._publisher.disconnected()
            await session.stop_pulling()
            self._session = None

    async def _hear_cancelled(self, client: Client) -> None:
        async def on_cancelled(message: Msg) -> None:
            with contextlib.suppress(NoEvent):
                told = read_message(read_event(_headers(message), message.data))
                if isinstance(told, Cancelled):
                    self._worker.cancel(told.attempt_id, "the control plane cancelled it")

        for source in self._sources:
            await client.subscribe(source.cancelled_subject, cb=on_cancelled)

    async def _restore(self, session: Session, broken: asyncio.Event) -> None:
        """Until every consumer is there; then asks for work, and says hello."""
        await session.stop_pulling()
        failures = 0
        while not self._leaving.is_set() and not broken.is_set():
            why = await self._ensure_all(session.client)
            if why is None:
                break
            if failures % 20 == 0:
                self._log.warn("waiting for JetStream", why=why)
            await asyncio.sleep(backoff_ms(min(failures, FAILURES_MAX)) / 1000)
            failures += 1
        if self._leaving.is_set() or broken.is_set():
            return
        await session.listen(self._sources, self._free, self._on_message)
        await self._hello(session)
        if not self._connected.done():
            self._connected.set_result(None)

    async def _ensure_all(self, client: Client) -> str | None:
        try:
            for source in self._sources:
                if not await ensure_durable(client, source.durable, source.subject):
                    return "the stream SLIPWAY_OUT is not there: the control plane makes it when it runs with --nats"
        except Exception as error:
            return error_text(error)
        return None

    async def _keep_alive(self) -> None:
        heard = worked = time.monotonic()
        while True:
            await asyncio.sleep(1)
            session, now = self._session, time.monotonic()
            if session is None:
                continue
            if now - worked >= ACK_WAIT_S / 3:
                worked = now
                session.still_working()
            if now - heard >= HELLO_S and not self._leaving.is_set():
                heard = now
                await self._hello(session)

    async def _hello(self, session: Session) -> None:
        settings = self._settings
        hello = {
            "source": settings.source,
            "tasks": [task.name for task in settings.tasks],
            "way": "nats",
            "at": int(time.time() * 1000),
            **({} if settings.version is None else {"version": settings.version}),
        }
        with contextlib.suppress(Exception):  # The connection may just break: the next one says it again.
            await session.client.publish(HELLO_SUBJECT, to_json(hello).encode())

    def _bytes_max(self) -> int:
        payload_max = EVENT_BYTES_MAX if self._session is None else self._session.client.max_payload
        return min(EVENT_BYTES_MAX, payload_max - EVENT_ROOM)

    def _free(self, task: str) -> int:
        full = self.counts().waiting >= self._settings.queue_max
        return 0 if full else self._worker.free_slots(task)

    def _ask(self, task: str | None) -> None:
        if self._session is not None:
            self._session.ask(task)

    def _on_message(self, session: Session, message: Msg) -> None:
        try:
            event = read_event(_headers(message), message.data)
        except NoEvent as error:
            self._log.error("skipped a message that is not a CloudEvent", subject=message.subject, why=str(error))
            session.respond(message, TERM)
            return
        if is_reference(event):
            task = asyncio.get_running_loop().create_task(self._fetch(session, message, event))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
        else:
            self._on_event(session, message, event)

    async def _fetch(self, session: Session, message: Msg, event: CloudEvent) -> None:
        """The data are with the control plane. While they come the broker waits, as it does for a handler."""
        try:
            self._on_event(session, message, await fetch_data(self._door, event))
        except (ServerUnreachable, SlipwayProblem) as error:
            self._log.warn("the data of an event could not be fetched: it comes again", id=event["id"], error=error_text(error))
            session.respond(message, nak(FETCH_RETRY_S))

    def _on_event(self, session: Session, message: Msg, event: CloudEvent) -> None:
        trigger = read_message(event)
        if not isinstance(trigger, Trigger) or not self._settings.filter.matches(trigger.data):
            session.respond(message)
            return
        is_new = not self._worker.is_running(trigger.id)
        if is_new and (self._leaving.is_set() or self._worker.free_slots(trigger.task) == 0):
            session.respond(message, nak(0 if self._leaving.is_set() else BUSY_DELAY_S))
            return
        # Before the worker has it: an answer from the ledger comes at once.
        session.delivered(trigger.id, message)
        taken = self._worker.take(trigger, self)
        if taken == "started":
            self._tell_started(trigger)
        elif taken == "unknown-task":
            session.end(trigger.id)

    def _tell_started(self, trigger: Trigger) -> None:
        """Unless it ends at once: `finished` alone says both. Services written for Keptn always say both, and listeners may
        count on it.
        """

        def tell() -> None:
            if trigger.dialect == "keptn" or self._worker.is_running(trigger.id):
                data = started_data(trigger)
                answer = answer_to(trigger, phase="started", source=self._settings.source, data=data)
                self._publisher.publish(answer)

        if trigger.dialect == "keptn":
            tell()
        else:
            # The handler begins in the next turn of the loop, and one that is quick has ended in the turn after.
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: loop.call_soon(tell))

    def _on_refused(self, answer: Answer, why: str) -> None:
        instead = instead_of(answer, why) if answer.phase == "finished" else None
        if instead is not None:
            self.send(instead)
        elif answer.phase == "finished":
            self._end(answer.attempt_id)

    def _end(self, attempt_id: str, payload: bytes = b"") -> None:
        if self._session is not None:
            self._session.end(attempt_id, payload)


class _Published:
    """The publisher as a channel."""

    def __init__(self, transport: NatsTransport) -> None:
        self._transport = transport

    def send(self, answer: Answer) -> None:
        self._transport.publish(answer)

    def dropped(self, attempt_id: str, reason: Exception) -> None:
        return None


def _headers(message: Msg) -> dict[str, str]:
    return {name.lower(): value for name, value in (message.headers or {}).items()}


async def _either(first: asyncio.Event, second: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in (first, second)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
