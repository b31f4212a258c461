"""Runs attempts, whichever way they came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .channel import Channel
from .context import Attempt, Progress
from .errors import AttemptCancelled, ServiceEnding
from .ledger import Ledger
from .log import Logger, error_text
from .perform import finished_data, perform
from .task import Task
from .threads import DaemonThreads
from .trigger import Answer, JsonObject, Trigger, answer_to, whereabouts

ABORT_GRACE_MS = 1_000
TICK_MIN_MS = 10
THREADS_MAX = 256


@dataclass
class WorkerCounts:
    running: int = 0
    started: int = 0
    finished: int = 0
    errored: int = 0
    """Finished with status errored, among the finished."""
    repeated: int = 0
    """Answered from the ledger, without running again."""
    dropped: int = 0
    """Ended without an answer."""


@dataclass
class Running:
    attempt: Attempt
    task: Task[Any, Any]
    channel: Channel
    work: asyncio.Task[None] | None = None


class Worker:
    """An attempt that runs is never started a second time, and one that was answered is answered again from the ledger.

    Its ways out: answered (the handler ended), or dropped (cancelled, or the service ended before the handler did; then
    nothing is sent, so that the control plane gives the attempt to another service).
    """

    def __init__(
        self,
        *,
        tasks: Sequence[Task[Any, Any]],
        source: str,
        concurrency: int,
        heartbeat_ms: float,
        ledger: Ledger,
        log: Logger,
    ) -> None:
        self._tasks = {task.name: task for task in tasks}
        self.source = source
        self._slots = {task.name: task.concurrency or concurrency for task in tasks}
        self._heartbeat_ms = heartbeat_ms
        self._ledger = ledger
        self._log = log
        self._running: dict[str, Running] = {}
        self._running_of = dict.fromkeys(self._tasks, 0)
        self._idle = asyncio.Event()
        self._idle.set()
        self._tick_ms = max(TICK_MIN_MS, heartbeat_ms / 4)
        self._hurried = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._beats = self._loop.create_task(self._beat())
        threads = sum(self._slots[task.name] for task in tasks if not task.is_async)
        self._executor = DaemonThreads(max(1, min(THREADS_MAX, threads)))
        self._counts = WorkerCounts()
        self.on_free: Callable[[str], None] = lambda task: None
        """Called when an attempt ended, and with it a slot of that task is free."""

    @property
    def counts(self) -> WorkerCounts:
        self._counts.running = len(self._running)
        return WorkerCounts(**vars(self._counts))

    def free_slots(self, task: str) -> int:
        return max(0, self._slots.get(task, 0) - self._running_of.get(task, 0))

    def is_running(self, attempt_id: str) -> bool:
        return attempt_id in self._running

    def take(self, trigger: Trigger, channel: Channel) -> Literal["started", "running", "answered", "unknown-task"]:
        """Takes an attempt. Where it returns `running`, the answer goes where the first delivery wanted it."""
        task = self._tasks.get(trigger.task)
        if task is None:
            return "unknown-task"
        if trigger.id in self._running:
            return "running"
        answered = self._ledger.get(trigger.id)
        if answered is not None:
            self._counts.repeated += 1
            channel.send(answered)
            return "answered"
        attempt = Attempt(trigger, log=self._log, on_progress=self._on_progress, beat_ms=self._heartbeat_ms)
        self._hurry(attempt.beat_ms)
        running = Running(attempt, task, channel)
        self._running[trigger.id] = running
        self._running_of[task.name] += 1
        self._idle.clear()
        self._counts.started += 1
        running.work = self._loop.create_task(self._work(running))
        return "started"

    def cancel(self, attempt_id: str, why: str) -> bool:
        """The control plane no longer wants this attempt: tells its handler, and drops whatever it answers."""
        running = self._running.get(attempt_id)
        if running is None:
            return False
        self._abort(running, AttemptCancelled(f"attempt {attempt_id} is no longer wanted: {why}"))
        return True

    async def drain(self, drain_ms: float) -> None:
        """Waits until nothing runs. Aborts handlers that still run after `drain_ms`, and leaves them behind a second later."""
        if await self._is_idle(drain_ms):
            return
        reason = ServiceEnding(f"the service ends: its handlers had {round(drain_ms)} ms to finish")
        for running in list(self._running.values()):
            self._abort(running, reason)
        if await self._is_idle(ABORT_GRACE_MS):
            return
        left = list(self._running.values())
        self._log.warn(
            "handlers still run after their signal aborted; other replicas will run their attempts",
            left=len(left),
            tasks=sorted({running.task.name for running in left}),
        )
        for running in left:
            self._drop(running, reason)

    def stop(self) -> None:
        self._beats.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _abort(self, running: Running, reason: AttemptCancelled | ServiceEnding) -> None:
        running.attempt.signal.abort(reason)
        # A thread cannot be cancelled: its handler looks at the signal.
        if running.task.is_async and running.work is not None:
            running.work.cancel()

    async def _work(self, running: Running) -> None:
        attempt, task = running.attempt, running.task
        try:
            ended = await perform(task, attempt, self._executor)
            answer = None
            if not attempt.signal.aborted:
                data = finished_data(task.name, whereabouts(attempt.trigger), ended)
                answer = answer_to(attempt.trigger, phase="finished", source=self.source, data=data)
                await self._remember(answer)
        except asyncio.CancelledError:
            if not attempt.signal.aborted:
                raise
            answer = None
        if self._running.get(attempt.attempt_id) is not running:
            return  # Left behind at the end of the service.
        if answer is None:
            self._drop(running, attempt.signal.reason or ServiceEnding("the service ends"))
            return
        self._counts.finished += 1
        if ended.status == "errored":
            self._counts.errored += 1
        running.channel.send(answer)
        self._free(running)

    async def _remember(self, answer: Answer) -> None:
        try:
            await self._ledger.remember(answer)
        except Exception as error:
            # The answer itself is more important than the memory of it.
            self._log.error("the ledger could not keep an answer", attempt=answer.attempt_id, error=error_text(error))

    def _drop(self, running: Running, reason: Exception) -> None:
        self._counts.dropped += 1
        running.channel.dropped(running.attempt.attempt_id, reason)
        self._free(running)

    def _free(self, running: Running) -> None:
        del self._running[running.attempt.attempt_id]
        self._running_of[running.task.name] -= 1
        if not self._running:
            self._idle.set()
        self.on_free(running.task.name)

    def _on_progress(self, attempt: Attempt, progress: Progress) -> None:
        """From any thread. What a handler reports is sent before its answer: the loop keeps the order."""
        try:
            self._loop.call_soon_threadsafe(self._tell, attempt, progress)
        except RuntimeError:
            return  # The loop is closed: this handler was left behind.

    def _tell(self, attempt: Attempt, progress: Progress) -> None:
        running = self._running.get(attempt.attempt_id)
        if running is None or running.attempt is not attempt or attempt.signal.aborted:
            return
        attempt.heard_of_at = time.monotonic()
        data: JsonObject = {**(progress.data or {}), **whereabouts(attempt.trigger)}
        if progress.fraction is not None:
            data["fraction"] = progress.fraction
        if progress.message is not None:
            data["message"] = progress.message
        try:
            answer = answer_to(attempt.trigger, phase="status.changed", source=self.source, data=data)
        except (TypeError, ValueError) as error:
            self._log.error("progress cannot be written as JSON", attempt=attempt.attempt_id, error=error_text(error))
            return
        running.channel.send(answer)

    def _hurry(self, beat_ms: float) -> None:
        """The tick fits the shortest beat; once as short, it stays: the same shipyard will send more."""
        tick_ms = max(TICK_MIN_MS, beat_ms / 4)
        if tick_ms < self._tick_ms:
            self._tick_ms = tick_ms
            self._hurried.set()

    async def _beat(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._hurried.wait(), self._tick_ms / 1000)
                self._hurried.clear()
            except (asyncio.TimeoutError, TimeoutError):
                pass
            now = time.monotonic()
            for running in list(self._running.values()):
                if (now - running.attempt.heard_of_at) * 1000 >= running.attempt.beat_ms:
                    self._tell(running.attempt, Progress())

    async def _is_idle(self, within_ms: float) -> bool:
        if self._idle.is_set():
            return True
        try:
            await asyncio.wait_for(self._idle.wait(), within_ms / 1000)
        except (asyncio.TimeoutError, TimeoutError):
            return False
        return True
