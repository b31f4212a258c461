from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonThreads(Executor):
    """Up to `size` threads that end with the process.

    Those of ThreadPoolExecutor keep it alive: a handler that hangs would keep a service from ending for ever.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._work: "queue.SimpleQueue[Callable[[], None] | None]" = queue.SimpleQueue()
        self._threads = 0
        self._idle = 0
        self._lock = threading.Lock()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        future: "Future[T]" = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        self._work.put(work)
        with self._lock:
            if self._idle >= self._work.qsize() or self._threads >= self._size:
                return future
            self._threads += 1
        threading.Thread(target=self._run, name="slipway-task", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for _ in range(self._threads):
            self._work.put(None)

    def _run(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            work = self._work.get()
            with self._lock:
                self._idle -= 1
            if work is None:
                return
            work()
