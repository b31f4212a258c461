from __future__ import annotations

from nats.aio.client import Client

from .connection import ApiError, ask_jetstream
from .names import OUT_STREAM

ACK_WAIT_S = 30
"""How long the broker waits for a sign before it gives a message to another replica."""
MAX_ACK_PENDING = 5_000
STREAM_NOT_FOUND = 10059
CONSUMER_NOT_FOUND = 10014
EXISTS = frozenset({10148, 10013})


async def ensure_durable(client: Client, durable: str, subject: str) -> bool:
    """Makes the durable consumer that the replicas of a service share, or finds it. False: the stream is not there (yet).

    A new one begins with what comes from now on: what is open already is offered again by the control plane when it hears the
    service's hello.
    """
    try:
        await ask_jetstream(client, f"CONSUMER.INFO.{OUT_STREAM}.{durable}")
        return True
    except ApiError as error:
        if error.code == STREAM_NOT_FOUND:
            return False
        if error.code != CONSUMER_NOT_FOUND:
            raise
    config = {
        "name": durable,
        "durable_name": durable,
        "filter_subject": subject,
        "ack_policy": "explicit",
        "deliver_policy": "new",
        "ack_wait": ACK_WAIT_S * 1_000_000_000,
        "max_ack_pending": MAX_ACK_PENDING,
        # Whether an attempt is given up is the control plane's decision.
        "max_deliver": -1,
    }
    request = {"stream_name": OUT_STREAM, "config": config, "action": "create"}
    try:
        await ask_jetstream(client, f"CONSUMER.CREATE.{OUT_STREAM}.{durable}.{subject}", request)
    except ApiError as error:
        if error.code == STREAM_NOT_FOUND:
            return False
        if error.code not in EXISTS:  # Another replica was faster.
            raise
    return True
