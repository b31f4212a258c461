"""Write a task service (`define_task`, `serve`), test it (`run_task`), or talk to the control plane (`create_client`)."""

from .channel import TransportCounts
from .client import models
from .client.async_client import AsyncClient, create_async_client
from .client.base import Triggered
from .client.client import Client, create_client
from .client.stream import StreamItem
from .context import Progress, Signal, TaskContext
from .environment import from_environment
from .errors import (
    AttemptCancelled,
    Problem,
    Result,
    RetryAfter,
    ServerUnreachable,
    ServiceEnding,
    SlipwayProblem,
    Status,
    TaskErrored,
    TerminalError,
)
from .file_ledger import open_file_ledger
from .ledger import Ledger, MemoryLedger
from .log import Logger, silent_logger, standard_logger, stderr_logger
from .run_task import TaskRun, run_task, run_task_async
from .serve import Service, ServiceStats, serve
from .settings import NatsOptions, PushOptions, ServeOptions
from .task import Outcome, Task, define_task, outcome
from .trigger import Answer, CloudEvent, Filter, JsonObject
from .worker import WorkerCounts

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "AsyncClient",
    "AttemptCancelled",
    "Client",
    "CloudEvent",
    "Filter",
    "JsonObject",
    "Ledger",
    "Logger",
    "MemoryLedger",
    "NatsOptions",
    "Outcome",
    "Problem",
    "Progress",
    "PushOptions",
    "Result",
    "RetryAfter",
    "ServeOptions",
    "ServerUnreachable",
    "Service",
    "ServiceEnding",
    "ServiceStats",
    "Signal",
    "SlipwayProblem",
    "Status",
    "StreamItem",
    "Task",
    "TaskContext",
    "TaskErrored",
    "TaskRun",
    "TerminalError",
    "TransportCounts",
    "Triggered",
    "WorkerCounts",
    "create_async_client",
    "create_client",
    "define_task",
    "from_environment",
    "models",
    "open_file_ledger",
    "outcome",
    "run_task",
    "run_task_async",
    "serve",
    "silent_logger",
    "standard_logger",
    "stderr_logger",
]
