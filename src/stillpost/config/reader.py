"""A table of TOML becomes a frozen dataclass: unknown keys refused with the nearest name, every value checked.

Field metadata: ``help`` (shown in ``docs/config.md``) and ``key`` where the TOML key is not the field's name.
"""

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from stillpost.model import Rate

T = TypeVar("T")

_DURATION = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SIZE = re.compile(r"(\d{1,9})\s*(kB|KB|MB|GB|TB|B)?")
_SIZES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


class ConfigError(Exception):
    """The configuration cannot be used; the message is one line: which key, what is wrong, what to write."""


def key_of(field: "Field[Any]") -> str:
    """The TOML key of a dataclass field."""
    return str(field.metadata.get("key", field.name))


def read_table(kind: type[T], table: Mapping[str, object], where: str) -> T:
    """An instance of the dataclass ``kind`` from ``table``; ``where`` is the table's name, for messages.

    Raises ConfigError.
    """
    hints = get_type_hints(kind)
    known = {key_of(field): field for field in fields(kind)}  # type: ignore[arg-type]  # T is a dataclass by contract
    for key in table:
        if key not in known:
            raise ConfigError(unknown_key(where, key, known))
    for key, field in known.items():
        if key not in table and field.default is MISSING and field.default_factory is MISSING:
            message = f"{_path(where, key)} is needed: {field.metadata.get('help', '')}"
            raise ConfigError(message)
    values = {
        field.name: read_value(hints[field.name], table[key], _path(where, key), field.name)
        for key, field in known.items()
        if key in table
    }
    made = kind(**values)
    for problem in problems(made):
        message = f"{where or 'configuration'}: {problem}"
        raise ConfigError(message)
    return made


def unknown_key(where: str, key: str, known: Mapping[str, object]) -> str:
    """The sentence for a key nobody knows."""
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f'did you mean "{near[0]}"?' if near else f"known keys: {', '.join(sorted(known))}"
    return f"{_path(where, key)}: unknown key; {hint}"


def problems(made: object) -> Iterator[str]:
    """What an options class says is wrong with itself."""
    check = getattr(made, "problems", None)
    if check is not None and not check.__code__.co_argcount > 1:
        yield from check()


def read_value(hint: Any, value: object, where: str, name: str = "") -> object:
    """``value`` as ``hint`` wants it. Raises ConfigError."""
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        inner = [part for part in get_args(hint) if part is not type(None)]
        return read_value(inner[0], value, where, name)
    if origin is tuple:
        return tuple(read_value(get_args(hint)[0], item, where, name) for item in _listed(value, where))
    if isinstance(hint, type):
        if is_dataclass(hint) and hint is not Rate:
            return read_table(hint, _table(value, where), where)
        if issubclass(hint, StrEnum):
            return _choice(hint, value, where)
        if hint in _READERS:
            return _READERS[hint](value, where, name)
    message = f"{where}: Stillpost cannot read a {hint} from a file (a mistake of ours)"
    raise ConfigError(message)


def _path(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _table(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        message = f"{where}: must be a table"
        raise ConfigError(message)
    return value


def _listed(value: object, where: str) -> list[object]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        message = f'{where}: must be a list, such as ["a", "b"]'
        raise ConfigError(message)
    return value


def _choice(kind: type[StrEnum], value: object, where: str) -> StrEnum:
    try:
        return kind(str(value))
    except ValueError:
        words = [member.value for member in kind]
        near = get_close_matches(str(value), words, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"one of {', '.join(words)}"
        message = f"{where}: {value!r} is not known; {hint}"
        raise ConfigError(message) from None


def _text(value: object, where: str, _name: str) -> str:
    if not isinstance(value, str):
        message = f"{where}: must be text in quotes"
        raise ConfigError(message)
    return value


def _truth(value: object, where: str, _name: str) -> bool:
    if not isinstance(value, bool):
        message = f"{where}: must be true or false"
        raise ConfigError(message)
    return value


def _number(value: object, where: str, name: str) -> int:
    if isinstance(value, str) and "bytes" in name and (match := _SIZE.fullmatch(value.strip())):
        return int(match[1]) * _SIZES[match[2] or "B"]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        example = ', or a size such as "5MB"' if "bytes" in name else ""
        message = f"{where}: must be a whole number, 0 or more{example}"
        raise ConfigError(message)
    return value


def _fraction(value: object, where: str, _name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"{where}: must be a number"
        raise ConfigError(message)
    return float(value)


def _duration(value: object, where: str, _name: str) -> timedelta:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        message = f'{where}: must be a time such as "30s", "15m", "2h", "7d"'
        raise ConfigError(message)
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _rate(value: object, where: str, name: str) -> Rate:
    limit, _, window = value.partition("/") if isinstance(value, str) else ("", "", "")
    try:
        if limit.strip().isdigit():
            return Rate(int(limit), _duration(window, where, name))
    except ConfigError:
        pass
    message = f'{where}: must be a rate such as "200/1h"'
    raise ConfigError(message)


_READERS = {
    str: _text,
    bool: _truth,
    int: _number,
    float: _fraction,
    timedelta: _duration,
    Rate: _rate,
}
