from __future__ import annotations

import asyncio
import dataclasses
import enum
import threading
from typing import Any, Literal, TypedDict

import pytest
from pydantic import BaseModel, Field

from slipway_sdk import (
    Outcome,
    Progress,
    RetryAfter,
    Service,
    TaskContext,
    TaskErrored,
    TerminalError,
    define_task,
    outcome,
    run_task,
    run_task_async,
    serve,
)


@dataclasses.dataclass
class Number:
    n: int


def test_a_task_runs_without_any_server_and_sees_what_a_service_would_show_it() -> None:
    @define_task("look")
    def look(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        ctx.progress(0.5, "half")
        saw = [ctx.project, ctx.stage, ctx.service, ctx.labels["a"], ctx.attempt, ctx.run_id, ctx.attempt_id]
        return {"saw": " ".join(map(str, saw)), "before": ctx.data["build"]}

    run = run_task(look, None, project="p", stage="s", service="v", labels={"a": "l"}, attempt=2, data={"build": {"id": 7}})
    assert (run.status, run.result, run.progress) == ("succeeded", "pass", [Progress(0.5, "half")])
    assert run.output == {"saw": "p s v l 2 test-run test-run.look.2", "before": {"id": 7}}


def test_a_handler_may_be_async_or_a_plain_function_which_runs_in_a_thread() -> None:
    @define_task("async")
    async def in_loop(input: Number, ctx: TaskContext) -> Number:
        await asyncio.sleep(0)
        return Number(input.n + 1)

    seen: list[str] = []

    @define_task("plain")
    def in_thread(input: Number, ctx: TaskContext) -> Number:
        seen.append(threading.current_thread().name)
        return Number(input.n + 1)

    assert run_task(in_loop, {"n": 1}).output == {"n": 2}
    assert run_task(in_thread, {"n": 1}).output == {"n": 2}
    assert seen == ["slipway-task"]
    assert asyncio.run(run_task_async(in_loop, {"n": 4})).output == {"n": 5}


def test_a_task_can_be_defined_without_a_decorator_and_called_as_its_function() -> None:
    task = define_task("plus", input=Number, output=Number, run=lambda input, ctx: Number(input.n + 1))
    assert run_task(task, {"n": 2}).output == {"n": 3}


class Color(enum.Enum):
    RED = "red"


class Place(TypedDict):
    city: str


@dataclasses.dataclass
class Wide:
    text: str
    many: list[Number]
    place: Place
    color: Color
    size: Literal["s", "l"]
    maybe: float | None = None
    free: dict[str, Any] = dataclasses.field(default_factory=dict)


GOOD: dict[str, Any] = {"text": "t", "many": [{"n": 1}], "place": {"city": "Ulm"}, "color": "red", "size": "s"}


def test_input_becomes_what_the_annotation_says_and_output_becomes_json() -> None:
    @define_task("wide")
    def wide(input: Wide, ctx: TaskContext) -> Wide:
        assert isinstance(input.many[0], Number)
        assert input.color is Color.RED
        return input

    assert run_task(wide, {**GOOD, "unknown": 1}).output == {**GOOD, "maybe": None, "free": {}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": 7}, "text: expected string, received number"),
        ({"text": None}, "text: expected string, received null"),
        ({"many": [{"n": 1}, {"n": "x"}]}, "many.1.n: expected whole number, received string"),
        ({"many": [{"n": 1.5}]}, "many.0.n: expected whole number, received number"),
        ({"many": [{"n": True}]}, "many.0.n: expected whole number, received boolean"),
        ({"place": {}}, "place.city: expected string, received nothing"),
        ({"color": "blue"}, "color: expected one of 'red'"),
        ({"size": "m"}, "size: expected one of 's', 'l'"),
        ({"maybe": "x"}, "maybe: expected number, received string"),
        ({"free": []}, "free: expected object, received array"),
    ],
)
def test_input_that_does_not_fit_names_the_place_and_the_function_is_not_called(change: dict[str, Any], message: str) -> None:
    called: list[Wide] = []

    @define_task("wide")
    def wide(input: Wide, ctx: TaskContext) -> dict[str, Any]:
        called.append(input)
        return {}

    run = run_task(wide, {**GOOD, **change})
    assert run.message == f"the input of wide is not valid: {message}"
    assert run.error == {"code": "INVALID_INPUT", "message": run.message, "retryable": False}
    assert called == []


def test_five_places_are_named_and_the_rest_counted() -> None:
    @define_task("many")
    def many(input: dict[str, int], ctx: TaskContext) -> dict[str, Any]:
        return {}

    message = run_task(many, {str(n): "x" for n in range(7)}).message
    assert message is not None
    assert message.count("expected") == 5
    assert message.endswith("; and 2 more")


class Order(BaseModel):
    id: str = Field(min_length=2)
    lines: list[int] = []


def test_models_of_pydantic_are_inputs_and_outputs() -> None:
    @define_task("order")
    def order(input: Order, ctx: TaskContext) -> Order:
        return Order(id=input.id * 2, lines=[1])

    assert run_task(order, {"id": "ab"}).output == {"id": "abab", "lines": [1]}
    run = run_task(order, {"id": "a"})
    assert run.error is not None
    assert run.error["code"] == "INVALID_INPUT"
    assert "id: String should have at least 2 characters" in str(run.message)


def test_output_that_does_not_fit_or_is_no_json_is_invalid_output() -> None:
    def ended(returned: Any, output: Any = dict) -> Any:
        return run_task(define_task("t", input=dict, output=output, run=lambda input, ctx: returned), {})

    for returned, output in [
        ({"n": "x"}, Number),
        ({"n": float("nan")}, dict),
        ({"f": print}, dict),
        ("text", Any),
        ({"b": b"x"}, dict),
    ]:
        run = ended(returned, output)
        assert (run.status, run.error["code"], run.error["retryable"]) == ("errored", "INVALID_OUTPUT", False), returned
    circle: dict[str, Any] = {}
    circle["self"] = circle
    assert ended(circle).error["code"] == "INVALID_OUTPUT"


def test_a_fail_needs_no_output_and_a_pass_does() -> None:
    def ended(found: Any) -> Any:
        return run_task(define_task("f", input=dict, output=Number, run=lambda input, ctx: found), {})

    assert (ended(outcome(result="fail")).status, ended(outcome(result="fail")).result) == ("succeeded", "fail")
    labelled = ended(outcome(output=Number(1), labels={"build": "7"}, result="warning", message="m"))
    assert (labelled.result, labelled.labels, labelled.message) == ("warning", {"build": "7"}, "m")
    assert ended(outcome(message="m")).error["code"] == "INVALID_OUTPUT"


def test_the_annotation_of_a_handler_may_name_an_outcome() -> None:
    @define_task("either")
    def either(input: dict[str, Any], ctx: TaskContext) -> Number | Outcome[Number]:
        return outcome(result="warning", output=Number(1)) if input["warn"] else Number(2)

    assert run_task(either, {"warn": True}).output == {"n": 1}
    assert run_task(either, {"warn": False}).output == {"n": 2}


class Declined(Exception):
    code = "DECLINED"


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (ValueError("broken"), {"code": "ERROR", "message": "broken"}),
        (ValueError(), {"code": "ERROR", "message": "ValueError"}),
        (Declined("no"), {"code": "DECLINED", "message": "no"}),
        (TerminalError("gone", code="NOT_FOUND"), {"code": "NOT_FOUND", "message": "gone", "retryable": False}),
        (TerminalError("gone"), {"code": "TERMINAL", "message": "gone", "retryable": False}),
        (RetryAfter(1500.4, "busy"), {"code": "RETRY_AFTER", "message": "busy", "retryAfterMs": 1500}),
        (FileNotFoundError(2, "no file"), {"code": "ENOENT", "message": "[Errno 2] no file"}),
        (KeyError("x"), {"code": "ERROR", "message": "'x'"}),
    ],
)
def test_what_is_raised_is_what_the_finished_event_says(raised: Exception, error: dict[str, Any]) -> None:
    @define_task("raises")
    def raises(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        raise raised

    run = run_task(raises, {})
    assert (run.status, run.result, run.error) == ("errored", "fail", error)


def test_a_long_message_is_cut() -> None:
    @define_task("long")
    def long(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        raise ValueError("x" * 10_000)

    message = run_task(long, {}).message
    assert message is not None
    assert (len(message), message[-3:]) == (4096, "...")


def test_an_errored_task_may_have_an_output_which_is_checked_and_never_hides_the_error() -> None:
    def ended(output: Any) -> Any:
        def run(input: Any, ctx: TaskContext) -> Number:
            raise TaskErrored("no data", output=output, code="NO_DATA", retryable=False, labels={"a": "b"})

        return run_task(define_task("judge", input=dict, output=Number, run=run), {})

    good = ended(Number(3))
    assert (good.status, good.output, good.labels) == ("errored", {"n": 3}, {"a": "b"})
    assert good.error == {"code": "NO_DATA", "message": "no data", "retryable": False}
    bad = ended({"n": "high"})
    assert bad.output is None
    assert bad.message.startswith("no data; the output of judge was left out, it is not valid: n: ")
    assert bad.error == good.error


def test_cancelling_cancels_an_async_handler_and_wakes_one_in_a_thread() -> None:
    @define_task("sleeps")
    async def sleeps(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    @define_task("waits")
    def waits(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        assert ctx.signal.wait(60)
        ctx.signal.raise_if_aborted()
        return {}

    assert run_task(sleeps, {}, cancel_after_ms=10).message == "the test cancelled it"
    assert run_task(waits, {}, cancel_after_ms=10).message == "the test cancelled it"


def test_a_secret_is_masked_in_progress_logs_and_messages_and_refused_in_an_output() -> None:
    lines: list[tuple[str, dict[str, Any]]] = []

    class Log:
        def info(self, message: str, **fields: Any) -> None:
            lines.append((message, fields))

        warn = error = info

    @define_task("uses")
    def uses(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        password = ctx.secret("hunter22")
        ctx.progress(0.1, f"logs in with {password}", {"with": [password]})
        ctx.log.info(f"password {password}", header={"auth": password})
        if input["how"] == "raise":
            raise ValueError(f"401 for {password}")
        return {"nested": [{"key": f"x{password}"}]}

    raised = run_task(uses, {"how": "raise"}, log=Log())
    assert (raised.message, raised.error) == ("401 for ***", {"code": "ERROR", "message": "401 for ***"})
    assert raised.progress == [Progress(0.1, "logs in with ***", {"with": ["***"]})]
    about = {"run": "test-run", "task": "uses", "attempt": 1}
    assert lines == [("password ***", {**about, "header": {"auth": "***"}})]
    returned = run_task(uses, {"how": "return"})
    assert (returned.output, returned.error and returned.error["code"]) == (None, "SECRET_IN_OUTPUT")


def test_the_handler_runs_in_the_trace_of_its_trigger() -> None:
    from opentelemetry import trace

    @define_task("traced")
    def traced(input: dict[str, Any], ctx: TaskContext) -> dict[str, Any]:
        span = trace.get_current_span().get_span_context()
        return {"trace": format(span.trace_id, "032x"), "headers": ctx.trace_headers}

    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    output = run_task(traced, {}, traceparent=parent).output
    assert output == {"trace": "4bf92f3577b34da6a3ce929d0e0e4736", "headers": {"traceparent": parent}}


def test_names_types_and_settings_that_cannot_be_are_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="'Check Number' cannot name a task"):
        define_task("Check Number")
    with pytest.raises(TypeError, match="use a dataclass"):
        define_task("t", input=threading.Thread, output=dict, run=lambda input, ctx: {})
    with pytest.raises(TypeError, match=r"write \(input, ctx\)"):
        define_task("t")(lambda: None)  # type: ignore[arg-type,misc]
    task = define_task("a", input=dict, output=dict, run=lambda input, ctx: {})
    with pytest.raises(ValueError, match="serve needs at least one task"):
        serve(tasks=[])
    with pytest.raises(ValueError, match="the same name"):
        serve(tasks=[task, task])
    with pytest.raises(ValueError, match="concurrency is 0"):
        Service(tasks=[task], concurrency=0)
    with pytest.raises(ValueError, match="write for example"):
        serve(tasks=[task], server="localhost")
