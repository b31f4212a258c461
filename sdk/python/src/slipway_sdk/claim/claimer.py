"""Claims attempts of one task."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ..backoff import backoff_ms, parse_retry_after_ms
from ..channel import Channel
from ..door import HttpAnswer, HttpDoor, parse_json, problem_of
from ..errors import ServerUnreachable, SlipwayProblem
from ..log import Logger
from ..trigger import CloudEvent, Trigger, is_event, read_message
from ..worker import Worker
from .outbox import Outbox

CLAIM_MAX = 256
"""The most that the control plane gives at once."""
GRACE_MS = 15_000
"""Beyond `wait`, for an answer that takes its time."""
LEAVE_GRACE_S = 1
TRANSIENT = frozenset({408, 425, 429})


@dataclass(frozen=True)
class _Claimed:
    events: list[CloudEvent]


@dataclass(frozen=True)
class _Again:
    why: str
    retry_after_ms: float


class Claimer:
    """One long poll is outstanding while there is a free slot and room for its answer, and asks for as many as there are.

    It ends when told to, or when the server says what no other try will change. Its door has one connection, which can be
    left without losing what is on its way.
    """

    def __init__(
        self,
        *,
        task: str,
        door: HttpDoor,
        worker: Worker,
        outbox: Outbox,
        channel: Channel,
        log: Logger,
        body: str,
        wait_ms: int,
        lease_ms: int,
    ) -> None:
        self._task = task
        self._door = door
        self._worker = worker
        self._outbox = outbox
        self._channel = channel
        self._log = log
        self._body = body
        self._wait_ms = wait_ms
        self._lease_ms = lease_ms
        self._leaving = asyncio.Event()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """A slot or room may be free: look again."""
        self._woken.set()

    def leave(self) -> None:
        self._leaving.set()
        self._woken.set()
        self._door.leave()

    async def run(self) -> None:
        """Until it leaves. Raises SlipwayProblem when the server refuses for good."""
        failures = 0
        while not self._leaving.is_set():
            self._woken.clear()
            free = min(self._worker.free_slots(self._task), self._outbox.room, CLAIM_MAX)
            if free == 0:
                await self._woken.wait()
                continue
            claimed = await self._claim_or_leave(free)
            if isinstance(claimed, _Claimed):
                if failures > 0:
                    self._log.info("claiming again", task=self._task)
                failures = 0
                self._take(claimed.events)
                # One turn of the loop, so that the slots of those that ended at once are free again.
                await asyncio.sleep(0)
                continue
            if self._leaving.is_set():
                return
            if failures % 20 == 0:
                self._log.warn("could not claim: trying again", task=self._task, why=claimed.why)
            # A free slot is no reason to ask a server that just refused: only leaving ends this pause.
            await _first(self._leaving, backoff_ms(failures, claimed.retry_after_ms) / 1000)
            failures += 1

    async def _claim_or_leave(self, free: int) -> _Claimed | _Again:
        """What the server hands out in the moment of leaving is taken all the same."""
        claim = asyncio.create_task(self._claim(free))
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            await asyncio.wait([claim, leaving], return_when=asyncio.FIRST_COMPLETED)
            if not claim.done():
                await asyncio.wait([claim], timeout=LEAVE_GRACE_S)
            if not claim.done():
                return _Again("left", 0)
            return claim.result()
        finally:
            leaving.cancel()
            if not claim.done():
                claim.cancel()

    async def _claim(self, free: int) -> _Claimed | _Again:
        try:
            answer = await self._door.exchange(
                "POST",
                f"/v1/tasks/{self._task}/claim?wait={self._wait_ms}ms&max={free}&lease={self._lease_ms}ms",
                headers={"content-type": "application/json"},
                body=self._body,
                timeout_ms=self._wait_ms + GRACE_MS,
            )
        except ServerUnreachable as error:
            return _Again(str(error), 0)
        return _read_claimed(answer, self._task)

    def _take(self, events: list[CloudEvent]) -> None:
        for event in events:
            message = read_message(event)
            taken = self._worker.take(message, self._channel) if isinstance(message, Trigger) else "not a trigger"
            if taken in ("unknown-task", "not a trigger"):
                self._log.error(
                    "claimed an event that this service has no task for",
                    task=self._task,
                    id=event["id"],
                    type=event["type"],
                )


def _read_claimed(answer: HttpAnswer, task: str) -> _Claimed | _Again:
    if answer.status == 204:
        return _Claimed([])
    if answer.status == 200:
        events = parse_json(answer.text)
        if isinstance(events, list) and all(map(is_event, events)):
            return _Claimed(events)
        return _Again(f"the answer is not a list of events: {answer.text[:100]}", 0)
    problem = problem_of(answer.status, answer.text, f"claim of {task}")
    if _is_final(problem):
        raise problem
    asked = parse_retry_after_ms(answer.headers.get("retry-after"))
    return _Again(str(problem), problem.problem.get("retryAfterMs", asked))


def _is_final(problem: SlipwayProblem) -> bool:
    """A refusal without a problem document comes from a proxy on the way, and may be gone a moment later."""
    if problem.status in (401, 403):
        return True
    return 400 <= problem.status < 500 and problem.status not in TRANSIENT and not problem.code.startswith("http-")


async def _first(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except (asyncio.TimeoutError, TimeoutError):
        return
