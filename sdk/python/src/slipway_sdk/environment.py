"""What a service's process is told by its environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import cast

from .settings import Connect, NatsOptions, PushOptions, ServeOptions

CONNECTS = ("claim", "nats", "push")


def from_environment(env: Mapping[str, str] | None = None) -> ServeOptions:
    """Options from SLIPWAY_CONNECT (claim, nats, push), SLIPWAY_SERVER, SLIPWAY_TOKEN, SLIPWAY_NAME, SLIPWAY_SOURCE,
    SLIPWAY_CONCURRENCY; for NATS SLIPWAY_NATS, SLIPWAY_NATS_CREDS, SLIPWAY_NATS_CA and SLIPWAY_NATS_INBOX; for push
    SLIPWAY_PUSH_LISTEN and SLIPWAY_PUSH_URL. What is not set is left out, so it can be spread over defaults.
    """
    env = os.environ if env is None else env
    told: ServeOptions = {}
    connect = env.get("SLIPWAY_CONNECT") or None
    if connect is not None and connect not in CONNECTS:
        raise ValueError(f"SLIPWAY_CONNECT is {connect!r}: write {', '.join(CONNECTS)}")
    servers = env.get("SLIPWAY_NATS") or None
    # A NATS server without a way to connect means NATS.
    if connect is not None:
        told["connect"] = cast(Connect, connect)
    elif servers is not None:
        told["connect"] = "nats"
    if env.get("SLIPWAY_SERVER"):
        told["server"] = env["SLIPWAY_SERVER"]
    if env.get("SLIPWAY_TOKEN"):
        told["token"] = env["SLIPWAY_TOKEN"]
    if servers is not None:
        told["nats"] = NatsOptions(
            servers,
            credentials_file=env.get("SLIPWAY_NATS_CREDS") or None,
            ca_file=env.get("SLIPWAY_NATS_CA") or None,
            inbox_prefix=env.get("SLIPWAY_NATS_INBOX") or None,
        )
    push = _push_from(env)
    if push is not None:
        told["push"] = push
    if env.get("SLIPWAY_NAME"):
        told["name"] = env["SLIPWAY_NAME"]
    if env.get("SLIPWAY_SOURCE"):
        told["source"] = env["SLIPWAY_SOURCE"]
    if env.get("SLIPWAY_CONCURRENCY"):
        told["concurrency"] = _number("SLIPWAY_CONCURRENCY", env["SLIPWAY_CONCURRENCY"])
    return told


def _push_from(env: Mapping[str, str]) -> PushOptions | None:
    listen, url = env.get("SLIPWAY_PUSH_LISTEN") or None, env.get("SLIPWAY_PUSH_URL") or None
    if listen is None:
        return None if url is None else PushOptions(url=url)
    found = re.fullmatch(r"\[?([^\[\]\s]+?)\]?:(\d{1,5})", listen)
    if found is None or int(found.group(2)) > 65_535:
        raise ValueError(f"SLIPWAY_PUSH_LISTEN is {listen!r}: write HOST:PORT, such as 0.0.0.0:8080")
    return PushOptions(host=found.group(1), port=int(found.group(2)), url=url)


def _number(name: str, text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"{name} is {text!r}: write a number")
    return int(text)
