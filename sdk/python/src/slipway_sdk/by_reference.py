"""Sends what is larger than an event may be by reference: its data go to the control plane first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from .backoff import backoff_ms
from .channel import Channel
from .door import HttpDoor, parse_json, problem_of
from .errors import ServerUnreachable, SlipwayProblem
from .log import Logger, error_text
from .trigger import Answer, CloudEvent, to_json

PREFIX = "/v1/data/"
EVENT_BYTES_MAX = 1_000_000
"""The control plane takes no larger event; some room is left for what else is in it."""
TIMEOUT_MS = 60_000
TRANSIENT = frozenset({408, 425, 429})
KEPT = ("project", "stage", "service", "status", "result")


def is_reference(event: CloudEvent) -> bool:
    """Whether the data of an event are with the control plane and not in it."""
    ref = event.get("dataref")
    return isinstance(ref, str) and ref.startswith(PREFIX)


async def fetch_data(door: HttpDoor, event: CloudEvent) -> CloudEvent:
    """The event with its data in place. Raises SlipwayProblem or ServerUnreachable."""
    answer = await door.exchange("GET", str(event["dataref"]), timeout_ms=TIMEOUT_MS)
    if answer.status != 200:
        raise problem_of(answer.status, answer.text, f"data of {event['id']}")
    rest = {name: value for name, value in event.items() if name != "dataref"}
    return {**rest, "data": parse_json(answer.text)}


async def put_data(door: HttpDoor, text: str) -> str:
    """Stores the data of an event. Returns the event that names them. Raises SlipwayProblem or ServerUnreachable."""
    event = parse_json(text)
    data = event["data"]
    headers = {"content-type": "application/json"}
    answer = await door.exchange("POST", "/v1/data", headers=headers, body=to_json(data), timeout_ms=TIMEOUT_MS)
    put = parse_json(answer.text)
    if answer.status != 201 or not isinstance(put, dict):
        raise problem_of(answer.status, answer.text, f"data of {event['id']}")
    kept = {name: data[name] for name in KEPT if name in data}
    return to_json({**event, "dataref": put["dataref"], "data": kept})


class ByReference:
    """A channel that passes answers on; those that are too large are stored first."""

    def __init__(
        self,
        *,
        channel: Channel,
        door: HttpDoor,
        log: Logger,
        bytes_max: Callable[[], int],
        on_refused: Callable[[Answer, str], None],
    ) -> None:
        self._channel = channel
        self._door = door
        self._log = log
        self._bytes_max = bytes_max
        self._on_refused = on_refused
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        return len(self._under_way)

    def send(self, answer: Answer) -> None:
        limit = self._bytes_max()
        # A character has at most 4 bytes: short texts need no counting.
        if 4 * len(answer.json) <= limit or len(answer.json.encode("utf-8", "surrogatepass")) <= limit:
            self._channel.send(answer)
            return
        task = asyncio.get_running_loop().create_task(self._bring(answer))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def dropped(self, attempt_id: str, reason: Exception) -> None:
        self._channel.dropped(attempt_id, reason)

    async def flush(self, within_ms: float) -> bool:
        if not self._under_way:
            return True
        _, pending = await asyncio.wait(set(self._under_way), timeout=within_ms / 1000)
        return not pending

    def stop(self) -> None:
        for task in self._under_way:
            task.cancel()

    async def _bring(self, answer: Answer) -> None:
        failures = 0
        while True:
            try:
                self._channel.send(replace(answer, json=await put_data(self._door, answer.json)))
                return
            except (ServerUnreachable, SlipwayProblem) as error:
                wait = _wait_of(error)
                if wait is None:
                    self._on_refused(answer, error_text(error))
                    return
                if failures % 10 == 0:
                    self._log.warn(
                        "large data could not be delivered: trying again",
                        attempt=answer.attempt_id,
                        why=error_text(error),
                    )
                await asyncio.sleep(backoff_ms(failures, wait) / 1000)
                failures += 1


def _wait_of(error: ServerUnreachable | SlipwayProblem) -> float | None:
    """How long to wait at least before the next try; None when none will help."""
    if isinstance(error, ServerUnreachable):
        return 0
    if error.status >= 500 or error.status in TRANSIENT:
        return error.problem.get("retryAfterMs", 0)
    return None
