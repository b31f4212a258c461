"""What a handler raises to say how its attempt ends, and what the client raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

Result = Literal["pass", "warning", "fail"]
Status = Literal["succeeded", "errored", "aborted", "unknown"]


class TerminalError(Exception):
    """Raised by a handler: no repeat can help. The attempt ends errored, and no retry follows.

    `code` is a stable word, such as `NOT_FOUND`, that `retry.when` in a shipyard can ask for.
    """

    def __init__(self, message: str, *, code: str = "TERMINAL") -> None:
        super().__init__(message)
        self.code = code


class TaskErrored(Exception):
    """Raised by a handler that could not do its task and has an output all the same.

    The finished event says errored, and carries `output` under the task's name. The output must fit the task's output type.
    `retryable` is False where no repeat can help; None leaves it to the shipyard.
    """

    def __init__(
        self,
        message: str,
        *,
        output: Any,
        result: Result = "fail",
        code: str = "ERROR",
        retryable: bool | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.output = output
        self.result = result
        self.code = code
        self.retryable = retryable
        self.labels = labels


class RetryAfter(Exception):
    """Raised by a handler: try again, but not before `ms` from now. The shipyard decides whether there is a next attempt."""

    def __init__(self, ms: float, message: str, *, code: str = "RETRY_AFTER") -> None:
        super().__init__(message)
        self.ms = max(0, round(ms)) if ms == ms and ms != float("inf") else 0
        self.code = code


class AttemptCancelled(Exception):
    """The reason of `ctx.signal` when the answer is no longer wanted: cancelled, timed out, or given to another service."""


class ServiceEnding(Exception):
    """The reason of `ctx.signal` when the service ends and the time for its running handlers (`drain_ms`) is over."""


class ProblemPlace(TypedDict, total=False):
    code: str
    detail: str
    pointer: str
    line: int
    column: int
    nearest: str


class Problem(TypedDict, total=False):
    """The body of a refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    retryAfterMs: float
    errors: list[ProblemPlace]


class SlipwayProblem(Exception):
    """The server refused a request and said why. Decide by `code`; `problem["errors"]` has each place."""

    def __init__(self, problem: Problem, request: str) -> None:
        self.status = problem.get("status", 0)
        self.code = problem.get("code", "unknown")
        self.problem = problem
        super().__init__(f"{request}: {self.status} {self.code}: {problem.get('detail', '')}")


class ServerUnreachable(Exception):
    """No answer: the server is not there, the connection broke, or the time was over."""

    def __init__(self, server: str, *, reason: str) -> None:
        super().__init__(f"no answer from {server} ({reason}): is the control plane running there? `slipway serve` starts one")
        self.server = server
