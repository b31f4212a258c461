"""Reads an event that came in a request or a message, in structured or in binary mode."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from .door import parse_json
from .trigger import CloudEvent, is_event


class NoEvent(Exception):
    """What came is no CloudEvent; says why."""


def read_event(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """Header names in lower case. Raises NoEvent."""
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/cloudevents-batch+json":
        raise NoEvent("one event at a time")
    event = parse_json(body)
    if kind != "application/cloudevents+json" and "ce-specversion" in headers:
        event = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
        if body:
            event["data"] = parse_json(body)
    if not isinstance(event, dict) or not is_event(event):
        raise NoEvent("the body is no CloudEvent: it is a JSON object with the texts id, source, type and specversion")
    if event.get("specversion") not in ("1.0", None):
        raise NoEvent(f"specversion is {event['specversion']!r}, and must be '1.0'")
    return event
