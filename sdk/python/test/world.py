"""Services and clients against the real control plane."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from conftest import Broker, ControlPlane

from slipway_sdk import AsyncClient, ServeOptions, Service, Task, Triggered, create_async_client, silent_logger

CONNECTS = ("claim", "nats", "push")


def shipyard(tasks: str) -> str:
    return f"""apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {{name: p}}
spec:
  stages:
    - name: dev
      sequences:
        - name: go
          tasks: {tasks}
"""


def new_name(prefix: str = "p") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


class World:
    """A project of its own, and tasks whose names are its own, so that tests share a control plane."""

    def __init__(self, connect: str, plane: ControlPlane, broker: Broker) -> None:
        self.connect = connect
        self.plane = plane
        self._broker = broker
        self.project = new_name()
        self.client: AsyncClient = create_async_client(plane.url)

    async def __aenter__(self) -> World:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.client.close()

    async def apply(self, tasks: str) -> None:
        await self.client.put_shipyard(project=self.project, body=shipyard(tasks))

    def service(self, *tasks: Task[Any, Any], **options: Any) -> Service:
        given: ServeOptions = {
            "connect": self.connect,  # type: ignore[typeddict-item]
            "server": self.plane.url,
            "nats": self._broker.url,
            "name": self.project,
            "log": silent_logger,
            "signals": False,
            "drain_ms": 1_000,
        }
        return Service(tasks=tasks, **{**given, **options})

    async def trigger(self, data: dict[str, Any] | None = None, wait_s: float | None = 60) -> Triggered:
        return await self.client.trigger(project=self.project, stage="dev", sequence="go", data=data, wait_s=wait_s)


async def until(what: str, holds: Callable[[], bool | Awaitable[bool]], timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        held = holds()
        if held if isinstance(held, bool) else await held:
            return
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        await asyncio.sleep(0.02)
