"""Writes src/slipway_sdk/client/models.py and operations.py from the OpenAPI document of sdk/contract, and client.py from
async_client.py.

datamodel-code-generator makes the types; the methods are a line for each route; the client for threads is the one for asyncio
without its awaits. `--check` writes nothing and exits with 1
when what is there is not what would be written.
"""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOM = Path(__file__).parent.parent
OPENAPI = ROOM.parent / "contract" / "schemas" / "openapi.json"
TARGET = ROOM / "src" / "slipway_sdk" / "client"
MADE = ("models.py", "operations.py", "client.py")
METHODS = ("get", "put", "post", "delete")
HAND_WRITTEN = {"stream"}

Json = dict[str, Any]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder))
    stale = [name for name, text in made.items() if not (TARGET / name).exists() or (TARGET / name).read_text() != text]
    if "--check" in sys.argv:
        for name in stale:
            sys.stderr.write(f"{TARGET / name} is stale: run python tools/generate_client.py and commit what it writes\n")
        return 1 if stale else 0
    for name in stale:
        (TARGET / name).write_text(made[name])
    return 0


def make(folder: Path) -> dict[str, str]:
    document: Json = json.loads(OPENAPI.read_text())
    operations = [
        (method, path, route[method]) for path, route in document["paths"].items() for method in METHODS if method in route
    ]
    schemas: Json = document["components"]["schemas"]
    lines = [
        line
        for operation in operations
        if operation[2]["operationId"] not in HAND_WRITTEN
        for line in [Method(*operation, schemas)]
    ]
    (folder / "openapi.json").write_text(json.dumps({**document, "paths": {}}))
    options = [
        *("--input-file-type", "openapi", "--output-model-type", "typing.TypedDict", "--target-python-version", "3.10"),
        *("--use-standard-collections", "--use-union-operator", "--disable-timestamp", "--no-use-closed-typed-dict"),
        *("--formatters", "builtin", "--enum-field-as-literal", "all", "--use-schema-description"),
    ]
    paths = ["--input", str(folder / "openapi.json"), "--output", str(folder / "models.py")]
    run([sys.executable, "-W", "ignore", "-m", "datamodel_code_generator", *options, *paths])
    head = [
        '"""Made by tools/generate_client.py: a method for each route of the control plane."""',
        "from __future__ import annotations",
        "from abc import ABC, abstractmethod",
        "from collections.abc import Mapping, Sequence",
        "from typing import Any, Literal",
        "from . import models",
        "",
    ]
    kinds = [("", "Operations"), ("async ", "AsyncOperations")]
    body = [text for prefix, name in kinds for text in class_of(name, prefix, lines)]
    (folder / "operations.py").write_text("\n".join([*head, *body]) + "\n")
    (folder / "client.py").write_text(without_async((TARGET / "async_client.py").read_text()))
    for name in MADE:
        run(
            [
                sys.executable,
                "-m",
                "ruff",
                "check",
                "-q",
                "--fix",
                "--select",
                "I,UP,F401",
                "--ignore",
                "UP028",
                "--config",
                str(ROOM / "pyproject.toml"),
                str(folder / name),
            ]
        )
        run([sys.executable, "-m", "ruff", "format", "-q", "--config", str(ROOM / "pyproject.toml"), str(folder / name)])
    return {name: (folder / name).read_text() for name in MADE}


WITHOUT_ASYNC = (
    ("The client for asyncio.", "Made by tools/generate_client.py from async_client.py: the client for threads."),
    ("import asyncio", "import time"),
    ("await asyncio.sleep", "time.sleep"),
    ("create_async_client", "create_client"),
    ("Async", ""),
    ("aclose", "close"),
    ("aread", "read"),
    ("aiter_", "iter_"),
    ("__aenter__", "__enter__"),
    ("__aexit__", "__exit__"),
    ("async ", ""),
    ("await ", ""),
)


def without_async(text: str) -> str:
    for asynchronous, plain in WITHOUT_ASYNC:
        text = text.replace(asynchronous, plain)
    return text


def class_of(name: str, prefix: str, methods: list[Method]) -> list[str]:
    awaited = "await " if prefix else ""
    return [
        f"class {name}(ABC):",
        "    @abstractmethod",
        f"    {prefix}def _ask(self, method: str, path: str, *, names: Mapping[str, str] | None = None, "
        "query: Mapping[str, object] | None = None, labels: Mapping[str, str] | None = None, body: object = None, "
        "kind: str = 'application/json', accept: str = 'application/json', answers: Sequence[int] = (), "
        "headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> Any: ...",
        "",
        *(method.text(prefix, awaited) for method in methods),
    ]


class Method:
    def __init__(self, method: str, path: str, operation: Json, schemas: Json) -> None:
        self.method, self.path, self.operation = method.upper(), path, operation
        self.name = snake(operation["operationId"])
        own = [parameter for parameter in operation.get("parameters", []) if "$ref" not in parameter]
        self.names = [one for one in own if one["in"] == "path"]
        self.query = [one for one in own if one["in"] == "query" and one["name"] != "label"]
        self.by_label = any(one["name"] == "label" for one in own)
        self.kind, self.body = self.body_of(schemas)
        self.accept, self.answer = self.answer_of(schemas)

    def body_of(self, schemas: Json) -> tuple[str, str | None]:
        request = self.operation.get("requestBody")
        if request is None:
            return "", None
        content: Json = request["content"]
        if "application/yaml" in content:
            return "application/yaml", "str"
        options = [
            self.lift(content[kind].get("schema", {}), "Request", schemas)
            for kind in content
            if kind.startswith("application/cloudevents")
        ]
        if options:
            return "application/cloudevents+json", " | ".join(dict.fromkeys(options))
        made = self.lift(content["application/json"].get("schema", {}), "Request", schemas)
        return "application/json", made if request.get("required") else f"{made} | None"

    def answer_of(self, schemas: Json) -> tuple[str, str]:
        found: dict[str, None] = {}
        accept = "application/json"
        for status, response in self.operation["responses"].items():
            content: Json = response.get("content", {})
            if not status.startswith("2"):
                continue
            if not content:
                found["None"] = None
            for kind, media in content.items():
                accept = kind
                if kind.startswith("text/"):
                    found["str"] = None
                else:
                    for one in self.lift(media.get("schema", {}), "Answer", schemas).split(" | "):
                        found[one] = None
        return accept, " | ".join(found)

    def lift(self, schema: Json, suffix: str, schemas: Json) -> str:
        """The Python type of a schema; an object without a name gets that of its route."""
        if "$ref" in schema:
            return "models." + str(schema["$ref"]).rsplit("/", 1)[1]
        if "anyOf" in schema:
            return " | ".join(dict.fromkeys(self.lift(one, suffix, schemas) for one in schema["anyOf"]))
        if schema.get("type") == "array":
            return (
                f"Sequence[{self.lift(schema['items'], suffix, schemas)}]"
                if suffix == "Request"
                else f"list[{self.lift(schema['items'], suffix, schemas)}]"
            )
        if schema.get("type") != "object" or "properties" not in schema:
            return "Mapping[str, Any]" if schema.get("type") == "object" else "Any"
        name = self.operation["operationId"][0].upper() + self.operation["operationId"][1:] + suffix
        schemas[name] = schema
        return f"models.{name}"

    def text(self, prefix: str, awaited: str) -> str:
        parts = [f"{argument(one)}: str" for one in self.names]
        if self.body is not None:
            parts.append(f"body: {self.body}" + (" = None" if self.body.endswith("None") else ""))
        parts += [f"{argument(one)}: {type_of(one['schema'])} | None = None" for one in self.query]
        if self.by_label:
            parts.append("labels: Mapping[str, str] | None = None")
        parts += ["headers: Mapping[str, str] | None = None", "timeout_ms: float | None = None"]
        given = [repr(self.method), repr(self.path)]
        if self.names:
            given.append("names={" + ", ".join(f"{one['name']!r}: {argument(one)}" for one in self.names) + "}")
        if self.query:
            given.append("query={" + ", ".join(f"{one['name']!r}: {argument(one)}" for one in self.query) + "}")
        if self.by_label:
            given.append("labels=labels")
        if self.body is not None:
            given += ["body=body", f"kind={self.kind!r}"]
        if self.accept != "application/json":
            given.append(f"accept={self.accept!r}")
        # A readiness check that says no is an answer too.
        also = [status for status, response in self.operation["responses"].items() if status[0] in "45" and "content" in response]
        if also:
            given.append(f"answers=({', '.join(also)},)")
        given += ["headers=headers", "timeout_ms=timeout_ms"]
        summary = self.operation["summary"].strip()
        quiet = "" if self.answer == "Any" else f"answer: {self.answer} = "
        back = "return " if self.answer == "Any" else ""
        end = "" if self.answer == "Any" else "\n        return answer"
        return (
            f"    {prefix}def {self.name}(self, *, {', '.join(parts)}) -> {self.answer}:\n"
            f'        """{summary}"""\n'
            f"        {back}{quiet}{awaited}self._ask({', '.join(given)}){end}\n"
        )


def type_of(schema: Json) -> str:
    if schema.get("enum") == ["true", "false"]:
        return "bool"
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    kinds = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
    return kinds.get(str(schema.get("type")), "str | int | bool")


def argument(parameter: Json) -> str:
    name = snake(re.sub(r"\W", "_", parameter["name"]))
    return name + "_" if keyword.iskeyword(name) else name


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
