"""Publishes answers into JetStream, and keeps each until the broker has it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from ..backoff import backoff_ms
from ..channel import TransportCounts
from ..door import parse_json
from ..log import Logger
from ..trigger import Answer

UNACKED_MAX = 1_000
"""Sent and not acknowledged yet, at most; what is beyond it waits."""
ACK_TIMEOUT_S = 5
SWEEP_S = 0.25
EXCEEDS_LIMIT = 10054


@dataclass
class _Item:
    answer: Answer
    on_stored: Callable[[], None]
    failures: int = 0
    due_at: float = field(default=0.0)
    """When it is given up (sent) or may be sent (waiting), by the monotonic clock."""


class Publisher:
    """All acknowledgements come to one inbox, with a number for each message.

    A repeat is the same event with the same id, which its receiver recognises. It outlives the connection: what was on its way
    when that broke goes out again on the next one.
    """

    def __init__(self, log: Logger) -> None:
        self._log = log
        self._client: Client | None = None
        self._inbox = ""
        self._unacked: dict[int, _Item] = {}
        self._waiting: list[_Item] = []
        # Progress that is not stored yet, by attempt: newer progress waits for it, and replaces what waits.
        self._progress: dict[str, Answer | None] = {}
        self._next = 0
        self._sending: asyncio.Task[None] | None = None
        self._work = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._counts = TransportCounts()
        self.on_refused: Callable[[Answer, str], None] = lambda answer, why: None
        """What the broker will never take as it is, such as a message above its limit."""
        self.on_room: Callable[[], None] = lambda: None

    @property
    def counts(self) -> TransportCounts:
        counts = TransportCounts(**vars(self._counts))
        counts.waiting = len(self._unacked) + len(self._waiting)
        return counts

    def publish(self, answer: Answer, on_stored: Callable[[], None] = lambda: None) -> None:
        if answer.phase == "status.changed":
            if answer.attempt_id in self._progress:
                self._progress[answer.attempt_id] = answer
                return
            self._progress[answer.attempt_id] = None
        self._waiting.append(_Item(answer, on_stored))
        self._empty.clear()
        self._work.set()

    async def connected(self, client: Client) -> None:
        async def on_ack(message: Msg) -> None:
            self._on_ack(message)

        self._inbox = client.new_inbox() + "."
        await client.subscribe(f"{self._inbox}*", cb=on_ack)
        self._client = client
        for item in self._waiting:
            item.due_at = 0
        self._work.set()
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send_all())

    def disconnected(self) -> None:
        """What is on its way will not be acknowledged. It goes out again when the connection is back."""
        self._client = None
        self._waiting = [*self._unacked.values(), *self._waiting]
        self._unacked.clear()

    async def flush(self, within_ms: float) -> bool:
        try:
            await asyncio.wait_for(self._empty.wait(), within_ms / 1000)
        except (asyncio.TimeoutError, TimeoutError):
            return False
        return True

    def close(self) -> None:
        if self._sending is not None:
            self._sending.cancel()

    async def _send_all(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._work.wait(), SWEEP_S if self._unacked or self._waiting else None)
            except (asyncio.TimeoutError, TimeoutError):
                self._sweep()
            self._work.clear()
            items, self._waiting = self._waiting, []
            now = time.monotonic()
            for at, item in enumerate(items):
                client = self._client
                if client is None or len(self._unacked) >= UNACKED_MAX:
                    self._waiting = [*items[at:], *self._waiting]
                    break
                if item.due_at > now:
                    self._waiting.append(item)
                else:
                    await self._send(client, item)
            if not self._waiting:
                self.on_room()

    async def _send(self, client: Client, item: _Item) -> None:
        number = self._next
        self._next += 1
        item.due_at = time.monotonic() + ACK_TIMEOUT_S
        self._unacked[number] = item
        payload = item.answer.json.encode("utf-8", "replace")
        try:
            await client.publish(item.answer.subject, payload, reply=f"{self._inbox}{number}")
        except nats.errors.MaxPayloadError as error:
            self._unacked.pop(number, None)
            self._refuse(item, str(error))
        except Exception:
            # The connection is gone: `disconnected` may have taken it back already.
            if self._unacked.pop(number, None) is not None:
                self._waiting.append(item)

    def _on_ack(self, message: Msg) -> None:
        item = self._unacked.pop(int(message.subject[len(self._inbox) :]), None)
        if item is None:
            return
        ack = parse_json(message.data) if message.data else None
        if isinstance(ack, dict) and "stream" in ack and "error" not in ack:
            self._counts.sent += 1
            item.on_stored()
            self._settled(item)
        elif not message.data and (message.headers or {}).get("Status") == "503":
            self._again(item, f"no JetStream stream takes {item.answer.subject}: is the control plane running with --nats?")
        else:
            why = message.data.decode("utf-8", "replace")
            error = ack.get("error") if isinstance(ack, dict) else None
            # A limit of the stream is no passing trouble; anything else may be.
            if isinstance(error, dict) and error.get("err_code") == EXCEEDS_LIMIT:
                self._refuse(item, why)
            else:
                self._again(item, why)
        if self._waiting:
            self._work.set()

    def _again(self, item: _Item, why: str) -> None:
        if item.failures % 10 == 0:
            self._log.warn("an answer was not stored: trying again", waiting=self.counts.waiting, why=why)
        item.failures += 1
        self._counts.retries += 1
        item.due_at = time.monotonic() + backoff_ms(item.failures) / 1000
        self._waiting.append(item)

    def _refuse(self, item: _Item, why: str) -> None:
        self._counts.refused += 1
        self._log.error("an answer was refused", attempt=item.answer.attempt_id, phase=item.answer.phase, why=why)
        self.on_refused(item.answer, why)
        self._settled(item)

    def _settled(self, item: _Item) -> None:
        if item.answer.phase == "status.changed":
            newer = self._progress.pop(item.answer.attempt_id, None)
            if newer is not None:
                self.publish(newer)
        if not self._unacked and not self._waiting:
            self._empty.set()

    def _sweep(self) -> None:
        now = time.monotonic()
        for number, item in list(self._unacked.items()):
            if item.due_at > now:
                return  # In order of sending, and all wait equally long.
            del self._unacked[number]
            self._again(item, f"not acknowledged within {ACK_TIMEOUT_S} s")
