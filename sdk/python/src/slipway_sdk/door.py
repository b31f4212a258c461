"""The way to one server: kept connections, a token, bounded answers, and errors that say what to do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import httpx

from .errors import Problem, ServerUnreachable, SlipwayProblem

TIMEOUT_MS = 30_000
CONNECT_TIMEOUT_S = 10
ANSWER_MAX_BYTES = 256 * 1024 * 1024
"""More than any answer of the control plane; protects against a server that never stops talking."""


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    headers: Mapping[str, str]
    text: str


class HttpDoor:
    def __init__(self, server: str, token: str | None = None, *, connections: int = 16) -> None:
        self.server = read_server(server)
        self._client = httpx.AsyncClient(
            base_url=self.server,
            headers=default_headers(token),
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            verify=verify_of(self.server),
        )
        self._socket: socket.socket | None = None

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
        timeout_ms: float = TIMEOUT_MS,
    ) -> HttpAnswer:
        """Asks, and reads the whole answer. Raises ServerUnreachable when there is none."""
        content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        asked = self._exchange(method, path, headers, content)
        try:
            return await asyncio.wait_for(asked, timeout_ms / 1000)
        except (asyncio.TimeoutError, TimeoutError):
            raise ServerUnreachable(self.server, reason=f"nothing within {round(timeout_ms)} ms") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as error:
            raise ServerUnreachable(self.server, reason=str(error) or type(error).__name__) from error

    async def _exchange(self, method: str, path: str, headers: Mapping[str, str] | None, content: bytes | None) -> HttpAnswer:
        request = self._client.build_request(method, path, headers=headers, content=content)
        request.extensions["trace"] = self._trace
        response = await self._client.send(request, stream=True)
        try:
            body = await read_bounded(response.aiter_bytes())
        finally:
            await response.aclose()
        return HttpAnswer(response.status_code, response.headers, body.decode("utf-8", "replace"))

    async def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._socket = info["return_value"].get_extra_info("socket")

    def leave(self) -> None:
        """Ends our half of the connection; the answer that may be on its way is still read.

        The server gives up what it holds for us unless it has answered already, so that nothing falls between the two. Only
        for a door with one connection.
        """
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)

    async def close(self) -> None:
        await self._client.aclose()


async def read_bounded(chunks: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > ANSWER_MAX_BYTES:
            raise httpx.DecodingError(f"its answer is larger than {ANSWER_MAX_BYTES} bytes")
    return bytes(body)


def default_headers(token: str | None) -> dict[str, str]:
    # Nothing is decompressed: a small answer cannot become a large one.
    headers = {"accept-encoding": "identity", "user-agent": "slipway-sdk-python"}
    return headers if token is None else {**headers, "authorization": f"Bearer {token}"}


def verify_of(server: str) -> bool:
    """Reading the system's certificates takes 20 ms, and plain HTTP needs none."""
    return server.startswith("https:")


def read_server(server: str) -> str:
    url = urlsplit(server)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(f"{server!r} is not the address of a server: write for example http://127.0.0.1:8484")
    return server.rstrip("/")


def problem_of(status: int, text: str, request: str) -> SlipwayProblem:
    """The refusal in an answer. A proxy on the way answers without a problem document: then the status has to do."""
    value = parse_json(text)
    words = ("title", "detail", "code")
    if isinstance(value, dict) and all(isinstance(value.get(name), str) for name in words):
        return SlipwayProblem(cast(Problem, {**value, "status": status}), request)
    detail = text.strip()[:200] or f"the server answered {status} and nothing more"
    problem: Problem = {"type": "about:blank", "title": "No problem document", "status": status, "detail": detail}
    return SlipwayProblem({**problem, "code": f"http-{status}"}, request)


def parse_json(text: str | bytes) -> Any:
    """None when it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
