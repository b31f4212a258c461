"""A service whose task takes as long as its input says."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from slipway_sdk import TaskContext, define_task, from_environment, serve

task = os.environ["SLOW_TASK"]


@define_task(task)
async def slow(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
    print(f"began {ctx.attempt_id}", flush=True)
    await asyncio.sleep(input["ms"] / 1000)
    return {}


@define_task(f"{task}-deaf")
def deaf(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
    print(f"began {ctx.attempt_id}", flush=True)
    time.sleep(60)
    return {}


options = from_environment()
options["name"] = task
options["lease_ms"] = int(os.environ.get("SLOW_LEASE_MS", "30000"))
options["drain_ms"] = float(os.environ.get("SLOW_DRAIN_MS", "20000"))
serve(tasks=[slow, deaf], **options)
