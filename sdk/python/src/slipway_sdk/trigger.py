"""What a triggered event says, and the events that answer it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
CloudEvent: TypeAlias = dict[str, Any]
Dialect = Literal["plain", "keptn"]
Phase = Literal["started", "status.changed", "finished"]

KEPTN_PREFIX = "sh.keptn.event."
KEPTN_SPEC_VERSION = "latest"
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Filter:
    """Which projects, stages and services a task service works for; all where nothing is said."""

    project: str | None = None
    stage: str | None = None
    service: str | None = None

    def matches(self, data: JsonObject) -> bool:
        return (
            (self.project is None or self.project == project_of(data))
            and (self.stage is None or self.stage == data.get("stage"))
            and (self.service is None or self.service == data.get("service"))
        )

    def members(self) -> dict[str, str]:
        named = {"project": self.project, "stage": self.stage, "service": self.service}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True)
class Trigger:
    """A `<task>.triggered` event, read: one attempt of one task."""

    event: CloudEvent
    dialect: Dialect
    task: str
    data: JsonObject
    correlation_id: str
    heartbeat_ms: float | None
    """The silence that the shipyard allows between signs of life; None when it sets no limit."""

    @property
    def id(self) -> str:
        return str(self.event["id"])


@dataclass(frozen=True)
class Cancelled:
    attempt_id: str


def read_message(event: CloudEvent) -> Trigger | Cancelled | None:
    """What an event says to a task service: do this, leave it, or None when it does not concern one."""
    kind = str(event.get("type", ""))
    dialect: Dialect = "keptn" if kind.startswith(KEPTN_PREFIX) else "plain"
    parts = kind.removeprefix(KEPTN_PREFIX).split(".")
    if len(parts) != 2 or not parts[0]:
        return None
    task, phase = parts
    if phase == "cancelled":
        attempt_id = text_of(event.get("causationid")) or text_of(event.get("triggeredid"))
        return None if attempt_id is None else Cancelled(attempt_id)
    if phase != "triggered":
        return None
    data = event.get("data")
    correlation = text_of(event.get("correlationid")) or text_of(event.get("shkeptncontext"))
    return Trigger(
        event=event,
        dialect=dialect,
        task=task,
        data=data if isinstance(data, dict) else {},
        correlation_id=correlation or str(event["id"]),
        heartbeat_ms=_heartbeat_of(event),
    )


def _heartbeat_of(event: CloudEvent) -> float | None:
    """A number, or its digits where the event came in headers."""
    value = event.get("heartbeatms")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        ms = float(value)
    except ValueError:
        return None
    return ms if 0 < ms < float("inf") else None


def is_event(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("id"), str) and isinstance(value.get("type"), str)


def project_of(data: JsonObject) -> str:
    return text_of(data.get("project")) or "default"


def text_of(value: object) -> str | None:
    return value if isinstance(value, str) and value != "" else None


ATTEMPT_ID = re.compile(r"([^.]+)\.(.+)\.([1-9][0-9]{0,5})")


def place_of(trigger: Trigger) -> tuple[str, int]:
    """The run that an attempt belongs to, and which attempt it is; Keptn's own events name neither."""
    found = ATTEMPT_ID.fullmatch(trigger.id)
    if found is not None:
        return found.group(1), int(found.group(3))
    return text_of(trigger.event.get("subject")) or trigger.correlation_id, 1


@dataclass(frozen=True)
class Answer:
    """An event that answers a trigger, as it goes out. `json` is the CloudEvent as one line of JSON."""

    id: str
    attempt_id: str
    phase: Phase
    dialect: Dialect
    project: str
    plain_type: str
    json: str

    @property
    def subject(self) -> str:
        """The NATS subject that it travels on."""
        if self.dialect == "keptn":
            return KEPTN_PREFIX + self.plain_type
        return f"slipway.{self.project}.{self.plain_type}"


def answer_to(trigger: Trigger, *, phase: Phase, source: str, data: Mapping[str, Any]) -> Answer:
    """Raises TypeError or ValueError when the data cannot be written as JSON."""
    event = trigger.event
    # It begins as the attempt's own id does, so that the control plane finds the run without an index.
    answer_id = f"{trigger.id}.{phase}.{uuid.uuid4().hex[:12]}"
    plain_type = f"{trigger.task}.{phase}"
    keptn = trigger.dialect == "keptn"
    answer: CloudEvent = {
        "specversion": "1.0",
        "id": answer_id,
        "source": source,
        "type": KEPTN_PREFIX + plain_type if keptn else plain_type,
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "shkeptncontext" if keptn else "correlationid": trigger.correlation_id,
        "triggeredid" if keptn else "causationid": trigger.id,
    }
    if keptn:
        answer["shkeptnspecversion"] = KEPTN_SPEC_VERSION
    for name in ("subject", "traceparent", "tracestate"):
        if event.get(name) is not None:
            answer[name] = event[name]
    answer["data"] = dict(data)
    return Answer(
        id=answer_id,
        attempt_id=trigger.id,
        phase=phase,
        dialect=trigger.dialect,
        project=project_of(trigger.data),
        plain_type=plain_type,
        json=to_json(answer),
    )


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def whereabouts(trigger: Trigger) -> JsonObject:
    """Where an answer belongs, as Keptn's services repeat it."""
    data = trigger.data
    where: JsonObject = {"project": project_of(data)}
    for name in ("stage", "service"):
        if data.get(name) is not None:
            where[name] = data[name]
    if trigger.dialect == "keptn" and data.get("labels") is not None:
        where["labels"] = data["labels"]
    return where


def started_data(trigger: Trigger) -> JsonObject:
    """What a started event says. Keptn's services repeat what the trigger said of the task before, and call it succeeded."""
    where = whereabouts(trigger)
    if trigger.dialect == "keptn":
        where["status"] = "succeeded"
        for name in ("result", "message"):
            if text_of(trigger.data.get(name)) is not None:
                where[name] = trigger.data[name]
    return where
