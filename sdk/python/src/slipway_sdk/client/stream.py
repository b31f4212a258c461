"""Items of `GET /v1/stream`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..door import parse_json
from ..errors import ServerUnreachable, SlipwayProblem
from .sse import LineReader, SseMessage, SseReader

SILENCE_S = 60
"""Silence after which the connection counts as lost; the server says something each 15 s."""


@dataclass(frozen=True)
class StreamItem:
    """`kind` is `event` (`data` is an EventView), `run` (a RunSummary), or what a newer server may say."""

    kind: str
    id: str
    data: Any


class StreamReader:
    """Where a stream stands: what came, and what to ask for after a break."""

    def __init__(self, last_event_id: str | None) -> None:
        self.last_event_id = last_event_id
        self.failures = 0
        self._lines = LineReader()
        self._messages = SseReader()

    def connected(self) -> None:
        self._lines = LineReader()
        self._messages = SseReader()

    @property
    def headers(self) -> dict[str, str]:
        last = {} if self.last_event_id is None else {"last-event-id": self.last_event_id}
        return {"accept": "text/event-stream", **last}

    def read(self, text: str) -> Iterator[StreamItem]:
        for line in self._lines.read(text):
            for message in self._messages.line(line):
                yield self._item(message)

    def _item(self, message: SseMessage) -> StreamItem:
        self.failures = 0
        if message.id != "":
            self.last_event_id = message.id
        return StreamItem(message.event, message.id, parse_json(message.data))


def wait_before_retry(error: Exception) -> float | None:
    """How many ms to wait at least before the next connection; None when none will help."""
    if isinstance(error, ServerUnreachable):
        return 0
    if isinstance(error, SlipwayProblem) and (error.status == 429 or error.status >= 500):
        return error.problem.get("retryAfterMs", 0)
    return None
