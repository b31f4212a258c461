"""Where the SDK writes what happens."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any, Protocol


class Logger(Protocol):
    def info(self, message: str, **fields: Any) -> None: ...
    def warn(self, message: str, **fields: Any) -> None: ...
    def error(self, message: str, **fields: Any) -> None: ...


class StderrLogger:
    """One JSON line each, to stderr, so that stdout stays the service's own."""

    def info(self, message: str, **fields: Any) -> None:
        self._write("info", message, fields)

    def warn(self, message: str, **fields: Any) -> None:
        self._write("warn", message, fields)

    def error(self, message: str, **fields: Any) -> None:
        self._write("error", message, fields)

    def _write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        line = {"level": level, "at": int(time.time() * 1000), **fields, "message": message}
        sys.stderr.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
        sys.stderr.flush()


class SilentLogger:
    def info(self, message: str, **fields: Any) -> None: ...
    def warn(self, message: str, **fields: Any) -> None: ...
    def error(self, message: str, **fields: Any) -> None: ...


class StandardLogger:
    """Writes to a logger of Python's `logging`; the fields are in the record's `fields`, and behind the message."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def info(self, message: str, **fields: Any) -> None:
        self._write(logging.INFO, message, fields)

    def warn(self, message: str, **fields: Any) -> None:
        self._write(logging.WARNING, message, fields)

    def error(self, message: str, **fields: Any) -> None:
        self._write(logging.ERROR, message, fields)

    def _write(self, level: int, message: str, fields: dict[str, Any]) -> None:
        text = " ".join(f"{name}={value}" for name, value in fields.items())
        self._logger.log(level, "%s %s", message, text, extra={"fields": fields})


stderr_logger: Logger = StderrLogger()
silent_logger: Logger = SilentLogger()


def standard_logger(logger: logging.Logger) -> Logger:
    return StandardLogger(logger)


def error_text(error: BaseException) -> str:
    """The text of an exception, with the causes that brought it about."""
    text = str(error) or type(error).__name__
    return text if error.__cause__ is None else f"{text}: {error_text(error.__cause__)}"
