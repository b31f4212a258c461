"""One connection to NATS, until it breaks."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import Any
from urllib.parse import unquote, urlsplit

import nats
import nats.errors
from nats.aio.client import Client

from ..settings import NatsOptions

DIAL_TIMEOUT_S = 5
PING_S = 10
"""A broker that does not answer two pings is away, even when its socket looks open."""
API_TIMEOUT_S = 5


class NotAuthorized(Exception):
    """The broker does not accept our credentials."""


def servers_of(options: NatsOptions) -> list[str]:
    return [server.strip() for server in options.servers.split(",") if server.strip()]


async def connect(server: str, options: NatsOptions, name: str, broken: asyncio.Event) -> Client:
    """Raises NotAuthorized, or another exception when the broker does not answer.

    A connection that breaks is closed and not repaired: acks of one connection mean nothing on the next one.
    """
    refused = asyncio.Event()

    async def on_error(error: Exception) -> None:
        if isinstance(error, nats.errors.AuthorizationError) or "authorization" in str(error).lower():
            refused.set()

    async def closed() -> None:
        broken.set()

    settings: dict[str, Any] = {
        "name": name,
        "connect_timeout": DIAL_TIMEOUT_S,
        "allow_reconnect": False,
        "ping_interval": PING_S,
        "max_outstanding_pings": 2,
        "error_cb": on_error,
        "closed_cb": closed,
        # The publisher bounds what is on its way.
        "pending_size": -1,
        **credentials_of(options),
    }
    if options.credentials_file is not None:
        settings["user_credentials"] = options.credentials_file
    if options.ca_file is not None:
        settings["tls"] = ssl.create_default_context(cafile=options.ca_file)
    if options.inbox_prefix is not None:
        settings["inbox_prefix"] = options.inbox_prefix.encode()
    try:
        return await asyncio.wait_for(nats.connect(_without_user(server), **settings), 2 * DIAL_TIMEOUT_S)
    except Exception as error:
        if refused.is_set() or isinstance(error, nats.errors.AuthorizationError):
            raise NotAuthorized(f"NATS at {_without_user(server)} refuses these credentials") from error
        raise


def credentials_of(options: NatsOptions) -> dict[str, str]:
    """Those of the last server that has some count for all."""
    found: dict[str, str] = {}
    for server in servers_of(options):
        url = urlsplit(server)
        if url.username and url.password:
            found = {"user": unquote(url.username), "password": unquote(url.password)}
        elif url.username:
            found = {"token": unquote(url.username)}
    return found


def _without_user(server: str) -> str:
    return server if "@" not in server else server.split("://")[0] + "://" + server.rsplit("@", 1)[1]


class ApiError(Exception):
    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code


async def ask_jetstream(client: Client, subject: str, body: object = None) -> dict[str, Any]:
    """Asks JetStream's API. Raises ApiError, or an error of the client when there is no answer."""
    payload = b"" if body is None else json.dumps(body).encode()
    message = await client.request(f"$JS.API.{subject}", payload, timeout=API_TIMEOUT_S)
    answer: dict[str, Any] = json.loads(message.data)
    error = answer.get("error")
    if isinstance(error, dict):
        raise ApiError(int(error.get("err_code", 0)), str(error.get("description", "")))
    return answer
