"""A ledger that outlives the process."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from .ledger import ANSWERS_MAX, SIZE_MAX, Ledger, MemoryLedger
from .trigger import Answer

REWRITE_AT = 2
"""The file is rewritten when it has so many times the lines that are remembered."""


def open_file_ledger(path: str | os.PathLike[str], *, answers_max: int = ANSWERS_MAX, size_max: int = SIZE_MAX) -> Ledger:
    """One JSON line per answer, in a file that one process owns.

    An answer goes out once its line is on the disk (what ends in the meantime shares the next write), so that an attempt whose
    answer went out is never run again, whatever crashes.
    """
    return _FileLedger(Path(path), answers_max, size_max)


class _FileLedger:
    def __init__(self, path: Path, answers_max: int, size_max: int) -> None:
        self._path = path
        self._answers_max = answers_max
        self._memory = MemoryLedger(answers_max=answers_max, size_max=size_max)
        self._lines = 0
        self._pending: list[Answer] = []
        self._writing: asyncio.Task[None] | None = None
        for line in path.read_bytes().split(b"\n") if path.exists() else []:
            # The last line may be torn by a crash: its answer did not go out.
            answer = _read_line(line)
            if answer is not None:
                self._memory.add(answer)
        self._rewrite()
        self._file = path.open("ab")

    def get(self, attempt_id: str) -> Answer | None:
        return self._memory.get(attempt_id)

    async def remember(self, answer: Answer) -> None:
        self._pending.append(answer)
        # The write under way began before this answer was there: it is in the next one.
        if self._writing is not None:
            await asyncio.wait([self._writing])
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await asyncio.shield(self._writing)
        self._memory.add(answer)

    async def close(self) -> None:
        if self._writing is not None:
            await asyncio.wait([self._writing])
        self._file.close()

    async def _write(self) -> None:
        answers, self._pending = self._pending, []
        if self._lines + len(answers) > REWRITE_AT * self._answers_max:
            self._file.close()
            self._rewrite()
            self._file = self._path.open("ab")
        self._lines += len(answers)
        text = b"".join(_line(answer) for answer in answers)
        await asyncio.to_thread(self._append, text)

    def _append(self, text: bytes) -> None:
        self._file.write(text)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _rewrite(self) -> None:
        """Into a file beside it that takes its place, so that a crash leaves the old one or the new one."""
        part = self._path.with_name(self._path.name + ".part")
        answers = list(self._memory.values())
        with part.open("wb") as file:
            file.writelines(_line(answer) for answer in answers)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        self._lines = len(answers)


def _line(answer: Answer) -> bytes:
    # In ASCII: half of a surrogate pair, which an output may have, has no UTF-8.
    return json.dumps(asdict(answer)).encode() + b"\n"


MEMBERS = ("id", "attempt_id", "phase", "dialect", "project", "plain_type", "json")


def _read_line(line: bytes) -> Answer | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in MEMBERS):
        return None
    return Answer(**cast(dict[str, Any], {name: value[name] for name in MEMBERS}))
