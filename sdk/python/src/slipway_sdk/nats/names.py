from __future__ import annotations

import re

from ..trigger import KEPTN_PREFIX, Dialect

OUT_STREAM = "SLIPWAY_OUT"
"""What the control plane sends to the task services."""
HELLO_SUBJECT = "slipway-hello"
"""Where a service announces itself. Not durable; the control plane then offers it what is open."""


def durable_name(*, service: str, task: str, dialect: Dialect, project: str | None) -> str:
    """The name that the replicas of a service share at the broker, one for each task and spelling."""
    parts = [service, task, dialect, *([] if project is None else [project])]
    return "_".join(re.sub(r"[^A-Za-z0-9-]", "-", part) for part in parts)


def task_subject(*, task: str, phase: str, dialect: Dialect, project: str | None) -> str:
    """The subject of a task's events: of one project or of all, which Keptn's subjects do not tell apart."""
    kind = f"{task}.{phase}"
    return KEPTN_PREFIX + kind if dialect == "keptn" else f"slipway.{project or '*'}.{kind}"
