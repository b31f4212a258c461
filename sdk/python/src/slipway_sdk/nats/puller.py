"""Asks a durable consumer for as many messages as there is room for."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from .names import OUT_STREAM

EXPIRES_S = 30
"""The server ends a request after this time, which is how a lost one ends as well."""
HEARTBEAT_S = 5
SILENCE_S = 2.5 * HEARTBEAT_S
"""Nothing heard for so long: the request is lost."""
WATCH_S = 1
RETRY_S = 0.25
ASK_SHARE_MIN = 1 / 4

IDLE_HEARTBEAT = "100"
USUAL_ENDS = ("404", "408")
CONFLICT = "409"
NO_RESPONDERS = "503"


class Puller:
    """Every request has an inbox subject of its own, and a further request goes out when room grew while one is open.

    So free slots do not wait for an old request to end.
    """

    def __init__(
        self,
        *,
        client: Client,
        durable: str,
        free: Callable[[], int],
        on_message: Callable[[Msg], None],
        on_gone: Callable[[str], None],
    ) -> None:
        self._client = client
        self._durable = durable
        self._free = free
        self._on_event = on_message
        self._on_gone = on_gone
        self._inbox = client.new_inbox() + "."
        self._open: dict[int, int] = {}
        self._asked = 0
        self._next = 0
        self._heard_at = 0.0
        self._paused = True
        self._subscription: Subscription | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        async def on_message(message: Msg) -> None:
            self._on_message(message)

        self._subscription = await self._client.subscribe(f"{self._inbox}*", cb=on_message)
        self._paused = False
        self._run(self._watch())
        self.ask()

    async def stop(self) -> None:
        """For good. What is under way is handed over before this returns.

        Without the inbox the server serves none of our requests any more; otherwise it would give them what was just given back.
        """
        self._paused = True
        for task in self._tasks:
            task.cancel()
        if self._subscription is not None and not self._client.is_closed:
            await self._subscription.drain()  # type: ignore[no-untyped-call]

    def ask(self) -> None:
        """Asks for what there is room for beyond what has been asked."""
        if self._paused or self._client.is_closed:
            return
        free = self._free()
        batch = free - self._asked
        # While something is asked for, a single free slot is not worth a request of its own.
        if batch <= 0 or (self._asked > 0 and batch < free * ASK_SHARE_MIN):
            return
        number = self._next
        self._next += 1
        self._open[number] = batch
        self._asked += batch
        self._heard_at = time.monotonic()
        self._run(self._request(number, batch))

    async def _request(self, number: int, batch: int) -> None:
        ns = 1_000_000_000
        request = {"batch": batch, "expires": EXPIRES_S * ns, "idle_heartbeat": HEARTBEAT_S * ns}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{OUT_STREAM}.{self._durable}"
        await self._client.publish(subject, json.dumps(request).encode(), reply=f"{self._inbox}{number}")

    def _on_message(self, message: Msg) -> None:
        self._heard_at = time.monotonic()
        # A status comes on our own subject, an event keeps the one it was published on.
        if message.subject.startswith(self._inbox):
            self._on_status(message)
            return
        # Requests are served in the order they were made.
        if self._open:
            oldest, left = next(iter(self._open.items()))
            self._asked -= 1
            if left > 1:
                self._open[oldest] = left - 1
            else:
                del self._open[oldest]
        self._on_event(message)

    def _on_status(self, message: Msg) -> None:
        headers = message.headers or {}
        code, description = headers.get("Status", ""), headers.get("Description", "")
        if code == IDLE_HEARTBEAT:
            return
        self._asked -= self._open.pop(int(message.subject[len(self._inbox) :]), 0)
        if code == NO_RESPONDERS or (
            code == CONFLICT and ("deleted" in description.lower() or "shutdown" in description.lower())
        ):
            self._paused = True
            self._on_gone(description or "no such consumer")
        elif code in USUAL_ENDS:
            self.ask()
        else:
            # After anything but the usual end a pause keeps a failing server from being hammered.
            asyncio.get_running_loop().call_later(RETRY_S, self.ask)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            if self._asked > 0 and time.monotonic() - self._heard_at > SILENCE_S:
                self._open.clear()
                self._asked = 0
            self.ask()

    def _run(self, what: "asyncio.Future[None] | object") -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(_quiet(what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quiet(what: object) -> None:
    """The connection may break at any time: whoever waits for its end hears of it there."""
    try:
        await what  # type: ignore[misc]
    except Exception:
        return
