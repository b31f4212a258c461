"""Carries the trace of the trigger into the handler, where OpenTelemetry's API is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .context import Attempt

try:
    from opentelemetry import propagate, trace
except ImportError:  # The extra `otel` is not installed: the answers carry the trace all the same.
    _HAS_OTEL = False
else:
    _HAS_OTEL = True


@contextmanager
def traced(attempt: Attempt) -> Iterator[None]:
    """Runs the handler in a span whose parent is the trigger's; without an OpenTelemetry SDK that span goes nowhere."""
    if not _HAS_OTEL:
        yield
        return
    parent = propagate.extract(attempt.trace_headers)
    attributes: dict[str, str | int] = {
        "slipway.run": attempt.run_id,
        "slipway.task": attempt.trigger.task,
        "slipway.attempt": attempt.attempt,
    }
    tracer = trace.get_tracer("slipway_sdk")
    with tracer.start_as_current_span(
        f"{attempt.trigger.task} process", context=parent, kind=trace.SpanKind.CONSUMER, attributes=attributes
    ):
        yield
