from __future__ import annotations

import uuid
from dataclasses import replace

from .door import parse_json
from .trigger import Answer, to_json

REFUSED = "ANSWER_REFUSED"


def instead_of(answer: Answer, why: str) -> Answer | None:
    """What is sent when a finished event is refused for good; None when that is such an answer already.

    An output that is too large or too deep would be refused again and again, and the run would wait for it for ever.
    """
    event = parse_json(answer.json)
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        return None
    data = event["data"]
    if isinstance(data.get("error"), dict) and data["error"].get("code") == REFUSED:
        return None
    message = f"the control plane refused the answer: {why}"[:2048]
    where = {name: data[name] for name in ("project", "stage", "service") if name in data}
    event["id"] = str(uuid.uuid4())
    event["data"] = {
        **where,
        "status": "errored",
        "result": "fail",
        "message": message,
        "error": {"code": REFUSED, "message": message, "retryable": False},
    }
    event.pop("dataref", None)
    return replace(answer, id=event["id"], json=to_json(event))
