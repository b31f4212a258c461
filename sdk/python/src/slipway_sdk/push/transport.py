"""Attempts are delivered to a port of this process, by a subscription that it makes for itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..backoff import backoff_ms
from ..channel import Channel, TransportCounts
from ..claim.open_outbox import large_by_reference, open_outbox
from ..door import HttpDoor, problem_of
from ..errors import AttemptCancelled, ServerUnreachable
from ..events import NoEvent, read_event
from ..trigger import Answer, Cancelled, Trigger, answer_to, read_message, to_json, whereabouts
from ..worker import Worker
from .listener import Listener, PushedAnswer, PushedRequest, refusal

if TYPE_CHECKING:
    from ..settings import Settings

INLINE_BYTES_MAX = 64 * 1024
SLOT_WAIT_S = 5
"""Deliveries come one after the other and wait 10 s for their answer: one that finds no slot waits for less than that."""
UNSUBSCRIBE_MS = 2_000
EVENT_KIND = "application/cloudevents+json"


class PushTransport:
    """Taking a delivery is `started`; what ends quickly is answered in the response, everything else by a POST of its own."""

    def __init__(self, settings: "Settings", worker: Worker) -> None:
        self._settings = settings
        self._worker = worker
        self._door = HttpDoor(settings.server, settings.token)
        self._freed = asyncio.Event()
        log = settings.log
        self._outbox = open_outbox(
            door=self._door, worker=worker, log=log, queue_max=settings.queue_max, on_delivered=self._freed.set
        )
        self._channel = large_by_reference(outbox=self._outbox, door=self._door, log=log)
        self._listener = Listener(self._handle)
        self._source = ""
        self._leaving = False
        worker.on_free = lambda _: self._freed.set()

    async def start(self) -> None:
        push = self._settings.push
        port = await self._listener.listen(push.host, push.port)
        host = f"[{push.host}]" if ":" in push.host else push.host
        # The control plane takes the address of a subscription for the name of its service.
        self._source = self._worker.source = push.url or f"http://{host}:{port}/"
        await self._subscribe()

    async def leave(self) -> None:
        self._leaving = True
        self._freed.set()

    async def flush(self, within_ms: float) -> bool:
        return await self._channel.flush(within_ms) and await self._outbox.flush(within_ms)

    async def close(self) -> None:
        # An address of our own ends with us; one that was given belongs to other replicas too. Not before the answers are
        # delivered: ending the subscription gives back what is not finished.
        if self._settings.push.url is None and self._source != "":
            await self._unsubscribe()
        await self._listener.close()
        self._channel.stop()
        self._outbox.stop()
        await self._door.close()

    def counts(self) -> TransportCounts:
        counts = self._outbox.counts
        counts.waiting += self._channel.waiting
        return counts

    async def _handle(self, request: PushedRequest) -> PushedAnswer:
        if request.method == "GET":
            return PushedAnswer(200, '{"status":"ok"}')
        if request.method != "POST":
            return refusal(405, "events come by POST")
        try:
            message = read_message(read_event(request.headers, request.body))
        except NoEvent as error:
            return refusal(400, str(error))
        if isinstance(message, Cancelled):
            self._worker.cancel(message.attempt_id, "the control plane cancelled it")
        if not isinstance(message, Trigger):
            return PushedAnswer(204)
        return await self._take(message)

    async def _take(self, trigger: Trigger) -> PushedAnswer:
        names = [task.name for task in self._settings.tasks]
        if trigger.task not in names:
            return refusal(404, f"this service has the tasks {', '.join(names)}")
        if not await self._slot(trigger):
            return refusal(503, "busy, or about to end", retry_after_s=1)
        reply = _Reply(self._channel, lambda attempt_id, reason: self._left_behind(trigger, attempt_id, reason))
        if self._worker.take(trigger, reply) == "running":
            return PushedAnswer(202)
        return await reply.answer(self._settings.push.inline_ms / 1000)

    async def _slot(self, trigger: Trigger) -> bool:
        """Waits for a free slot and room for the answer. An attempt that runs already needs none."""
        deadline = time.monotonic() + SLOT_WAIT_S
        while not self._leaving:
            is_free = self._worker.free_slots(trigger.task) > 0 and self._outbox.room > 0
            if is_free or self._worker.is_running(trigger.id):
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._freed.clear()
            try:
                await asyncio.wait_for(self._freed.wait(), left)
            except (asyncio.TimeoutError, TimeoutError):
                return False
        return False

    def _left_behind(self, trigger: Trigger, attempt_id: str, reason: Exception) -> None:
        """It was taken, so no other replica gets it: there is no lease that could lapse. Say that it may be tried again."""
        if isinstance(reason, AttemptCancelled):
            return
        message = f"attempt {attempt_id}: {reason}"
        error = {"code": "SERVICE_ENDED", "message": message}
        data = {**whereabouts(trigger), "status": "errored", "result": "fail", "message": message, "error": error}
        self._outbox.send(answer_to(trigger, phase="finished", source=self._source, data=data))

    async def _subscribe(self) -> None:
        """Until the control plane has it. Raises SlipwayProblem when it refuses for good."""
        settings = self._settings
        types = [f"{task.name}.{phase}" for task in settings.tasks for phase in ("triggered", "cancelled")]
        body = to_json({"sink": self._source, "types": types, **settings.filter.members(), "mode": "execute"})
        failures = 0
        while not self._leaving:
            why = await self._put(body)
            if why is None:
                return
            if failures % 20 == 0:
                settings.log.warn("could not subscribe: trying again", service=settings.name, why=why)
            await asyncio.sleep(backoff_ms(failures) / 1000)
            failures += 1

    @property
    def _path(self) -> str:
        return f"/v1/subscriptions/{quote(self._settings.name, safe='')}"

    async def _put(self, body: str) -> str | None:
        """None when it is there, else why it is not yet."""
        try:
            headers = {"content-type": "application/json"}
            answer = await self._door.exchange("PUT", self._path, headers=headers, body=body)
        except ServerUnreachable as error:
            return str(error)
        if answer.status < 300:
            return None
        problem = problem_of(answer.status, answer.text, "subscribing")
        if answer.status < 500 and answer.status != 429 and not problem.code.startswith("http-"):
            raise problem
        return str(problem)

    async def _unsubscribe(self) -> None:
        try:
            await self._door.exchange("DELETE", self._path, timeout_ms=UNSUBSCRIBE_MS)
        except ServerUnreachable as error:
            self._settings.log.warn("the subscription was left behind", error=str(error))


class _Reply:
    """The response to one delivery: takes the answer along when it comes in time."""

    def __init__(self, channel: Channel, on_left_behind: Callable[[str, Exception], None]) -> None:
        self._channel = channel
        self._on_left_behind = on_left_behind
        self._response: asyncio.Future[PushedAnswer] = asyncio.get_running_loop().create_future()

    async def answer(self, within_s: float) -> PushedAnswer:
        await asyncio.wait([self._response], timeout=within_s)
        self._respond(PushedAnswer(202))
        return self._response.result()

    def send(self, answer: Answer) -> None:
        # Of a longer response only the status would count.
        if answer.phase == "finished":
            is_short = len(answer.json.encode("utf-8", "surrogatepass")) <= INLINE_BYTES_MAX
            if is_short and self._respond(PushedAnswer(200, answer.json, EVENT_KIND)):
                return
            self._respond(PushedAnswer(202))
        self._channel.send(answer)

    def dropped(self, attempt_id: str, reason: Exception) -> None:
        # Not said to be taken yet: it is delivered again.
        if not self._respond(PushedAnswer(503, retry_after_s=1)):
            self._on_left_behind(attempt_id, reason)

    def _respond(self, answer: PushedAnswer) -> bool:
        if self._response.done():
            return False
        self._response.set_result(answer)
        return True
