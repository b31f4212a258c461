"""Each code block of the README, as it stands there."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SLIPWAY, Broker, ControlPlane, Process, eventually, node

ROOM = Path(__file__).parents[1]
BLOCKS: list[tuple[str, str]] = re.findall(r"```(\w+)\n(.*?)```", (ROOM / "README.md").read_text(), re.DOTALL)


def block(having: str) -> str:
    return next(text for _, text in BLOCKS if having in text)


def slipway(arguments: list[str], cwd: Path, server: str) -> str:
    command = [node(), str(SLIPWAY), *arguments, "--server", server]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, plane: ControlPlane, broker: Broker) -> Path:
    """With every file that the README names, at the addresses of this test."""
    folder = tmp_path_factory.mktemp("readme")
    for _, text in BLOCKS:
        named = re.match(r"# (\w+\.(?:py|yaml))\n", text)
        if named is not None:
            here = text.replace("http://127.0.0.1:8484", plane.url).replace("nats://127.0.0.1:4222", broker.url)
            (folder / named.group(1)).write_text(here)
    return folder


def test_every_block_is_one_that_is_executed_here(folder: Path) -> None:
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["client.py", "greeter.py", "in_a_loop.py", "on_nats.py", "test_greeter.py", "welcome.yaml"]
    assert len(BLOCKS) == len(files) + 2  # The lines to install and the lines to type.


def test_the_service_the_shipyard_and_the_lines_to_type_do_what_it_says(folder: Path, plane: ControlPlane) -> None:
    text = (folder / "greeter.py").read_text().replace("tasks=[welcome]", f'tasks=[welcome], server="{plane.url}"')
    (folder / "here.py").write_text(text)
    service = Process([sys.executable, "here.py"], None, str(folder))
    service.wait_for('"serving"')
    lines = [shlex.split(line.split("  #")[0]) for line in block("npx slipway serve &").splitlines()]
    apply, trigger = (next(line for line in lines if word in line) for word in ("apply", "trigger"))
    slipway(apply[2:], folder, plane.url)
    output = slipway(trigger[2:], folder, plane.url)
    assert "pass" in output
    assert '{"welcome":{"text":"Welcome,Ada!"}}' in re.sub(r"\s", "", output)

    client = (folder / "client.py").read_text()
    more = client.replace(
        "    for item in client.stream",
        "    from threading import Timer\n    Timer(1, again).start()\n    for item in client.stream",
    )
    again = (
        'def again() -> None:\n    create_client("'
        + plane.url
        + '").trigger(project="demo", stage="dev", sequence="hello")\n\n\n'
    )
    more = more.replace("with create_client", again + "with create_client", 1) + "            break\n"
    (folder / "client_once.py").write_text(more)
    done = subprocess.run([sys.executable, "client_once.py"], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.match(r"pass \{'welcome': \{'text': 'Welcome, Ada!'\}\}\nhello \w+\n", done.stdout), done.stdout
    assert service.end() == 0


def test_the_unit_tests_pass(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_greeter.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_service_on_nats_serves_and_ends(folder: Path) -> None:
    service = Process([sys.executable, "on_nats.py"], None, str(folder))
    service.wait_for('"connect": "nats"')
    eventually("it runs", lambda: service.child.poll() is None)
    assert service.end(signal.SIGTERM) == 0, service.output


def test_the_service_in_a_loop_counts(folder: Path, plane: ControlPlane) -> None:
    text = (folder / "in_a_loop.py").read_text().replace("signals=False", f'signals=False, server="{plane.url}"')
    (folder / "loop_here.py").write_text(text)
    done = subprocess.run([sys.executable, "loop_here.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


def test_every_python_block_is_typed(folder: Path) -> None:
    files = [path.name for path in folder.glob("*.py") if path.name.startswith(("greeter", "on_nats", "in_a_loop", "client.py"))]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *files], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
