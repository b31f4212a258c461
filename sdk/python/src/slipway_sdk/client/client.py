"""Made by tools/generate_client.py from async_client.py: the client for threads."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from ..backoff import backoff_ms
from ..door import ANSWER_MAX_BYTES, default_headers, problem_of, read_server, verify_of
from ..errors import ServerUnreachable
from . import models
from .base import (
    TIMEOUT_MS,
    WAIT_GRACE_MS,
    Triggered,
    content_of,
    is_large,
    path_of,
    read_answer,
    trigger_event,
    triggered_of,
    with_reference,
)
from .operations import Operations
from .stream import SILENCE_S, StreamItem, StreamReader, wait_before_retry


class Client(Operations):
    """A method for each route of the control plane, `trigger`, and `stream`. Close it, or use it with `with`.

    A refusal raises SlipwayProblem with `code`, `status` and each place in `problem["errors"]`; no answer raises
    ServerUnreachable.
    """

    def __init__(self, server: str, *, token: str | None = None, source: str = "/slipway-client") -> None:
        self.server = read_server(server)
        self._source = source
        self._client = httpx.Client(
            base_url=self.server,
            headers=default_headers(token),
            verify=verify_of(self.server),
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def trigger(
        self,
        *,
        stage: str,
        sequence: str,
        project: str = "default",
        service: str | None = None,
        data: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        id: str | None = None,
        correlation_id: str | None = None,
        traceparent: str | None = None,
        wait_s: float | None = None,
    ) -> Triggered:
        """Starts a sequence, and waits up to `wait_s` seconds for its end. The same `id` starts nothing twice."""
        event = trigger_event(
            source=self._source,
            stage=stage,
            sequence=sequence,
            project=project,
            service=service,
            data=data,
            labels=labels,
            id=id,
            correlation_id=correlation_id,
            traceparent=traceparent,
        )
        if is_large(event):
            put = self.put_data(body=event["data"])
            event = with_reference(event, put["dataref"])
        waiting = wait_s is not None
        answer = self._ask(
            "POST",
            "/v1/events",
            body=event,
            kind="application/cloudevents+json",
            headers={"prefer": f"wait={wait_s:g}"} if waiting else None,
            timeout_ms=(wait_s or 0) * 1000 + WAIT_GRACE_MS if waiting else None,
        )
        return triggered_of(answer, event["id"])

    def stream(
        self,
        *,
        project: str | None = None,
        stage: str | None = None,
        sequence: str | None = None,
        service: str | None = None,
        run: str | None = None,
        correlationid: str | None = None,
        type: str | None = None,
        kind: str | None = None,
        labels: Mapping[str, str] | None = None,
        last_event_id: str | None = None,
    ) -> Iterator[StreamItem]:
        """What happens from now on, or after `last_event_id`; goes on where it was when the connection breaks."""
        query = {
            "project": project,
            "stage": stage,
            "sequence": sequence,
            "service": service,
            "run": run,
            "correlationid": correlationid,
            "type": type,
            "kind": kind,
        }
        path = path_of("/v1/stream", None, query, labels)
        reader = StreamReader(last_event_id)
        while True:
            asked: float = 0
            try:
                for item in self._connection(path, reader):
                    yield item
            except Exception as error:
                wait = wait_before_retry(error)
                if wait is None:
                    raise
                asked = wait
            time.sleep(backoff_ms(reader.failures, asked) / 1000)
            reader.failures += 1

    def _connection(self, path: str, reader: StreamReader) -> Iterator[StreamItem]:
        reader.connected()
        timeout = httpx.Timeout(TIMEOUT_MS / 1000, read=SILENCE_S)
        try:
            with self._client.stream("GET", path, headers=reader.headers, timeout=timeout) as response:
                if response.status_code != 200:
                    text = (response.read()).decode("utf-8", "replace")
                    raise problem_of(response.status_code, text, f"GET {path}")
                for text in response.iter_text():
                    for item in reader.read(text):
                        yield item
        except (httpx.HTTPError, OSError) as error:
            raise ServerUnreachable(self.server, reason=f"the stream broke: {error or type(error).__name__}") from error

    def _ask(
        self,
        method: str,
        path: str,
        *,
        names: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        labels: Mapping[str, str] | None = None,
        body: object = None,
        kind: str = "application/json",
        accept: str = "application/json",
        answers: Sequence[int] = (),
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> Any:
        asked = path_of(path, names, query, labels)
        content, typed = content_of(body, kind)
        timeout_s = (timeout_ms or TIMEOUT_MS) / 1000
        try:
            with self._client.stream(
                method, asked, content=content, headers={"accept": accept, **typed, **(headers or {})}, timeout=timeout_s
            ) as response:
                text = self._read(response)
        except (httpx.HTTPError, OSError) as error:
            raise ServerUnreachable(self.server, reason=str(error) or type(error).__name__) from error
        return read_answer(response.status_code, text, f"{method} {asked}", accept, answers)

    def _read(self, response: httpx.Response) -> str:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > ANSWER_MAX_BYTES:
                raise httpx.DecodingError(f"its answer is larger than {ANSWER_MAX_BYTES} bytes")
        return body.decode("utf-8", "replace")


def create_client(server: str, *, token: str | None = None, source: str = "/slipway-client") -> Client:
    """`source` names the sender of the events that `trigger` makes."""
    return Client(server, token=token, source=source)


__all__ = ["Client", "StreamItem", "Triggered", "create_client", "models"]
