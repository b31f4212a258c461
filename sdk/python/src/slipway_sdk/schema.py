"""Checks values against Python types: dataclasses, TypedDicts, builtins, enums and, where pydantic is installed, its models."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

ISSUES_MAX = 5
DEPTH_MAX = 100

# Also those of typing_extensions, which Python 3.10 needs.
REQUIRED_FORMS = frozenset(
    f"{module}.{form}" for module in ("typing", "typing_extensions") for form in ("Required", "NotRequired")
)

Path = tuple[str, ...]


class Invalid(Exception):
    """A value does not fit its type. `issues` has each place and what is wrong there."""

    def __init__(self, issues: Sequence[tuple[Path, str]]) -> None:
        self.issues = list(issues)
        shown = [f"{'.'.join(path) or '(root)'}: {what}" for path, what in self.issues[:ISSUES_MAX]]
        more = len(self.issues) - len(shown)
        super().__init__("; ".join(shown) + (f"; and {more} more" if more > 0 else ""))


class Schema:
    """The type of an input or output: `load` makes it from JSON, `dump` makes JSON of it."""

    def __init__(self, declared: Any) -> None:
        self.declared = declared
        self._adapter = _pydantic_adapter(declared)
        if self._adapter is None:
            _check_supported(declared)

    def load(self, value: Any) -> Any:
        """Raises Invalid."""
        if self._adapter is not None:
            return _by_pydantic(lambda: self._adapter.validate_python(value))
        issues: list[tuple[Path, str]] = []
        loaded = _load(self.declared, value, (), issues)
        if issues:
            raise Invalid(issues)
        return loaded

    def dump(self, value: Any) -> Any:
        """Raises Invalid."""
        if self._adapter is not None:
            checked = _by_pydantic(lambda: self._adapter.validate_python(value))
            return self._adapter.dump_python(checked, mode="json")
        plain = _plain(value)
        self.load(plain)
        return plain


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > DEPTH_MAX:
        raise Invalid([((), f"nested deeper than {DEPTH_MAX}")])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name), depth + 1) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return value


def _load(declared: Any, value: Any, path: Path, issues: list[tuple[Path, str]]) -> Any:
    if declared is Any or declared is object:
        return value
    origin = get_origin(declared)
    if origin is typing.Annotated or str(origin) in REQUIRED_FORMS:
        return _load(get_args(declared)[0], value, path, issues)
    if origin in (Union, types.UnionType):
        return _load_union(get_args(declared), value, path, issues)
    if origin is Literal:
        if not any(value == option and type(value) is type(option) for option in get_args(declared)):
            issues.append((path, f"expected one of {', '.join(map(repr, get_args(declared)))}"))
        return value
    if declared is None or declared is type(None):
        return _expect(value is None, "null", value, path, issues)
    if origin in (list, Sequence) or declared is list:
        return _load_list(declared, value, path, issues)
    if origin in (dict, Mapping) or declared is dict:
        return _load_dict(declared, value, path, issues)
    return _load_class(declared, value, path, issues)


def _load_class(declared: Any, value: Any, path: Path, issues: list[tuple[Path, str]]) -> Any:
    if declared is bool:
        return _expect(isinstance(value, bool), "boolean", value, path, issues)
    if declared is int:
        whole = isinstance(value, float) and value.is_integer()
        _expect(whole or (isinstance(value, int) and not isinstance(value, bool)), "whole number", value, path, issues)
        return int(value) if whole else value
    if declared is float:
        return _expect(isinstance(value, int | float) and not isinstance(value, bool), "number", value, path, issues)
    if declared is str:
        return _expect(isinstance(value, str), "string", value, path, issues)
    if isinstance(declared, type) and issubclass(declared, enum.Enum):
        try:
            return declared(value)
        except ValueError:
            issues.append((path, f"expected one of {', '.join(repr(member.value) for member in declared)}"))
            return value
    if dataclasses.is_dataclass(declared):
        return _load_dataclass(declared, value, path, issues)
    return _load_typed_dict(declared, value, path, issues)


def _expect(fits: bool, what: str, value: Any, path: Path, issues: list[tuple[Path, str]]) -> Any:
    if not fits:
        issues.append((path, f"expected {what}, received {_kind(value)}"))
    return value


def _load_union(options: Sequence[Any], value: Any, path: Path, issues: list[tuple[Path, str]]) -> Any:
    found: list[list[tuple[Path, str]]] = []
    for option in options:
        own: list[tuple[Path, str]] = []
        loaded = _load(option, value, path, own)
        if not own:
            return loaded
        found.append(own)
    # The option that came furthest says most: `name: expected string` and not `expected null`.
    issues.extend(max(found, key=lambda own: max(len(at) for at, _ in own)))
    return value


def _load_list(declared: Any, value: Any, path: Path, issues: list[tuple[Path, str]]) -> Any:
    if not isinstance(value, list):
        return _expect(False, "array", value, path, issues)
    (item,) = get_args(declared) or (Any,)
    return [_load(item, one, (*path, str(at)), issues) for at, one in enumerate(value)]


def _load_dict(declared: Any, value: Any, path: Path, issues: list[tuple[Path, str]]) -> Any:
    if not isinstance(value, dict):
        return _expect(False, "object", value, path, issues)
    _, item = get_args(declared) or (str, Any)
    return {key: _load(item, one, (*path, str(key)), issues) for key, one in value.items()}


def _load_dataclass(declared: Any, value: Any, path: Path, issues: list[tuple[Path, str]]) -> Any:
    if not isinstance(value, dict):
        return _expect(False, "object", value, path, issues)
    hints = typing.get_type_hints(declared, include_extras=True)
    before = len(issues)
    members: dict[str, Any] = {}
    for field in dataclasses.fields(declared):
        if not field.init:
            continue
        if field.name in value:
            members[field.name] = _load(hints[field.name], value[field.name], (*path, field.name), issues)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            issues.append(((*path, field.name), f"expected {_name(hints[field.name])}, received nothing"))
    if len(issues) > before:
        return value
    try:
        return declared(**members)
    except ValueError as error:  # A check of its own, in __post_init__.
        issues.append((path, str(error)))
        return value


def _load_typed_dict(declared: Any, value: Any, path: Path, issues: list[tuple[Path, str]]) -> Any:
    if not isinstance(value, dict):
        return _expect(False, "object", value, path, issues)
    hints = typing.get_type_hints(declared, include_extras=True)
    loaded: dict[str, Any] = {}
    for name, hint in hints.items():
        if name in value:
            loaded[name] = _load(hint, value[name], (*path, name), issues)
        elif name in declared.__required_keys__:
            issues.append(((*path, name), f"expected {_name(hint)}, received nothing"))
    return loaded


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return names.get(type(value), type(value).__name__)


def _name(declared: Any) -> str:
    names = {str: "string", int: "whole number", float: "number", bool: "boolean", list: "array", dict: "object"}
    return names.get(get_origin(declared) or declared, getattr(declared, "__name__", str(declared)))


def _check_supported(declared: Any, seen: tuple[Any, ...] = ()) -> None:
    """Raises TypeError for a type that cannot be checked, when the task is defined and not when it first runs."""
    if declared in (Any, object, None, type(None), bool, int, float, str, list, dict) or declared in seen:
        return
    origin = get_origin(declared)
    if origin is Literal or (isinstance(declared, type) and issubclass(declared, enum.Enum)):
        return
    if origin is not None:
        for part in get_args(declared):
            if origin is not typing.Annotated or part is get_args(declared)[0]:
                _check_supported(part, seen)
        return
    if dataclasses.is_dataclass(declared) or typing.is_typeddict(declared):
        for hint in typing.get_type_hints(declared).values():
            _check_supported(hint, (*seen, declared))
        return
    raise TypeError(f"{declared!r} cannot be checked: use a dataclass, a TypedDict, dict, or install pydantic and use its models")


def _pydantic_adapter(declared: Any) -> Any:
    """For pydantic's own models and dataclasses alone: everything else is checked the same with and without it."""
    is_model = hasattr(declared, "model_validate") or hasattr(declared, "__pydantic_validator__")
    if not is_model:
        return None
    from pydantic import TypeAdapter

    return TypeAdapter(declared)


def _by_pydantic(check: Callable[[], Any]) -> Any:
    from pydantic import ValidationError

    try:
        return check()
    except ValidationError as error:
        raise Invalid([(tuple(map(str, one["loc"])), one["msg"]) for one in error.errors()]) from None
