"""Does a task once, and says how that ended."""

from __future__ import annotations

import asyncio
import contextvars
import errno
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from .context import Attempt
from .errors import Result, RetryAfter, Status, TaskErrored, TerminalError
from .schema import Invalid
from .task import Outcome, Task
from .tracing import traced
from .trigger import JsonObject, to_json

MESSAGE_MAX = 4096
CODE_MAX = 256


@dataclass
class Ended:
    """How one attempt ended, as its finished event will say."""

    status: Status
    result: Result
    message: str | None = None
    output: JsonObject | None = None
    error: JsonObject | None = None
    labels: Mapping[str, str] | None = None


async def perform(task: Task[Any, Any], attempt: Attempt, executor: Executor | None = None) -> Ended:
    """Checks the input, calls the handler, checks the output. Whatever is raised becomes an ending.

    Handlers that are not `async` run in a thread of `executor`; without one they run here.
    """
    own = attempt.data.get(task.name)
    try:
        given = task.input.load({} if own is None else own)
    except Invalid as error:
        return _masked(attempt, _invalid("INVALID_INPUT", f"the input of {task.name}", error, own))
    try:
        returned = await _call(task, given, attempt, executor)
        ended = _finish(task, returned)
    except asyncio.CancelledError:
        if not attempt.signal.aborted:
            raise
        ended = Ended("aborted", "fail", message=str(attempt.signal.reason))
    except TaskErrored as error:
        ended = _errored_with_output(task, error)
    except Exception as error:
        ended = _errored(error)
    if attempt.secrets.is_in(ended.output) or attempt.secrets.is_in(dict(ended.labels or {})):
        ended = _terminal("SECRET_IN_OUTPUT", f"the output of {task.name} has a secret in it: leave it out")
    return _masked(attempt, ended)


async def _call(task: Task[Any, Any], given: Any, attempt: Attempt, executor: Executor | None) -> Any:
    handler: Callable[[Any, Any], Any] = task.run
    if task.is_async or executor is None:
        with traced(attempt):
            returned = handler(given, attempt)
            return await returned if asyncio.iscoroutine(returned) else returned

    def in_thread() -> Any:
        with traced(attempt):
            return handler(given, attempt)

    context = contextvars.copy_context()
    returned = await asyncio.get_running_loop().run_in_executor(executor, context.run, in_thread)
    return await returned if asyncio.iscoroutine(returned) else returned


def _finish(task: Task[Any, Any], returned: Any) -> Ended:
    found = returned if isinstance(returned, Outcome) else Outcome("pass", None, returned, None)
    ended = Ended("succeeded", found.result, labels=found.labels)
    if found.message is not None:
        ended.message = cut(found.message)
    if found.output is None and found.result == "fail":
        return ended
    try:
        output = task.output.dump({} if found.output is None else found.output)
        to_json(output)
    except Invalid as error:
        return _invalid("INVALID_OUTPUT", f"the output of {task.name}", error, found.output)
    except (TypeError, ValueError, RecursionError) as error:
        return _terminal("INVALID_OUTPUT", f"the output of {task.name} cannot be written as JSON: {error}")
    if not isinstance(output, dict):
        return _terminal("INVALID_OUTPUT", f"the output of {task.name} must be an object")
    ended.output = output
    return ended


def _invalid(code: str, what: str, error: Invalid, value: Any) -> Ended:
    """Names each place: `the input of checknumber is not valid: number: expected string, received number`."""
    absent = " (there was none)" if value is None else ""
    return _terminal(code, f"{what} is not valid{absent}: {error}")


def _terminal(code: str, text: str) -> Ended:
    message = cut(text)
    error = {"code": code, "message": message, "retryable": False}
    return Ended("errored", "fail", message=message, error=error)


def _errored_with_output(task: Task[Any, Any], raised: TaskErrored) -> Ended:
    """Drops an output that does not fit and says so: why the task failed must not be lost over it."""
    ended = _errored(raised)
    ended.result = raised.result
    ended.labels = raised.labels
    try:
        output = task.output.dump(raised.output)
        to_json(output)
        if not isinstance(output, dict):
            raise TypeError("it must be an object")
        ended.output = output
    except (Invalid, TypeError, ValueError, RecursionError) as error:
        ended.message = cut(f"{ended.message}; the output of {task.name} was left out, it is not valid: {error}")
    return ended


def _errored(raised: Exception) -> Ended:
    message = cut(str(raised) or type(raised).__name__)
    error: JsonObject = {"code": _code_of(raised), "message": message}
    if isinstance(raised, TerminalError):
        error["retryable"] = False
    if isinstance(raised, TaskErrored) and raised.retryable is not None:
        error["retryable"] = raised.retryable
    if isinstance(raised, RetryAfter):
        error["retryAfterMs"] = raised.ms
    return Ended("errored", "fail", message=message, error=error)


def _code_of(raised: Exception) -> str:
    """The exception's own `code`. An exit code or a status (SystemExit, HTTP clients) is no text, and none of them."""
    code = getattr(raised, "code", None)
    if isinstance(code, str) and code != "":
        return code[:CODE_MAX]
    if isinstance(raised, OSError) and isinstance(raised.errno, int):
        return errno.errorcode.get(raised.errno, "ERROR")
    return "ERROR"


def cut(text: str) -> str:
    return text if len(text) <= MESSAGE_MAX else text[: MESSAGE_MAX - 3] + "..."


def _masked(attempt: Attempt, ended: Ended) -> Ended:
    if ended.message is not None:
        ended.message = attempt.secrets.mask_text(ended.message)
    ended.error = attempt.secrets.mask(ended.error)
    return ended


def finished_data(task_name: str, where: JsonObject, ended: Ended) -> JsonObject:
    """The data of the finished event: where, how it ended, and the output under the task's own name."""
    words: JsonObject = {"status": ended.status, "result": ended.result}
    if ended.message is not None:
        words["message"] = ended.message
    if ended.error is not None:
        words["error"] = ended.error
    if ended.labels is not None:
        words["labels"] = dict(ended.labels)
    output = {} if ended.output is None else {task_name: ended.output}
    return {**where, **words, **output}
