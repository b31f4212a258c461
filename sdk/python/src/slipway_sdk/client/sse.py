from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LINE_MAX = 16 * 1024 * 1024
"""Characters of one line; more is no event stream."""


@dataclass(frozen=True)
class SseMessage:
    id: str
    event: str
    data: str


class SseReader:
    """Takes server-sent events out of lines."""

    def __init__(self) -> None:
        self._id = ""
        self._event = ""
        self._data: list[str] = []

    def line(self, line: str) -> Iterator[SseMessage]:
        if line == "":
            message = SseMessage(self._id, self._event or "message", "\n".join(self._data))
            is_empty = not self._data
            self._event, self._data = "", []
            if not is_empty:
                yield message
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id" and "\0" not in value:
            self._id = value
        elif name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)


class LineReader:
    """Cuts text that comes in pieces into lines, which end in LF, CR LF or CR."""

    def __init__(self) -> None:
        self._rest = ""

    def read(self, text: str) -> Iterator[str]:
        self._rest += text
        if len(self._rest) > LINE_MAX:
            raise ValueError(f"a line of the stream is longer than {LINE_MAX} characters")
        # A CR at the very end may be half of a CR LF.
        held = "\r" if self._rest.endswith("\r") else ""
        whole = self._rest.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = whole.split("\n")
        self._rest = rest + held
        yield from lines
