"""Runs a task once, as a service would, without any server: for unit tests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .context import Attempt, Progress
from .errors import AttemptCancelled, Result, Status
from .log import Logger, silent_logger
from .perform import Ended, perform
from .task import Task
from .trigger import JsonObject, Trigger, read_message


@dataclass(frozen=True)
class TaskRun:
    """How the task ended; `progress` is what the handler reported, in order."""

    status: Status
    result: Result
    message: str | None = None
    output: JsonObject | None = None
    error: JsonObject | None = None
    labels: Mapping[str, str] | None = None
    progress: list[Progress] = field(default_factory=list)


def run_task(
    task: Task[Any, Any],
    input: Any,
    *,
    project: str = "default",
    stage: str = "dev",
    service: str | None = None,
    labels: Mapping[str, str] | None = None,
    data: JsonObject | None = None,
    attempt: int = 1,
    cancel_after_ms: float | None = None,
    traceparent: str | None = None,
    log: Logger = silent_logger,
) -> TaskRun:
    """It never raises: look at `status`. In code that is `async` itself, call `run_task_async`."""
    return asyncio.run(
        run_task_async(
            task,
            input,
            project=project,
            stage=stage,
            service=service,
            labels=labels,
            data=data,
            attempt=attempt,
            cancel_after_ms=cancel_after_ms,
            traceparent=traceparent,
            log=log,
        )
    )


async def run_task_async(
    task: Task[Any, Any],
    input: Any,
    *,
    project: str = "default",
    stage: str = "dev",
    service: str | None = None,
    labels: Mapping[str, str] | None = None,
    data: JsonObject | None = None,
    attempt: int = 1,
    cancel_after_ms: float | None = None,
    traceparent: str | None = None,
    log: Logger = silent_logger,
) -> TaskRun:
    where = {"project": project, "stage": stage, "service": service, "labels": None if labels is None else dict(labels)}
    given = {name: value for name, value in where.items() if value is not None}
    event = {
        "specversion": "1.0",
        "id": f"test-run.{task.name}.{attempt}",
        "source": "slipway",
        "type": f"{task.name}.triggered",
        "subject": "test-run",
        "correlationid": "test-context",
        "data": {**(data or {}), **given, task.name: input},
    }
    if traceparent is not None:
        event["traceparent"] = traceparent
    trigger = read_message(event)
    assert isinstance(trigger, Trigger)
    progress: list[Progress] = []
    running = Attempt(trigger, log=log, on_progress=lambda _, told: progress.append(told))
    work = asyncio.create_task(_performed(task, running))
    if cancel_after_ms is not None:
        await asyncio.wait([work], timeout=cancel_after_ms / 1000)
        if not work.done():
            running.signal.abort(AttemptCancelled("the test cancelled it"))
            if task.is_async:
                work.cancel()
    ended = await work
    return TaskRun(ended.status, ended.result, ended.message, ended.output, ended.error, ended.labels, progress=progress)


async def _performed(task: Task[Any, Any], attempt: Attempt) -> Ended:
    from .threads import DaemonThreads

    threads = DaemonThreads(1)
    try:
        return await perform(task, attempt, threads)
    finally:
        threads.shutdown()
