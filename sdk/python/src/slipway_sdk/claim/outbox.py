"""Delivers answers over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..backoff import backoff_ms, parse_retry_after_ms
from ..channel import TransportCounts
from ..door import HttpAnswer, HttpDoor, parse_json, problem_of
from ..errors import ServerUnreachable
from ..log import Logger
from ..trigger import Answer

BATCH_MAX = 100
"""Events in one POST; the control plane takes no more."""
BATCH_CHARS_MAX = 1024 * 1024
"""Characters in one POST, unless a single event is larger."""
TIMEOUT_MS = 30_000

OVER = frozenset({"attempt-over", "unknown-attempt", "unknown-run", "unknown-task", "duplicate-answer"})
"""Codes that mean: no answer to this attempt is wanted."""
TRANSIENT = frozenset({401, 403, 408, 425, 429})
"""Refusals that another try can change. A wrong token is one: tokens are exchanged while services run."""


@dataclass(frozen=True)
class _Item:
    outcome: str = "accepted"
    code: str | None = None


@dataclass(frozen=True)
class _Taken:
    items: list[_Item]


@dataclass(frozen=True)
class _Refused:
    code: str
    text: str


@dataclass(frozen=True)
class _Again:
    why: str
    retry_after_ms: float


class Outbox:
    """One POST at a time, and what ends while it is under way is the next batch.

    There is no timer: the first answer goes at once, and under load the batches grow by themselves. An answer leaves the queue
    only when the control plane said what became of it; whatever else happens is tried again, with the same event ids, so that
    a repeat changes nothing.
    """

    def __init__(
        self,
        *,
        door: HttpDoor,
        log: Logger,
        queue_max: int,
        on_over: Callable[[str, str], None],
        on_refused: Callable[[Answer, str], Answer | None],
        on_delivered: Callable[[], None],
    ) -> None:
        self._door = door
        self._log = log
        self._queue_max = queue_max
        self._on_over = on_over
        self._on_refused = on_refused
        self._on_delivered = on_delivered
        # By key: progress of an attempt that waits is replaced by newer progress.
        self._queue: dict[str, Answer] = {}
        self._under_way = 0
        self._draining: asyncio.Task[None] | None = None
        self._empty = asyncio.Event()
        self._empty.set()
        self._counts = TransportCounts()

    @property
    def counts(self) -> TransportCounts:
        counts = TransportCounts(**vars(self._counts))
        counts.waiting = len(self._queue) + self._under_way
        return counts

    @property
    def room(self) -> int:
        """How many more answers may wait before no new work should be taken."""
        return max(0, self._queue_max - len(self._queue) - self._under_way)

    def send(self, answer: Answer) -> None:
        is_progress = answer.phase == "status.changed"
        self._queue[f"progress {answer.attempt_id}" if is_progress else answer.id] = answer
        self._empty.clear()
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._drain())

    def dropped(self, attempt_id: str, reason: Exception) -> None:
        return None

    async def flush(self, within_ms: float) -> bool:
        try:
            await asyncio.wait_for(self._empty.wait(), within_ms / 1000)
        except (asyncio.TimeoutError, TimeoutError):
            return False
        return True

    def stop(self) -> None:
        """Gives up what is left."""
        if self._draining is not None:
            self._draining.cancel()

    async def _drain(self) -> None:
        # After the handlers that end in this turn of the loop, so that they share a POST.
        await asyncio.sleep(0)
        while self._queue:
            batch = self._take_batch()
            self._under_way = len(batch)
            await self._deliver(batch)
            self._under_way = 0
            self._on_delivered()
        self._draining = None
        self._empty.set()

    def _take_batch(self) -> list[Answer]:
        batch: list[Answer] = []
        size = 0
        for key, answer in list(self._queue.items()):
            size += len(answer.json)
            if len(batch) == BATCH_MAX or (batch and size > BATCH_CHARS_MAX):
                break
            batch.append(answer)
            del self._queue[key]
        return batch

    async def _deliver(self, batch: Sequence[Answer]) -> None:
        """Until the control plane has said what became of each; a batch that is refused as a whole is sent one by one."""
        failures = 0
        while True:
            posted = await self._post(batch)
            if isinstance(posted, _Taken):
                self._settle(batch, posted.items)
                return
            if isinstance(posted, _Refused):
                if len(batch) == 1:
                    await self._refuse(batch[0], posted)
                    return
                for answer in batch:
                    await self._deliver([answer])
                return
            if failures % 10 == 0:
                self._log.warn("answers could not be delivered: trying again", waiting=self.counts.waiting, why=posted.why)
            self._counts.retries += 1
            await asyncio.sleep(backoff_ms(failures, posted.retry_after_ms) / 1000)
            failures += 1

    async def _post(self, batch: Sequence[Answer]) -> _Taken | _Refused | _Again:
        if len(batch) == 1:
            kind, body = "application/cloudevents+json", batch[0].json
        else:
            kind, body = "application/cloudevents-batch+json", f"[{','.join(answer.json for answer in batch)}]"
        try:
            answer = await self._door.exchange(
                "POST", "/v1/events", headers={"content-type": kind}, body=body, timeout_ms=TIMEOUT_MS
            )
        except ServerUnreachable as error:
            return _Again(str(error), 0)
        return _read_posted(answer)

    def _settle(self, batch: Sequence[Answer], items: Sequence[_Item]) -> None:
        for at, answer in enumerate(batch):
            item = items[at] if at < len(items) else _Item()
            # Progress of an open attempt is always news to the control plane: a duplicate means that it is over.
            code = item.code
            if item.outcome == "duplicate" and answer.phase == "status.changed":
                code = "attempt-over"
            if item.outcome != "accepted" and code in OVER:
                self._counts.over += 1
                self._on_over(answer.attempt_id, str(code))
            else:
                self._counts.sent += 1

    async def _refuse(self, answer: Answer, why: _Refused) -> None:
        if why.code in OVER:
            self._counts.over += 1
            self._on_over(answer.attempt_id, why.code)
            return
        self._counts.refused += 1
        self._log.error("an answer was refused", attempt=answer.attempt_id, phase=answer.phase, why=why.text)
        if answer.phase != "finished":
            return
        instead = self._on_refused(answer, why.text)
        if instead is not None:
            await self._deliver([instead])


def _read_posted(answer: HttpAnswer) -> _Taken | _Refused | _Again:
    if answer.status < 300:
        body = parse_json(answer.text)
        items = body.get("items") if isinstance(body, dict) else None
        return _Taken([_read_item(item) for item in items] if isinstance(items, list) else [])
    problem = problem_of(answer.status, answer.text, "POST /v1/events")
    if answer.status >= 500 or answer.status < 400 or answer.status in TRANSIENT:
        asked = parse_retry_after_ms(answer.headers.get("retry-after"))
        return _Again(str(problem), problem.problem.get("retryAfterMs", asked))
    return _Refused(problem.code, str(problem))


def _read_item(item: object) -> _Item:
    if not isinstance(item, dict) or not isinstance(item.get("outcome"), str):
        return _Item()
    code = item.get("code")
    return _Item(item["outcome"], code if isinstance(code, str) else None)
