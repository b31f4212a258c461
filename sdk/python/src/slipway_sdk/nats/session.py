"""What lives as long as one connection: its consumers, and the messages that came by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg

from .puller import Puller

WORKING = b"+WPI"
TERM = b"+TERM"
DELIVERIES_MAX = 8
"""Deliveries of one attempt that are remembered."""


def nak(delay_s: float = 0) -> bytes:
    return b"-NAK" if delay_s == 0 else f'-NAK {{"delay":{round(delay_s * 1_000_000_000)}}}'.encode()


@dataclass(frozen=True)
class Source:
    """Where attempts of one task in one spelling come from."""

    task: str
    durable: str
    subject: str
    cancelled_subject: str


class Session:
    def __init__(self, client: Client) -> None:
        self.client = client
        self.pullers: list[tuple[str, Puller]] = []
        self.gone = asyncio.Event()
        """A consumer is not there, or no longer."""
        self._deliveries: dict[str, list[Msg]] = {}
        self._responses: set[asyncio.Task[None]] = set()

    async def listen(
        self, sources: Sequence[Source], free: Callable[[str], int], on_message: Callable[["Session", Msg], None]
    ) -> None:
        for source in sources:
            puller = Puller(
                client=self.client,
                durable=source.durable,
                free=lambda task=source.task: free(task),  # type: ignore[misc]
                on_message=lambda message: on_message(self, message),
                on_gone=lambda why: self.gone.set(),
            )
            self.pullers.append((source.task, puller))
            await puller.start()

    def ask(self, task: str | None = None) -> None:
        for name, puller in self.pullers:
            if task is None or task == name:
                puller.ask()

    async def stop_pulling(self) -> None:
        pullers, self.pullers = self.pullers, []
        await asyncio.gather(*(puller.stop() for _, puller in pullers), return_exceptions=True)

    def delivered(self, attempt_id: str, message: Msg) -> None:
        """From delivery to ack. Several when the control plane offered an attempt again that runs already."""
        earlier = self._deliveries.get(attempt_id, [])
        self._deliveries[attempt_id] = [*earlier[1 - DELIVERIES_MAX :], message]

    def end(self, attempt_id: str, payload: bytes = b"") -> None:
        for message in self._deliveries.pop(attempt_id, []):
            self.respond(message, payload)

    def still_working(self) -> None:
        for messages in self._deliveries.values():
            for message in messages:
                self.respond(message, WORKING)

    def respond(self, message: Msg, payload: bytes = b"") -> None:
        """An empty payload is an ack."""
        if self.client.is_closed or not message.reply:
            return
        task = asyncio.get_running_loop().create_task(self._respond(message.reply, payload))
        self._responses.add(task)
        task.add_done_callback(self._responses.discard)

    async def settle(self) -> None:
        """Until every response was written."""
        while self._responses:
            await asyncio.wait(set(self._responses))

    async def _respond(self, subject: str, payload: bytes) -> None:
        try:
            await self.client.publish(subject, payload)
        except Exception:
            return  # The connection broke: the message comes again, and is answered from the ledger.
