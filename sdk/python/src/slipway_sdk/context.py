"""What a handler knows of the attempt it works on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .errors import AttemptCancelled, ServiceEnding
from .log import Logger
from .secrets import Secrets
from .trigger import CloudEvent, JsonObject, Trigger, place_of, project_of, text_of


@dataclass(frozen=True)
class Progress:
    """What a handler reported."""

    fraction: float | None = None
    message: str | None = None
    data: JsonObject | None = None


class Signal:
    """Says whether the answer is still wanted. An `async` handler is also cancelled by asyncio; one in a thread looks here."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason: AttemptCancelled | ServiceEnding | None = None

    @property
    def aborted(self) -> bool:
        return self._event.is_set()

    @property
    def reason(self) -> AttemptCancelled | ServiceEnding | None:
        """Why: the attempt is no longer wanted (AttemptCancelled), or the service ends (ServiceEnding)."""
        return self._reason

    def wait(self, timeout_s: float | None = None) -> bool:
        """Sleeps for so long, or until the answer is no longer wanted; returns whether that is so. For threads."""
        return self._event.wait(timeout_s)

    def raise_if_aborted(self) -> None:
        if self._reason is not None:
            raise self._reason

    def abort(self, reason: AttemptCancelled | ServiceEnding) -> None:
        if self._reason is None:
            self._reason = reason
            self._event.set()


class TaskContext(Protocol):
    """What a handler sees. Safe to use from any thread."""

    @property
    def event(self) -> CloudEvent:
        """The triggered event as it came."""

    @property
    def data(self) -> JsonObject:
        """All of its data: the trigger's, and the outputs of the tasks before this one under their names."""

    @property
    def project(self) -> str: ...
    @property
    def stage(self) -> str | None: ...
    @property
    def service(self) -> str | None:
        """What is being worked on, in Keptn's sense."""

    @property
    def labels(self) -> dict[str, str]: ...
    @property
    def run_id(self) -> str: ...
    @property
    def attempt(self) -> int:
        """Counts from 1."""

    @property
    def attempt_id(self) -> str:
        """The same for every delivery of this attempt: a key for what must not be done twice."""

    @property
    def correlation_id(self) -> str:
        """Shared by every run that follows from one trigger."""

    @property
    def signal(self) -> Signal: ...
    @property
    def log(self) -> Logger:
        """Adds run, task and attempt to each line, and masks secrets."""

    @property
    def trace_headers(self) -> dict[str, str]:
        """`traceparent` and `tracestate` of the trigger, to send along with requests."""

    def progress(self, fraction: float | None = None, message: str | None = None, data: JsonObject | None = None) -> None:
        """Reports progress to people, and is a sign of life. Calls in quick succession are joined."""

    def secret(self, value: str) -> str:
        """Masks this value from now on in logs, progress and messages; an output that has it is refused. Returns it."""


class Attempt:
    """One attempt while it runs. It is the TaskContext of its handler."""

    def __init__(
        self,
        trigger: Trigger,
        *,
        log: Logger,
        on_progress: Callable[["Attempt", Progress], None],
        beat_ms: float = float("inf"),
    ) -> None:
        self.trigger = trigger
        # Two of three signs of life may get lost before the shipyard's `heartbeat` is over.
        self.beat_ms = min(beat_ms, (trigger.heartbeat_ms or float("inf")) / 3)
        self.heard_of_at = time.monotonic()
        """When the control plane last heard of it, by the monotonic clock."""
        self.secrets = Secrets()
        self.run_id, self.attempt = place_of(trigger)
        self.signal = Signal()
        self._log = log
        self._on_progress = on_progress

    @property
    def attempt_id(self) -> str:
        return self.trigger.id

    @property
    def event(self) -> CloudEvent:
        return self.trigger.event

    @property
    def data(self) -> JsonObject:
        return self.trigger.data

    @property
    def correlation_id(self) -> str:
        return self.trigger.correlation_id

    @property
    def project(self) -> str:
        return project_of(self.data)

    @property
    def stage(self) -> str | None:
        return text_of(self.data.get("stage"))

    @property
    def service(self) -> str | None:
        return text_of(self.data.get("service"))

    @property
    def labels(self) -> dict[str, str]:
        labels = self.data.get("labels")
        return {key: str(value) for key, value in labels.items()} if isinstance(labels, dict) else {}

    @property
    def trace_headers(self) -> dict[str, str]:
        carried = {name: text_of(self.event.get(name)) for name in ("traceparent", "tracestate")}
        return {name: value for name, value in carried.items() if value is not None}

    @property
    def log(self) -> Logger:
        return _AttemptLogger(self, self._log)

    def progress(self, fraction: float | None = None, message: str | None = None, data: JsonObject | None = None) -> None:
        within = None if fraction is None or fraction != fraction else min(1.0, max(0.0, float(fraction)))
        masked = None if message is None else self.secrets.mask_text(message)
        self._on_progress(self, Progress(within, masked, self.secrets.mask(data)))

    def secret(self, value: str) -> str:
        self.secrets.add(value)
        return value


class _AttemptLogger:
    def __init__(self, attempt: Attempt, log: Logger) -> None:
        self._attempt = attempt
        self._log = log

    def info(self, message: str, **fields: Any) -> None:
        self._log.info(*self._masked(message), **self._about(fields))

    def warn(self, message: str, **fields: Any) -> None:
        self._log.warn(*self._masked(message), **self._about(fields))

    def error(self, message: str, **fields: Any) -> None:
        self._log.error(*self._masked(message), **self._about(fields))

    def _masked(self, message: str) -> tuple[str]:
        return (self._attempt.secrets.mask_text(message),)

    def _about(self, fields: dict[str, Any]) -> dict[str, Any]:
        own = self._attempt
        about = {"run": own.run_id, "task": own.trigger.task, "attempt": own.attempt}
        masked: dict[str, Any] = own.secrets.mask(fields)
        return {**about, **masked}
