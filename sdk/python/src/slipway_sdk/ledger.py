"""Remembers what was answered, so that a repeated attempt does not run again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from .trigger import Answer

ANSWERS_MAX = 10_000
SIZE_MAX = 32_000_000


class Ledger(Protocol):
    """The attempts that were answered, with their answers.

    A trigger can come again long after its answer went out (the bus delivers at least once); it then gets the same answer,
    and the handler does not run a second time.
    """

    def get(self, attempt_id: str) -> Answer | None: ...

    async def remember(self, answer: Answer) -> None:
        """Called before the answer goes out; it goes when this returns."""

    async def close(self) -> None: ...


class MemoryLedger:
    """Keeps the last answers for as long as the process lives: at most `answers_max`, and `size_max` characters in all."""

    def __init__(self, *, answers_max: int = ANSWERS_MAX, size_max: int = SIZE_MAX) -> None:
        self._answers: dict[str, Answer] = {}
        self._answers_max = answers_max
        self._size_max = size_max
        self._size = 0

    def get(self, attempt_id: str) -> Answer | None:
        return self._answers.get(attempt_id)

    async def remember(self, answer: Answer) -> None:
        self.add(answer)

    def add(self, answer: Answer) -> None:
        earlier = self._answers.pop(answer.attempt_id, None)
        self._size += len(answer.json) - (0 if earlier is None else len(earlier.json))
        self._answers[answer.attempt_id] = answer
        while len(self._answers) > max(1, self._answers_max) or (self._size > self._size_max and len(self._answers) > 1):
            oldest = self._answers.pop(next(iter(self._answers)))
            self._size -= len(oldest.json)

    def values(self) -> Iterator[Answer]:
        """Oldest first."""
        yield from self._answers.values()

    async def close(self) -> None:
        return None
