"""The same claims against the real control plane, by each way to connect."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import Counter
from typing import Any

import pytest
from conftest import Broker, ControlPlane
from world import CONNECTS, World, until

from slipway_sdk import AttemptCancelled, RetryAfter, TaskContext, TaskErrored, define_task

each_way = pytest.mark.parametrize("connect", CONNECTS)


@dataclasses.dataclass
class Number:
    n: int = 1


@each_way
def test_a_sequence_runs_through_its_tasks_and_each_sees_what_came_before(
    connect: str, plane: ControlPlane, broker: Broker
) -> None:
    @define_task("py-one")
    async def one(input: Number, ctx: TaskContext) -> Number:
        return Number(input.n + 1)

    @define_task("py-two")
    def two(input: Number, ctx: TaskContext) -> Number:
        assert ctx.data["py-one"]["n"] == 5
        return Number(input.n + 1)

    async def check() -> None:
        async with World(connect, plane, broker) as world:
            await world.apply('[{name: py-one}, {name: py-two, with: {n: "${{ tasks.py_one.output.n * 10 }}"}}]')
            async with world.service(one, two, version="9", filter=only(world)) as service:
                for _ in range(10):
                    triggered = await world.trigger({"py-one": {"n": 4}})
                    assert (triggered.state, triggered.result) == ("finished", "pass")
                run = await world.client.get_run(run=triggered.run)
                assert [task.get("output") for task in run["tasks"]] == [{"n": 5}, {"n": 51}]
                services = await world.client.list_services()
                assert "py-one" in [item["task"] for item in services["items"] if item["connected"]]
                counts = service.stats().worker
                assert (counts.started, counts.finished, counts.repeated) == (20, 20, 0)

    asyncio.run(check())


def only(world: World) -> Any:
    from slipway_sdk import Filter

    return Filter(project=world.project)


@each_way
def test_an_attempt_that_fails_is_tried_again_when_it_says_and_a_wrong_input_is_not(
    connect: str, plane: ControlPlane, broker: Broker
) -> None:
    at: list[float] = []

    @define_task("py-shaky")
    def shaky(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        at.append(time.monotonic())
        if ctx.attempt < 3:
            raise RetryAfter(ctx.attempt * 150, "not yet")
        return {}

    @define_task("py-strict")
    async def strict(input: Strict, ctx: TaskContext) -> dict[str, Any]:
        return {}

    async def check() -> None:
        async with World(connect, plane, broker) as world:
            retry = "retry: {attempts: 3, delay: 10ms}"
            await world.apply(f"[{{name: py-shaky, {retry}}}, {{name: py-strict, {retry}}}]")
            async with world.service(shaky, strict, filter=only(world)):
                triggered = await world.trigger()
                view = await world.client.get_run(run=triggered.run)
        assert (view["state"], view.get("result"), view.get("status")) == ("finished", "fail", "errored")
        assert [len(task["attempts"]) for task in view["tasks"]] == [3, 1]
        error: Any = view["tasks"][1]["attempts"][0].get("error")
        assert (error["code"], error["retryable"]) == ("INVALID_INPUT", False)
        assert at[1] - at[0] > 0.14
        assert at[2] - at[1] > 0.28

    asyncio.run(check())


@dataclasses.dataclass
class Strict:
    must: str


@each_way
def test_a_task_that_errored_with_an_output_is_not_tried_again_and_its_output_is_there(
    connect: str, plane: ControlPlane, broker: Broker
) -> None:
    @define_task("py-judge")
    def judge(input: dict[str, Any], ctx: TaskContext) -> Number:
        raise TaskErrored("nothing to judge", output=Number(0), code="NO_DATA", retryable=False)

    async def check() -> None:
        async with World(connect, plane, broker) as world:
            await world.apply("[{name: py-judge, retry: {attempts: 3, delay: 10ms}}]")
            async with world.service(judge, filter=only(world)):
                triggered = await world.trigger()
                events = await world.client.list_run_events(run=triggered.run, limit=100)
        finished: list[Any] = [e["event"] for e in events["items"] if e["event"]["type"] == "py-judge.finished"]
        assert [(e["data"]["status"], e["data"]["py-judge"], e["data"]["error"]["code"]) for e in finished] == [
            ("errored", {"n": 0}, "NO_DATA")
        ]

    asyncio.run(check())


@each_way
def test_progress_is_seen_and_aborting_the_run_cancels_the_handler(connect: str, plane: ControlPlane, broker: Broker) -> None:
    seen: list[Any] = []

    @define_task("py-endless")
    async def endless(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        ctx.progress(0.25, "a quarter")
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            seen.append(ctx.signal.reason)
            raise
        return {}

    async def check() -> None:
        async with World(connect, plane, broker) as world:
            await world.apply("[{name: py-endless}]")
            async with world.service(endless, filter=only(world), lease_ms=1_500) as service:
                triggered = await world.trigger(wait_s=None)

                async def progressed() -> bool:
                    run = await world.client.get_run(run=triggered.run)
                    attempts: Any = run["tasks"][0]["attempts"] if run["tasks"] else []
                    return any(
                        e.get("fraction") == 0.25 and e.get("message") == "a quarter" for a in attempts for e in a["executors"]
                    )

                await until("its progress", progressed)
                # Longer than its lease: the signs of life hold it.
                await asyncio.sleep(2)
                assert service.stats().worker.running == 1
                await world.client.command_run(run=triggered.run, command="abort", body={"reason": "enough"})
                await until("the handler is cancelled", lambda: len(seen) == 1)
                await until("it was dropped", lambda: service.stats().worker.dropped == 1)
        assert isinstance(seen[0], AttemptCancelled)

    asyncio.run(check())


@each_way
def test_data_of_3_mb_come_and_go_as_small_data_do_through_a_broker_that_takes_1_mb(
    connect: str, plane: ControlPlane, broker: Broker
) -> None:
    large = 3 * 1024 * 1024

    @define_task("py-grow")
    async def grow(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        return {"text": input["text"] + "y"}

    @define_task("py-weigh")
    async def weigh(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        return {"bytes": len(ctx.data["py-grow"]["text"])}

    async def check() -> None:
        async with World(connect, plane, broker) as world:
            await world.apply("[{name: py-grow}, {name: py-weigh}]")
            async with world.service(grow, weigh, filter=only(world)):
                triggered = await world.trigger({"py-grow": {"text": "x" * large}})
                assert triggered.result == "pass"
                run = await world.client.get_run(run=triggered.run)
                assert run["tasks"][1].get("output") == {"bytes": large + 1}

    asyncio.run(check())


@each_way
def test_the_trace_and_the_context_of_a_trigger_are_carried_back(connect: str, plane: ControlPlane, broker: Broker) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @define_task("py-traced")
    async def traced(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        return ctx.trace_headers

    async def check() -> None:
        async with World(connect, plane, broker) as world:
            await world.apply("[{name: py-traced}]")
            async with world.service(traced, filter=only(world)):
                triggered = await world.client.trigger(
                    project=world.project, stage="dev", sequence="go", traceparent=parent, wait_s=60
                )
                events = await world.client.list_run_events(run=triggered.run, limit=100)
        by_type: dict[str, Any] = {one["event"]["type"]: one["event"] for one in events["items"]}
        asked, answered = by_type["py-traced.triggered"], by_type["py-traced.finished"]
        assert answered["traceparent"] == asked["traceparent"] == answered["data"]["py-traced"]["traceparent"]
        assert answered["correlationid"] == asked["correlationid"] == triggered.correlation_id

    asyncio.run(check())


@each_way
def test_the_control_plane_is_killed_in_the_middle_and_every_run_ends_with_each_task_done_once(
    connect: str, own_plane: tuple[ControlPlane, Broker]
) -> None:
    plane, broker = own_plane
    runs: Counter[str] = Counter()

    async def counted(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        runs[ctx.attempt_id] += 1
        await asyncio.sleep(0.02)
        return {}

    tasks = [define_task(name, input=dict, output=dict, run=counted) for name in ("one", "two")]

    async def check() -> None:
        async with World(connect, plane, broker) as world:
            await world.apply("[{name: one}, {name: two}]")
            async with world.service(*tasks, lease_ms=15_000):
                kind = "dev.go.triggered"
                events: Any = [
                    {"specversion": "1.0", "id": f"t{n}", "source": "/test", "type": kind, "data": {"project": world.project}}
                    for n in range(100)
                ]
                await world.client.send_events(body=events)
                await until("some are done", lambda: len(runs) > 40)
                plane.kill()
                await asyncio.sleep(0.2)
                await asyncio.to_thread(plane.restart)
                # The broker gives what the killed process held to the next one after 30 s.
                await until("all are done", lambda: len(runs) >= 200, 90)

                async def ended() -> bool:
                    listed = await world.client.list_runs(project=world.project, limit=200, state="finished")
                    return len(listed["items"]) == 100

                await until("all have ended", ended, 60)
                listed = await world.client.list_runs(project=world.project, limit=200)
                assert {run.get("result") for run in listed["items"]} == {"pass"}
                assert [attempt for attempt, times in runs.items() if times > 1] == []

    asyncio.run(check())
