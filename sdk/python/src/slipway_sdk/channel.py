"""What lies between the worker and the ways to connect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .trigger import Answer


class Channel(Protocol):
    """The way back for the answers of an attempt."""

    def send(self, answer: Answer) -> None:
        """Takes an answer for delivery, and keeps it until it is delivered."""

    def dropped(self, attempt_id: str, reason: Exception) -> None:
        """The attempt ended without an answer: it was cancelled, or the service ends before its handler did."""


@dataclass
class TransportCounts:
    waiting: int = 0
    """Answers that are not delivered yet."""
    sent: int = 0
    """Events the control plane has taken from us."""
    retries: int = 0
    over: int = 0
    """Answers to attempts that were over."""
    refused: int = 0
    """Answers the control plane refused for good."""


class Transport(Protocol):
    """One way to be a task service. All three mean the same; the worker and the handlers know none of them."""

    async def start(self) -> None:
        """Begins to take attempts. Returns when it is connected, raises when that can never be."""

    async def leave(self) -> None:
        """Stops taking attempts; returns when nothing more can arrive. Running attempts may still answer."""

    async def flush(self, within_ms: float) -> bool:
        """Whether every answer was delivered within so many ms."""

    async def close(self) -> None: ...

    def counts(self) -> TransportCounts: ...
