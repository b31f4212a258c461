"""A task: its name in the shipyard, what it takes, what it gives, and the function that does it."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from .context import TaskContext
from .errors import Result
from .schema import Schema
from .trigger import NAME

In = TypeVar("In")
Out = TypeVar("Out")


class Outcome(Generic[Out]):
    """What a task found, where a bare output would not say it. Made by `outcome`."""

    def __init__(self, result: Result, message: str | None, output: Out | None, labels: Mapping[str, str] | None) -> None:
        self.result = result
        self.message = message
        self.output = output
        self.labels = labels


def outcome(
    *,
    result: Result = "pass",
    message: str | None = None,
    output: Out | None = None,
    labels: Mapping[str, str] | None = None,
) -> Outcome[Out]:
    """Returned by a handler that has more to say than its output.

    `warning` goes on like `pass`, `fail` ends a linear sequence. `labels` replace those of the trigger, for this answer and
    for the tasks after it.
    """
    return Outcome(result, message, output, labels)


Handler = Callable[[In, TaskContext], "Out | Outcome[Out] | Awaitable[Out | Outcome[Out]]"]


@dataclass(frozen=True)
class Task(Generic[In, Out]):
    """Made by `define_task`. Call it as you would call the function: `task(input, ctx)`."""

    name: str
    input: Schema
    output: Schema
    run: Handler[In, Out]
    is_async: bool
    concurrency: int | None = None

    def __call__(self, input: In, ctx: TaskContext) -> Out | Outcome[Out] | Awaitable[Out | Outcome[Out]]:
        return self.run(input, ctx)


@overload
def define_task(
    name: str,
    *,
    input: type[In],
    output: type[Out],
    run: Handler[In, Out],
    concurrency: int | None = None,
) -> Task[In, Out]: ...


@overload
def define_task(name: str, *, concurrency: int | None = None) -> Callable[[Callable[[In, TaskContext], Out]], Task[In, Any]]: ...


def define_task(
    name: str,
    *,
    input: Any = None,
    output: Any = None,
    run: Any = None,
    concurrency: int | None = None,
) -> Any:
    """Defines a task, as a decorator or with `input`, `output` and `run`.

    As a decorator it takes the types from the function's annotations. Input that does not fit ends the attempt as errored with
    code INVALID_INPUT, without a retry, and the function is not called.

    What the function returns is the output; the result is then `pass`. Return `outcome(...)` to say `warning` or `fail`,
    raise to end the attempt as errored: any exception may be retried, `TerminalError` may not, `RetryAfter` says when. The
    function may be `async`; one that is not runs in a thread.
    """
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} cannot name a task: up to 63 lower-case letters, digits and dashes, such as check-number")
    if concurrency is not None and concurrency < 1:
        raise ValueError(f"concurrency is {concurrency}, and must be at least 1")

    def made(function: Any, takes: Any, gives: Any) -> Task[Any, Any]:
        is_async = inspect.iscoroutinefunction(function)
        return Task(name, Schema(takes), Schema(gives), function, is_async, concurrency)

    if run is not None:
        return made(run, dict if input is None else input, dict if output is None else output)
    return lambda function: made(function, *_annotated(name, function))


def _annotated(name: str, function: Any) -> tuple[Any, Any]:
    """The types of the input and of the output, from the annotations of a handler."""
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters)
    if len(parameters) != 2:
        raise TypeError(f"the function of task {name!r} takes {len(parameters)} parameters: write (input, ctx)")
    return hints.get(parameters[0], dict), _without_outcome(hints.get("return", dict))


def _without_outcome(declared: Any) -> Any:
    """`Found | Outcome[Found]` is the output Found."""
    if typing.get_origin(declared) is Outcome:
        return typing.get_args(declared)[0]
    options = [_without_outcome(option) for option in typing.get_args(declared)]
    if typing.get_origin(declared) in (typing.Union, types.UnionType):
        return typing.Union[tuple(options)]  # noqa: UP007 - made at run time
    return declared
