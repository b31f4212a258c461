"""The task of cli/test/kit/kit.json, which the services of the other SDKs have as well."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from slipway_sdk import (
    Outcome,
    RetryAfter,
    ServeOptions,
    TaskContext,
    TerminalError,
    define_task,
    from_environment,
    outcome,
    serve,
)


@dataclass
class Input:
    do: str = "echo"
    text: str = ""
    ms: float = 0


@dataclass
class Output:
    text: str


def ended(input: Input) -> Output | Outcome[Output]:
    match input.do:
        case "fail":
            raise ValueError("it broke")
        case "terminal":
            raise TerminalError("it is gone", code="GONE")
        case "retry-after":
            raise RetryAfter(5_000, "it is busy")
        case "warning":
            return outcome(result="warning", message="look at it", output=Output(""))
        case "found-fail":
            return outcome(result="fail", message="not good")
        case "large":
            return Output("y" * 3 * 1024 * 1024)
    return Output(input.text[:1_000])


async def in_loop(input: Input, ctx: TaskContext) -> Any:
    if input.do == "sleep":
        await asyncio.sleep(input.ms / 1000)
    if input.do == "progress":
        for step in (1, 2, 3):
            ctx.progress(step / 4, f"step {step}")
            await asyncio.sleep(0.1)
    return ended(input)


def in_thread(input: Input, ctx: TaskContext) -> Any:
    if input.do == "sleep" and ctx.signal.wait(input.ms / 1000):
        ctx.signal.raise_if_aborted()
    if input.do == "progress":
        for step in (1, 2, 3):
            ctx.progress(step / 4, f"step {step}")
            time.sleep(0.1)
    return ended(input)


if __name__ == "__main__":
    import sys

    run = in_thread if "--threads" in sys.argv else in_loop
    options: ServeOptions = {"name": "kit-python", **from_environment()}
    serve(tasks=[define_task("kit", input=Input, output=Output, run=run)], **options)
