"""A small HTTP server: reads a whole request, asks `handle`, and writes its answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import h11

from ..trigger import to_json

BODY_MAX_BYTES = 8 * 1024 * 1024
REQUEST_TIMEOUT_S = 30
KEEP_ALIVE_S = 75
"""Longer than any client keeps an idle connection, so that it is the client that closes it."""
CONNECTIONS_MAX = 256
CLOSE_TIMEOUT_S = 2


@dataclass(frozen=True)
class PushedRequest:
    method: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class PushedAnswer:
    status: int
    body: str | None = None
    kind: str = "application/json"
    retry_after_s: int | None = None


class _TooLarge(Exception):
    pass


Handle = Callable[[PushedRequest], Awaitable[PushedAnswer]]


def refusal(status: int, detail: str, retry_after_s: int | None = None) -> PushedAnswer:
    problem = {"type": "about:blank", "title": "Refused", "status": status, "detail": detail}
    return PushedAnswer(status, to_json(problem), "application/problem+json", retry_after_s)


class Listener:
    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> int:
        """Returns the port it listens on."""
        self._server = await asyncio.start_server(self._on_connection, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Takes no more connections; returns when what was asked is answered."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections - self._busy:
            connection.cancel()
        if self._busy:
            await asyncio.wait(set(self._busy), timeout=CLOSE_TIMEOUT_S)
        for connection in set(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= CONNECTIONS_MAX:
            writer.close()
            return
        self._connections.add(task)
        try:
            # Ended by the other side, by `close`, or by what is no HTTP: nothing is left to answer.
            with contextlib.suppress(OSError, h11.RemoteProtocolError, asyncio.CancelledError, EOFError):
                await self._serve(reader, writer, task)
        finally:
            self._connections.discard(task)
            self._busy.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: "asyncio.Task[None]") -> None:
        connection = h11.Connection(h11.SERVER)
        while True:
            try:
                request = await asyncio.wait_for(self._read(connection, reader, task), REQUEST_TIMEOUT_S + KEEP_ALIVE_S)
                answer = await self._answer(request)
            except _TooLarge:
                answer = refusal(413, f"a request has at most {BODY_MAX_BYTES} bytes")
            except (asyncio.TimeoutError, TimeoutError):
                return
            writer.write(_write(connection, answer))
            await writer.drain()
            self._busy.discard(task)
            is_over = connection.our_state is not h11.DONE or connection.their_state is not h11.DONE
            if is_over or self._server is None or not self._server.is_serving():
                return
            connection.start_next_cycle()

    async def _answer(self, request: PushedRequest) -> PushedAnswer:
        try:
            return await self._handle(request)
        except Exception as error:
            return refusal(500, str(error))

    async def _read(self, connection: h11.Connection, reader: asyncio.StreamReader, task: "asyncio.Task[None]") -> PushedRequest:
        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                data = await reader.read(65_536)
                if data:
                    self._busy.add(task)
                connection.receive_data(data)
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > BODY_MAX_BYTES:
                    raise _TooLarge
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
                return PushedRequest(request.method.decode("ascii"), headers, bytes(body))
            else:
                raise EOFError


def _write(connection: h11.Connection, answer: PushedAnswer) -> bytes:
    body = b"" if answer.body is None else answer.body.encode("utf-8", "replace")
    headers = [("content-length", str(len(body)))]
    if answer.body is not None:
        headers.append(("content-type", answer.kind))
    if answer.retry_after_s is not None:
        headers.append(("retry-after", str(answer.retry_after_s)))
    if answer.status == 204:
        headers = []
    parts = [
        connection.send(h11.Response(status_code=answer.status, headers=headers)),
        connection.send(h11.Data(data=body)) if body else b"",
        connection.send(h11.EndOfMessage()),
    ]
    return b"".join(part or b"" for part in parts)
