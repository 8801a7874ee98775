"""Frozen dataclasses from plain JSON or TOML data, and back, with errors that name the key."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from raddiag_engine.errors import ConfigError

T = TypeVar("T")


def from_mapping(cls: type[T], data: Mapping[str, Any], where: str = "") -> T:
    """Build the frozen dataclass `cls` from nested plain data.

    Args:
        cls: A dataclass whose fields are scalars, Literals, enums, tuples, dicts, optionals or such dataclasses.
        data: As `json.loads` or `tomllib` gives it; missing keys take the dataclass's defaults.
        where: Dotted name of the place, for messages.

    Raises:
        ConfigError: An unknown key (with the nearest known one), a missing key or a value of another type.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{where or cls.__name__}: expected a table, found {data!r}")
    hints = _type_hints(typing.cast(Any, cls))
    known = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            raise ConfigError(f"unknown key {_dotted(where, key)!r}{hint}")
    values = {key: _convert(hints[key], value, _dotted(where, key)) for key, value in data.items()}
    for name, f in known.items():
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise ConfigError(f"missing key {_dotted(where, name)!r}")
    try:
        return cls(**values)
    except ValueError as error:
        raise ConfigError(f"{where or cls.__name__}: {error}") from error


def require_counts(config: Any) -> None:
    """Check the integers of a dataclass, those in tuples included: each is at least 1, and no tuple is short or long.

    Raises:
        ValueError: One is not, named.
    """
    for f in dataclasses.fields(config):
        value = getattr(config, f.name)
        numbers = value if isinstance(value, tuple) else (value,)
        if isinstance(f.default, tuple) and len(numbers) != len(f.default):
            raise ValueError(f"{f.name} must hold {len(f.default)} numbers, not {len(numbers)}")
        if any(isinstance(number, int) and not isinstance(number, bool) and number < 1 for number in numbers):
            raise ValueError(f"{f.name} is {value}, but must be at least 1")


def to_mapping(value: Any) -> Any:
    """Plain data for JSON or TOML: dataclasses become dicts, tuples lists, enums their values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_mapping(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_mapping(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_mapping(item) for item in value]
    return getattr(value, "value", value)


def with_overrides(data: dict[str, Any], assignments: list[str]) -> dict[str, Any]:
    """Plain data with command line assignments such as `network.encoder=vit` laid over it.

    Raises:
        ConfigError: An assignment without "=", or of a key inside a plain value.
    """
    import tomllib

    merged = to_mapping(data)
    for assignment in assignments:
        key, sign, text = assignment.partition("=")
        if not sign:
            raise ConfigError(f"--set takes KEY=VALUE, not {assignment!r}")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        *parents, last = key.strip().split(".")
        table = merged
        for depth, parent in enumerate(parents, start=1):
            table = table.setdefault(parent, {})
            if not isinstance(table, dict):
                place = ".".join(parents[:depth])
                raise ConfigError(f"--set {assignment}: {place!r} is {table!r} and no table, so nothing is set in it")
        table[last] = value
    return typing.cast(dict[str, Any], merged)


@functools.cache
def _type_hints(cls: type) -> dict[str, Any]:
    """Of a dataclass; reading them takes longer than reading a disorder, of which a card has thousands."""
    return typing.get_type_hints(cls)


def _dotted(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, where)
    if origin is typing.Literal:
        if value not in arguments:
            raise ConfigError(f"{where}: {value!r} is not one of {', '.join(map(repr, arguments))}")
        return value
    if dataclasses.is_dataclass(hint):
        return from_mapping(typing.cast(type, hint), value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{where}: expected a list, found {value!r}")
        variadic = len(arguments) == 2 and arguments[1] is Ellipsis
        if not variadic and len(value) != len(arguments):
            raise ConfigError(f"{where}: expected {len(arguments)} values, found {len(value)}")
        hints = [arguments[0]] * len(value) if variadic else arguments
        return tuple(_convert(h, item, f"{where}[{i}]") for i, (h, item) in enumerate(zip(hints, value, strict=True)))
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where}: expected a table, found {value!r}")
        return {key: _convert(arguments[1], item, _dotted(where, key)) for key, item in value.items()}
    return _scalar(hint, value, where)


def _scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is Any or (isinstance(value, hint) and not (hint is int and isinstance(value, bool))):
        return value
    try:
        if issubclass(hint, str):  # an enum of strings
            return hint(value)
    except (TypeError, ValueError):
        pass
    raise ConfigError(f"{where}: expected {hint.__name__}, found {value!r}")
