"""Keeps the secrets of an attempt out of logs, progress, messages and outputs."""

from __future__ import annotations

from typing import Any

MASK = "***"
LENGTH_MIN = 4
"""Shorter values would mask ordinary words."""


class Secrets:
    def __init__(self) -> None:
        self._values: set[str] = set()

    def add(self, value: str) -> None:
        if len(value) < LENGTH_MIN:
            raise ValueError(f"a secret has at least {LENGTH_MIN} characters: a shorter one would mask ordinary words")
        self._values.add(value)

    def mask_text(self, text: str) -> str:
        # The longest first: a secret may contain another one.
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, MASK)
        return text

    def mask(self, value: Any) -> Any:
        """The value with every secret in its texts masked."""
        if not self._values:
            return value
        if isinstance(value, str):
            return self.mask_text(value)
        if isinstance(value, dict):
            return {self.mask(key): self.mask(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask(item) for item in value]
        return value

    def is_in(self, value: Any) -> bool:
        if isinstance(value, str):
            return any(secret in value for secret in self._values)
        if isinstance(value, dict):
            return any(self.is_in(key) or self.is_in(item) for key, item in value.items())
        return isinstance(value, list | tuple) and any(self.is_in(item) for item in value)
