"""The real control plane and the real broker, as processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
SLIPWAY = ROOT / "cli" / "bin" / "slipway.js"
READY_S = 60


def node() -> str:
    own = ROOT / "node_modules" / ".bin" / "node"
    return os.environ.get("TEST_NODE") or str(own if own.exists() else "node")


def nats_server() -> str:
    own = ROOT / ".cache" / "bin" / "nats-server"
    debian = ROOT / ".cache" / "nats-debian" / "usr" / "sbin" / "nats-server"
    found = shutil.which("nats-server") or next((str(path) for path in (own, debian) if path.exists()), None)
    if found is None:
        raise RuntimeError("nats-server is neither on PATH nor in .cache; run: npm run setup:test-servers nats-server")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def eventually(what: str, holds: Callable[[], object], timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.02)


class Process:
    """A child process, its output, and its end."""

    def __init__(self, command: list[str], env: dict[str, str] | None = None, cwd: str | None = None) -> None:
        self.child = subprocess.Popen(
            command, env={**os.environ, **(env or {})}, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self._readers = [self._read(self.child.stdout, self.stdout), self._read(self.child.stderr, self.stderr)]

    @property
    def output(self) -> str:
        return "".join([*self.stdout, *self.stderr])

    def wait_for(self, text: str, timeout_s: float = READY_S) -> None:
        def said() -> bool:
            assert self.child.poll() is None or text in self.output, f"it ended: {self.output}"
            return text in self.output

        eventually(f"{text!r} in its output", said, timeout_s)

    def end(self, number: int = signal.SIGTERM, timeout_s: float = 30) -> int:
        if self.child.poll() is None:
            self.child.send_signal(number)
        return self.ended(timeout_s)

    def ended(self, timeout_s: float = 30) -> int:
        code = self.child.wait(timeout_s)
        for reader in self._readers:
            reader.join()
        for pipe in (self.child.stdout, self.child.stderr):
            assert pipe is not None
            pipe.close()
        return code

    def _read(self, pipe: IO[str] | None, into: list[str]) -> threading.Thread:
        assert pipe is not None
        reader = threading.Thread(target=lambda: into.extend(pipe), daemon=True)
        reader.start()
        return reader


class ControlPlane:
    def __init__(self, nats: str | None = None) -> None:
        self._folder = tempfile.mkdtemp(prefix="slipway-sdk-python-")
        self._nats = nats
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: Process | None = None
        self.restart()

    def restart(self) -> None:
        command = [node(), str(SLIPWAY), "serve", "--listen", f"127.0.0.1:{self.port}", "--data", self._folder]
        self._process = Process([*command, *(["--nats", self._nats] if self._nats else [])])

        def ready() -> bool:
            assert self._process is not None
            assert self._process.child.poll() is None, self._process.output
            try:
                return httpx.get(f"{self.url}/readyz").status_code == 200
            except httpx.HTTPError:
                return False

        eventually("the control plane is ready", ready, READY_S)

    def kill(self) -> None:
        if self._process is not None:
            self._process.end(signal.SIGKILL)
            self._process = None

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


class Broker:
    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="slipway-sdk-nats-")
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._process: Process | None = None
        self.restart()

    def restart(self) -> None:
        command = [nats_server(), "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", self._folder]
        self._process = Process(command)
        self._process.wait_for("Server is ready")

    def kill(self) -> None:
        if self._process is not None:
            self._process.end(signal.SIGKILL)
            self._process = None

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A line for each test, for python.test.ts."""
    path = os.environ.get("PYTEST_RESULTS_FILE")
    if path is None or (report.when != "call" and report.passed):
        return
    text = "" if report.passed else report.longreprtext
    with Path(path).open("a") as file:
        file.write(json.dumps({"name": report.nodeid, "outcome": report.outcome, "text": text}) + "\n")


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    one = Broker()
    yield one
    one.close()


@pytest.fixture(scope="session")
def plane(broker: Broker) -> Iterator[ControlPlane]:
    """With the broker, so that one serves claims, pushes and NATS."""
    one = ControlPlane(broker.url)
    yield one
    one.close()


@pytest.fixture
def own_plane() -> Iterator[tuple[ControlPlane, Broker]]:
    """For a test that kills them."""
    broker = Broker()
    plane = ControlPlane(broker.url)
    yield plane, broker
    plane.close()
    broker.close()
