"""A service as a process of its own, and its end."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Broker, ControlPlane, Process, eventually
from world import CONNECTS, new_name, shipyard

from slipway_sdk import Client, create_client

PROGRAM = Path(__file__).parent / "slow_service.py"


def start(connect: str, plane: ControlPlane, broker: Broker, task: str, **env: str) -> Process:
    given = {"SLIPWAY_CONNECT": connect, "SLIPWAY_SERVER": plane.url, "SLIPWAY_NATS": broker.url, "SLOW_TASK": task, **env}
    process = Process([sys.executable, str(PROGRAM)], given)
    process.wait_for('"serving"')
    return process


def begin(client: Client, project: str, task: str, ms: int, count: int) -> list[str]:
    client.put_shipyard(project=project, body=shipyard(f"[{{name: {task}}}]"))
    return [client.trigger(project=project, stage="dev", sequence="go", data={task: {"ms": ms}}).run for _ in range(count)]


def has_started(client: Client, run: str) -> bool:
    found: Any = client.get_run(run=run)
    return "startedAt" in found["tasks"][0]["attempts"][0]


def began(process: Process) -> int:
    return process.output.count("began")


@pytest.mark.parametrize("connect", CONNECTS)
def test_sigterm_lets_what_runs_finish_and_answer_and_the_process_ends_with_0(
    connect: str, plane: ControlPlane, broker: Broker
) -> None:
    task, project = new_name("slow"), new_name()
    with create_client(plane.url) as client:
        process = start(connect, plane, broker, task)
        runs = begin(client, project, task, 700, 4)
        eventually("all four run", lambda: began(process) == 4)
        # What a way to connect does at the end must not take back what the control plane knows to be started.
        eventually("the control plane knows it", lambda: all(has_started(client, run) for run in runs))
        process.child.send_signal(signal.SIGTERM)
        assert process.ended() == 0, process.output
        for run in runs:
            waited: Any = client.get_run(run=run)
            assert (waited["state"], waited["result"]) == ("finished", "pass")
        later = client.trigger(project=project, stage="dev", sequence="go", data={task: {"ms": 1}}).run
        assert client.get_run(run=later)["state"] == "running"
    assert "Traceback" not in process.output


def test_a_second_signal_ends_the_process_at_once(plane: ControlPlane, broker: Broker) -> None:
    task = new_name("slow")
    with create_client(plane.url) as client:
        process = start("claim", plane, broker, task)
        begin(client, new_name(), task, 60_000, 1)
        eventually("it runs", lambda: began(process) == 1)
        process.child.send_signal(signal.SIGTERM)
        process.wait_for("a second signal ends at once")
        assert process.end(signal.SIGTERM) == -signal.SIGTERM


def test_a_handler_that_ignores_its_signal_does_not_keep_the_process(plane: ControlPlane, broker: Broker) -> None:
    task = new_name("slow")
    with create_client(plane.url) as client:
        process = start("claim", plane, broker, task, SLOW_DRAIN_MS="100")
        begin(client, new_name(), f"{task}-deaf", 0, 1)
        eventually("it runs", lambda: began(process) == 1)
        assert process.end(signal.SIGTERM, 20) == 0
    assert "handlers still run after their signal aborted" in process.output


def test_a_process_that_is_killed_is_replaced_when_its_lease_is_over(plane: ControlPlane, broker: Broker) -> None:
    task, project = new_name("slow"), new_name()
    with create_client(plane.url) as client:
        client.put_shipyard(project=project, body=shipyard(f"[{{name: {task}, retry: {{attempts: 3, delay: 10ms}}}}]"))
        first = start("claim", plane, broker, task, SLOW_LEASE_MS="2000")
        run = client.trigger(project=project, stage="dev", sequence="go", data={task: {"ms": 300}}).run
        eventually("it runs", lambda: began(first) == 1)
        first.end(signal.SIGKILL)
        second = start("claim", plane, broker, task)
        eventually("another attempt ends it", lambda: client.get_run(run=run)["state"] == "finished", 60)
        assert client.get_run(run=run).get("result") == "pass"
        assert second.end() == 0


def test_a_service_that_is_refused_for_good_says_why_and_ends_with_an_exit_code(plane: ControlPlane) -> None:
    env = {"SLIPWAY_CONNECT": "push", "SLIPWAY_SERVER": plane.url, "SLOW_TASK": new_name("slow")}
    process = Process([sys.executable, str(PROGRAM)], {**env, "SLIPWAY_PUSH_URL": "ftp://nowhere/"})
    assert process.ended() == 1
    assert "the control plane refuses this service: ending" in process.output
    assert "SlipwayProblem" in process.output
