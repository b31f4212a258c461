"""What a service is told, with defaults for the rest."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from .ledger import Ledger, MemoryLedger
from .log import Logger, stderr_logger
from .task import Task
from .trigger import Dialect, Filter

Connect = Literal["claim", "nats", "push"]

DEFAULT_SERVER = "http://127.0.0.1:8484"
DEFAULT_NATS = "nats://127.0.0.1:4222"
CONCURRENCY = 16
LEASE_MS = 30_000
HEARTBEAT_MAX_MS = 5_000
WAIT_MS = 25_000
DRAIN_MS = 20_000
QUEUE_MIN = 1_000


@dataclass(frozen=True)
class NatsOptions:
    """Where NATS is, and what it takes to connect.

    `servers` is `nats://[user:password@|token@]host:port`, several with commas. `credentials_file` and `ca_file` are paths;
    `inbox_prefix` is the prefix under which the user may subscribe.
    """

    servers: str = DEFAULT_NATS
    credentials_file: str | None = None
    ca_file: str | None = None
    inbox_prefix: str | None = None


@dataclass(frozen=True)
class PushOptions:
    """Where this process listens for push, and what of it the control plane is told."""

    host: str = "127.0.0.1"
    """Whoever reaches the port can make this service work: listen elsewhere only behind a fence."""
    port: int = 0
    """0: a free one."""
    url: str | None = None
    """How the control plane reaches it, when that is another address: behind a proxy, or for replicas."""
    inline_ms: float = 10
    """How long a delivery waits for its attempt to end and takes the answer with it, before it says 202."""


class ServeOptions(TypedDict, total=False):
    """The options of `serve` and `Service`. Their defaults are in the README."""

    connect: Connect
    server: str
    token: str | None
    nats: str | NatsOptions
    dialect: Dialect
    push: PushOptions
    name: str
    source: str
    version: str
    concurrency: int
    filter: Filter
    lease_ms: int
    heartbeat_ms: float
    wait_ms: int
    ledger: Ledger
    drain_ms: float
    signals: bool
    log: Logger


@dataclass(frozen=True)
class Settings:
    tasks: Sequence[Task[Any, Any]]
    name: str
    source: str
    heartbeat_ms: float
    nats: NatsOptions
    dialects: Sequence[Dialect]
    connect: Connect = "claim"
    server: str = DEFAULT_SERVER
    token: str | None = None
    push: PushOptions = field(default_factory=PushOptions)
    version: str | None = None
    concurrency: int = CONCURRENCY
    filter: Filter = field(default_factory=Filter)
    lease_ms: int = LEASE_MS
    wait_ms: int = WAIT_MS
    drain_ms: float = DRAIN_MS
    signals: bool = True
    ledger: Ledger = field(default_factory=MemoryLedger)
    log: Logger = stderr_logger

    @property
    def queue_max(self) -> int:
        """New work is not taken while so many answers wait."""
        return max(QUEUE_MIN, 2 * sum(task.concurrency or self.concurrency for task in self.tasks))


def read_settings(tasks: Sequence[Task[Any, Any]], options: ServeOptions) -> Settings:
    given = dict(options)
    if not tasks:
        raise ValueError("serve needs at least one task: serve(tasks=[define_task(...)])")
    if len({task.name for task in tasks}) < len(tasks):
        raise ValueError("two of the tasks have the same name")
    for option in ("concurrency", "lease_ms", "heartbeat_ms", "wait_ms"):
        value = given.get(option)
        if isinstance(value, int | float) and not 1 <= value < float("inf"):
            raise ValueError(f"{option} is {value}, and must be at least 1")
    source = options.get("source")
    first_part = next((part for part in (source or "").split("/") if part), None)
    name = options.get("name") or first_part or tasks[0].name
    connect = options.get("connect", "claim")
    if connect not in ("claim", "nats", "push"):
        raise ValueError(f"connect is {connect!r}: write claim, nats or push")
    # The leases of claims tell replicas apart; elsewhere two sources are two executors.
    replica = f"/{name}/{socket.gethostname()[:100]}-{os.getpid()}" if connect == "claim" else f"/{name}"
    nats = options.get("nats", NatsOptions())
    lease_ms = options.get("lease_ms", LEASE_MS)
    made = {
        "tasks": list(tasks),
        "name": name,
        "source": source or replica,
        "heartbeat_ms": options.get("heartbeat_ms", min(lease_ms / 3, HEARTBEAT_MAX_MS)),
        "nats": NatsOptions(nats) if isinstance(nats, str) else nats,
        "dialects": [options["dialect"]] if "dialect" in options else ["plain", "keptn"],
    }
    rest: dict[str, Any] = {key: value for key, value in given.items() if key not in made and key != "dialect"}
    return Settings(**rest, **made)  # type: ignore[arg-type]
