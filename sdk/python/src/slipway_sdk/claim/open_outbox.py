from __future__ import annotations

from collections.abc import Callable

from ..answer_refused import instead_of
from ..by_reference import EVENT_BYTES_MAX, ByReference
from ..door import HttpDoor
from ..log import Logger
from ..trigger import Answer
from ..worker import Worker
from .outbox import Outbox


def open_outbox(*, door: HttpDoor, worker: Worker, log: Logger, queue_max: int, on_delivered: Callable[[], None]) -> Outbox:
    """An outbox that tells the worker what the control plane says of its attempts."""

    def on_over(attempt_id: str, code: str) -> None:
        worker.cancel(attempt_id, code)

    return Outbox(door=door, log=log, queue_max=queue_max, on_over=on_over, on_refused=instead_of, on_delivered=on_delivered)


def large_by_reference(*, outbox: Outbox, door: HttpDoor, log: Logger) -> ByReference:
    """What is larger than an event may be goes by reference."""

    def on_refused(answer: Answer, why: str) -> None:
        instead = instead_of(answer, why) if answer.phase == "finished" else None
        if instead is not None:
            outbox.send(instead)

    return ByReference(channel=outbox, door=door, log=log, bytes_max=lambda: EVENT_BYTES_MAX, on_refused=on_refused)
