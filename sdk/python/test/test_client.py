from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import ControlPlane, free_port
from world import new_name, shipyard

from slipway_sdk import (
    AsyncClient,
    Client,
    ServerUnreachable,
    SlipwayProblem,
    create_async_client,
    create_client,
)
from slipway_sdk.client.sse import LineReader

OPENAPI = json.loads((Path(__file__).parents[2] / "contract/schemas/openapi.json").read_text())


class Seen:
    """A server that keeps what it is asked and answers what it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, str, bytes]] = []
        seen = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                seen.requests.append((self.command, self.path, dict(self.headers.items()), body))
                status, kind, answer = seen.answers.pop(0) if seen.answers else (200, "application/json", b"{}")
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_PUT = do_POST = do_DELETE = do_GET

            def log_message(self, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def seen() -> Iterator[Seen]:
    one = Seen()
    yield one
    one.server.shutdown()
    one.server.server_close()


class Repeated:
    """Does something every 100 ms, in a thread."""

    def __init__(self, what: Callable[[], Any]) -> None:
        self.results: list[Any] = []
        self._over = threading.Event()
        self._what = what
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.1):
            self.results.append(self._what())


def test_there_is_a_method_for_every_route_in_both_clients() -> None:
    ids = [
        operation["operationId"]
        for route in OPENAPI["paths"].values()
        for operation in route.values()
        if "operationId" in operation
    ]
    names = ["".join("_" + c.lower() if c.isupper() else c for c in one) for one in ids]
    assert len(names) > 60
    assert [name for name in names if not callable(getattr(Client, name, None))] == []
    assert [name for name in names if not callable(getattr(AsyncClient, name, None))] == []


def test_parameters_go_into_path_and_query_labels_into_label_and_the_token_into_its_header(seen: Seen) -> None:
    with create_client(seen.url, token="t0ken") as client:
        client.list_runs(project="a b", state="running", limit=5, labels={"team": "blue"})
        client.get_event(id="a/b.c?", source="/me")
        client.put_shipyard(project="p", body="spec: {}", dry_run=True)
    assert [path for _, path, _, _ in seen.requests] == [
        "/v1/runs?project=a+b&state=running&limit=5&label.team=blue",
        "/v1/events/a%2Fb.c%3F?source=%2Fme",
        "/v1/projects/p/shipyard?dryRun=true",
    ]
    headers = {name.lower(): value for name, value in seen.requests[2][2].items()}
    assert (headers["authorization"], headers["content-type"]) == ("Bearer t0ken", "application/yaml")
    assert seen.requests[2][3] == b"spec: {}"


def test_bodies_go_out_as_their_route_wants_them(seen: Seen) -> None:
    event: Any = {"specversion": "1.0", "id": "1", "source": "/me", "type": "dev.go.triggered"}
    with create_client(seen.url) as client:
        client.send_events(body=event)
        client.send_events(body=[event, event])
        client.command_run(run="r", command="abort")
    kinds = [{n.lower(): v for n, v in headers.items()}.get("content-type") for _, _, headers, _ in seen.requests]
    assert kinds == ["application/cloudevents+json", "application/cloudevents-batch+json", None]


def test_an_answer_without_a_body_is_none_and_text_stays_text(seen: Seen) -> None:
    seen.answers += [(204, "application/json", b""), (200, "text/plain", b"up 1")]
    with create_client(seen.url) as client:
        assert client.delete_project(project="p") is None  # type: ignore[func-returns-value]
        assert client.metrics() == "up 1"


def test_a_refusal_is_raised_with_its_code_status_and_places(plane: ControlPlane) -> None:
    with create_client(plane.url) as client, pytest.raises(SlipwayProblem) as raised:
        client.put_shipyard(project="p", body="spec: {stagse: []}")
    problem = raised.value
    assert (problem.status, problem.code) == (422, "invalid-shipyard")
    assert problem.problem["errors"][0]["line"] == 1


def test_a_proxy_that_answers_html_and_a_server_that_answers_nonsense_are_problems_too(seen: Seen) -> None:
    seen.answers += [(502, "text/html", b"<h1>Bad gateway</h1>"), (200, "application/json", b"{")]
    with create_client(seen.url) as client:
        with pytest.raises(SlipwayProblem, match="502 http-502: <h1>Bad gateway</h1>"):
            client.get_run(run="r")
        with pytest.raises(SlipwayProblem, match="the answer is not JSON"):
            client.get_run(run="r")


def test_no_server_there_is_server_unreachable_and_says_what_to_do() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with create_client(url) as client, pytest.raises(ServerUnreachable, match="`slipway serve` starts one"):
        client.list_runs()
    with pytest.raises(ValueError, match="write for example"):
        create_client("localhost:8484")


def test_trigger_starts_a_sequence_once_and_the_stream_shows_it(plane: ControlPlane) -> None:
    project = new_name()
    with create_client(plane.url) as client:
        client.put_shipyard(project=project, body=shipyard("[{name: nobody-does-this}]"))
        first = client.trigger(project=project, stage="dev", sequence="go", id="one", labels={"a": "b"})
        again = client.trigger(project=project, stage="dev", sequence="go", id="one", labels={"a": "b"})
        assert (first.is_new, again.is_new, again.run) == (True, False, first.run)
        # The stream begins with what comes after it.
        more = Repeated(lambda: client.trigger(project=project, stage="dev", sequence="go"))
        for item in client.stream(project=project, kind="run"):
            more.stop()
            assert item.kind == "run"
            assert item.data["id"] in [started.run for started in more.results]
            break


def test_the_stream_goes_on_behind_the_last_item_after_a_break(plane: ControlPlane, seen: Seen) -> None:
    item = b'id: 7\nevent: run\ndata: {"id": "r"}\n\n'
    seen.answers += [(200, "text/event-stream", item), (503, "text/html", b""), (200, "text/event-stream", item)]

    async def read() -> list[str]:
        found: list[str] = []
        async with create_async_client(seen.url) as client:
            stream = client.stream(project="p")
            async for one in stream:
                found.append(one.id)
                if len(found) == 2:
                    break
            await stream.aclose()  # type: ignore[attr-defined]
        return found

    assert asyncio.run(read()) == ["7", "7"]
    lasts = [{n.lower(): v for n, v in headers.items()}.get("last-event-id") for _, _, headers, _ in seen.requests]
    assert lasts == [None, "7", "7"]


def test_lines_end_in_lf_cr_lf_or_cr_wherever_the_pieces_are_cut() -> None:
    text = "a\r\nb\rc\n\nd\r\n"
    for cut in range(len(text)):
        reader = LineReader()
        assert [*reader.read(text[:cut]), *reader.read(text[cut:]), *reader.read("\n")][:5] == ["a", "b", "c", "", "d"]


def test_a_stream_that_is_refused_for_good_raises(plane: ControlPlane) -> None:
    with create_client(plane.url) as client, pytest.raises(SlipwayProblem):
        next(iter(client.stream(last_event_id="never-given")))
