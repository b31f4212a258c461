"""What the clients for threads and for asyncio share."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urlencode

from ..by_reference import EVENT_BYTES_MAX
from ..door import problem_of
from ..trigger import to_json

TIMEOUT_MS = 30_000
WAIT_GRACE_MS = 15_000


@dataclass(frozen=True)
class Triggered:
    """The run that was started; `state` and what follows it only when it was waited for and ended in time."""

    run: str
    correlation_id: str
    is_new: bool
    """False when this id had been sent before."""
    state: str | None = None
    result: str | None = None
    status: str | None = None
    message: str | None = None
    output: Any = None


def path_of(
    path: str,
    names: Mapping[str, str] | None,
    query: Mapping[str, object] | None,
    labels: Mapping[str, str] | None,
) -> str:
    for name, value in (names or {}).items():
        if not isinstance(value, str) or value == "":
            raise ValueError(f"{name} must be a text that is not empty")
        path = path.replace("{" + name + "}", quote(value, safe=""))
    pairs = [(name, _text(value)) for name, value in (query or {}).items() if value is not None]
    pairs += [(f"label.{key}", value) for key, value in (labels or {}).items()]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def content_of(body: object, kind: str) -> tuple[bytes | None, dict[str, str]]:
    if body is None:
        return None, {}
    if kind == "application/yaml":
        return str(body).encode(), {"content-type": kind}
    is_batch = kind == "application/cloudevents+json" and isinstance(body, list | tuple)
    content = to_json(body).encode("utf-8", "surrogatepass")
    return content, {"content-type": "application/cloudevents-batch+json" if is_batch else kind}


def read_answer(status: int, text: str, request: str, accept: str, answers: Sequence[int]) -> Any:
    """Answers are not checked against their schemas: a newer server may say more than this client knows."""
    if status >= 400 and status not in answers:
        raise problem_of(status, text, request)
    if text == "":
        return None
    if accept.startswith("text/"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise problem_of(status, f"the answer is not JSON: {text[:100]}", request) from None


def trigger_event(
    *,
    source: str,
    stage: str,
    sequence: str,
    project: str,
    service: str | None,
    data: Mapping[str, Any] | None,
    labels: Mapping[str, str] | None,
    id: str | None,
    correlation_id: str | None,
    traceparent: str | None,
) -> dict[str, Any]:
    more = {"service": service, "labels": None if labels is None else dict(labels)}
    links = {"correlationid": correlation_id, "traceparent": traceparent}
    return {
        "specversion": "1.0",
        "id": id or str(uuid.uuid4()),
        "source": source,
        "type": f"{stage}.{sequence}.triggered",
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        **{name: value for name, value in links.items() if value is not None},
        "data": {
            **(data or {}),
            "project": project,
            "stage": stage,
            **{name: value for name, value in more.items() if value is not None},
        },
    }


def is_large(event: Mapping[str, Any]) -> bool:
    return len(to_json(event).encode("utf-8", "surrogatepass")) > EVENT_BYTES_MAX


def with_reference(event: Mapping[str, Any], dataref: str) -> dict[str, Any]:
    data = event["data"]
    kept = {name: data[name] for name in ("project", "stage", "service") if name in data}
    return {**event, "dataref": dataref, "data": kept}


def triggered_of(answer: Any, event_id: str) -> Triggered:
    if "items" not in answer:
        return Triggered(
            run=answer["run"],
            correlation_id=answer["correlationid"],
            is_new=True,
            **{name: answer.get(name) for name in ("state", "result", "status", "message", "output")},
        )
    item = answer["items"][0] if answer["items"] else {}
    if "run" not in item:
        why = item.get("code", "without a reason")
        raise ValueError(f"the server took the trigger {event_id} and named no run for it ({why})")
    return Triggered(item["run"], item.get("correlationid", ""), item.get("outcome") == "accepted")
