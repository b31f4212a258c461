from __future__ import annotations

import asyncio
import json
from pathlib import Path

from slipway_sdk import Answer, Ledger, MemoryLedger, open_file_ledger


def answer(n: int, size: int = 10) -> Answer:
    return Answer(f"id{n}", f"attempt{n}", "finished", "plain", "p", "t.finished", "x" * size)


def known(ledger: Ledger, upto: int) -> list[int]:
    return [n for n in range(upto) if ledger.get(f"attempt{n}") is not None]


def test_the_oldest_answers_are_forgotten_first_by_number_and_by_size() -> None:
    by_number = MemoryLedger(answers_max=3)
    by_size = MemoryLedger(size_max=35)
    for n in range(5):
        by_number.add(answer(n))
        by_size.add(answer(n))
    assert known(by_number, 5) == [2, 3, 4]
    assert known(by_size, 5) == [2, 3, 4]
    by_size.add(answer(5, 100))
    assert known(by_size, 6) == [5]


def test_what_a_file_ledger_remembered_is_there_after_a_restart_also_when_the_last_line_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"

    async def remember() -> None:
        ledger = open_file_ledger(path)
        await asyncio.gather(*(ledger.remember(answer(n)) for n in range(20)))
        await ledger.close()

    asyncio.run(remember())
    assert len(path.read_text().splitlines()) == 20
    path.write_text(path.read_text()[:-5] + "\nnonsense\n[]\n")

    async def again() -> list[int]:
        ledger = open_file_ledger(path)
        found = known(ledger, 20)
        await ledger.close()
        return found

    assert asyncio.run(again()) == list(range(19))
    assert all(json.loads(line)["attempt_id"] for line in path.read_text().splitlines())


def test_a_file_ledger_does_not_grow_without_end(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"

    async def remember() -> list[int]:
        ledger = open_file_ledger(path, answers_max=10)
        for n in range(100):
            await ledger.remember(answer(n))
        await ledger.close()
        return known(ledger, 100)

    assert asyncio.run(remember()) == list(range(90, 100))
    assert len(path.read_text().splitlines()) <= 20
