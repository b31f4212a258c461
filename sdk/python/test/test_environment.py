from __future__ import annotations

import pytest

from slipway_sdk import NatsOptions, PushOptions, from_environment
from slipway_sdk.nats.connection import credentials_of, servers_of


def test_a_process_is_told_its_name_its_broker_and_where_pushes_arrive() -> None:
    told = from_environment(
        {
            "SLIPWAY_NATS": "nats://me:s%40cret@one:4222, nats://two:4222",
            "SLIPWAY_NATS_CA": "/ca.crt",
            "SLIPWAY_NATS_INBOX": "_INBOX_me",
            "SLIPWAY_NAME": "me",
            "SLIPWAY_CONCURRENCY": "4",
        }
    )
    nats = NatsOptions("nats://me:s%40cret@one:4222, nats://two:4222", None, "/ca.crt", "_INBOX_me")
    assert told == {"connect": "nats", "name": "me", "nats": nats, "concurrency": 4}
    assert credentials_of(nats) == {"user": "me", "password": "s@cret"}
    assert servers_of(nats) == ["nats://me:s%40cret@one:4222", "nats://two:4222"]
    push = {"SLIPWAY_CONNECT": "push", "SLIPWAY_PUSH_URL": "http://me:8080/"}
    expected = PushOptions(host="::", port=8080, url="http://me:8080/")
    assert from_environment({**push, "SLIPWAY_PUSH_LISTEN": "[::]:8080"}).get("push") == expected


def test_what_is_not_set_or_empty_is_left_out() -> None:
    assert from_environment({"SLIPWAY_TOKEN": "", "SLIPWAY_SERVER": "http://x"}) == {"server": "http://x"}


@pytest.mark.parametrize(
    ("name", "value", "way_out"),
    [
        ("SLIPWAY_CONNECT", "carrier-pigeon", "write claim, nats, push"),
        ("SLIPWAY_PUSH_LISTEN", "8080", "write HOST:PORT"),
        ("SLIPWAY_PUSH_LISTEN", "x:99999", "write HOST:PORT"),
        ("SLIPWAY_CONCURRENCY", "many", "write a number"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(name: str, value: str, way_out: str) -> None:
    with pytest.raises(ValueError, match=way_out):
        from_environment({name: value})
