"""The frozen dataclasses of ``model`` as JSON objects and back, by their annotations.

Written by annotation and not by hand, because a field that is added to the model must not be missing in the ledger.
Known are exactly the shapes the model uses: text, numbers, truth, times (RFC 3339), durations (seconds), enums, tuples
of one type, mappings from text, dataclasses, and each of these or nothing. Fields that equal their default are left
out.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Final, NoReturn, TypeAlias, TypeVar, Union, final, get_args, get_origin, get_type_hints

LONGEST: Final = 100_000  # characters of a text, items of a list: far above what any door lets in

_T = TypeVar("_T")
_Write: TypeAlias = Callable[[Any], object]
_Read: TypeAlias = Callable[[object, str], Any]
_Field: TypeAlias = tuple[str, bool, object, _Write | None]


@final
class RecordError(ValueError):
    """The value is not the record of anything; says where and why, without repeating the value."""


def refuse(where: str, why: str) -> NoReturn:
    """Raise RecordError."""
    message = f"{where} {why}"
    raise RecordError(message)


def write_plain(thing: object, instead: Mapping[str, object]) -> dict[str, object]:
    """A dataclass as a JSON object; ``instead`` gives what to write for some of its fields."""
    cls: Any = type(thing)
    values, plan = _fields_to_write(cls, tuple(instead))
    written: dict[str, object] = {}
    for value, (name, needed, default, write) in zip(values(thing), plan, strict=True):
        if needed or value != default:
            written[name] = value if write is None else write(value)
    written.update(instead)
    return written


def read_as(cls: type[_T], value: object, where: str) -> _T:
    """The dataclass that was written. Raises RecordError."""
    if not isinstance(value, dict):
        refuse(where, "is not an object")
    shape: Any = cls
    readers, needed = _fields_to_read(shape)
    for name in value:
        if name not in readers:
            refuse(where, "has a key that is none of " + ", ".join(sorted(readers)))
    for name in needed:
        if name not in value:
            refuse(f"{where}.{name}", "is missing")
    return cls(**{name: readers[name](item, f"{where}.{name}") for name, item in value.items()})


@lru_cache(64)
def _fields_to_write(
    cls: Any, but: tuple[str, ...]
) -> tuple[Callable[[object], tuple[object, ...]], tuple[_Field, ...]]:
    """What gets the values of a class's fields but some, and for each its name, its default and how to write it."""
    hints = get_type_hints(cls)
    plan = []
    for field in fields(cls):
        if field.name not in but:
            default = _default(field)
            plan.append((field.name, default is MISSING, default, _writer(hints[field.name])))
    names = [name for name, *_ in plan]
    one = attrgetter(names[0])
    return (attrgetter(*names) if len(names) > 1 else lambda thing: (one(thing),)), tuple(plan)


@lru_cache(64)
def _fields_to_read(cls: Any) -> tuple[dict[str, _Read], tuple[str, ...]]:
    hints = get_type_hints(cls)
    readers = {field.name: _reader(hints[field.name]) for field in fields(cls)}
    return readers, tuple(field.name for field in fields(cls) if _default(field) is MISSING)


def _default(field: Any) -> object:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _writer(hint: Any) -> _Write | None:
    """How to write a value of this type; None: as it is."""
    if inner := _optional(hint):
        write_inner = _writer(inner)
        return write_inner and (lambda value: None if value is None else write_inner(value))
    if hint is datetime:
        return datetime.isoformat
    if hint is timedelta:
        return timedelta.total_seconds
    if get_origin(hint) is tuple:
        write = _writer(get_args(hint)[0])
        return list if write is None else lambda value: [write(item) for item in value]
    if get_origin(hint) is not None and issubclass(get_origin(hint), Mapping):
        return dict
    if is_dataclass(hint):
        return lambda value: write_plain(value, {})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return str.__str__
    return None


def _reader(hint: Any) -> _Read:
    """How to read a value of this type."""
    if inner := _optional(hint):
        read_inner = _reader(inner)
        return lambda value, where: None if value is None else read_inner(value, where)
    if hint in _READERS:
        return _READERS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        read_item = _reader(arguments[0])
        return lambda value, where: tuple(read_item(item, where) for item in _list(value, where))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        read_value = _reader(arguments[1])
        return lambda value, where: {
            _text(key, where): read_value(item, where) for key, item in _mapping(value, where).items()
        }
    if origin in (Union, UnionType):
        return _plain
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value, where: read_as(hint, value, where)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return lambda value, where: _member(hint, value, where)
    message = f"{hint} is a shape that records do not know"
    raise TypeError(message)


def _optional(hint: Any) -> Any:
    """What it is if it is something; None if it is never nothing."""
    if get_origin(hint) not in (Union, UnionType) or NoneType not in get_args(hint):
        return None
    (inner,) = (argument for argument in get_args(hint) if argument is not NoneType)
    return inner


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        refuse(where, "is not a text")
    if len(value) > LONGEST:
        refuse(where, f"is longer than {LONGEST} characters")
    return value


def _truth(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        refuse(where, "is neither true nor false")
    return value


def _whole(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        refuse(where, "is not a whole number")
    return value


def _number(value: object, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        refuse(where, "is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        refuse(where, "is not a number")
    return number


def _plain(value: object, where: str) -> str | int | float:
    """A piece of evidence."""
    if isinstance(value, str):
        return _text(value, where)
    return _whole(value, where) if isinstance(value, int) else _number(value, where)


def _time(value: object, where: str) -> datetime:
    try:
        time = datetime.fromisoformat(_text(value, where))
        return time.astimezone(UTC) if time.tzinfo else refuse(where, "is a time without a zone")
    except (ValueError, OverflowError) as error:
        if isinstance(error, RecordError):
            raise
        refuse(where, "is not a time like 2026-01-31T12:00:00+00:00")


def _duration(value: object, where: str) -> timedelta:
    try:
        return timedelta(seconds=_number(value, where))
    except OverflowError:
        refuse(where, "is longer than any time")


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        refuse(where, "is not a list")
    if len(value) > LONGEST:
        refuse(where, f"has more than {LONGEST} items")
    return value


def _mapping(value: object, where: str) -> dict[object, object]:
    if not isinstance(value, dict):
        refuse(where, "is not an object")
    if len(value) > LONGEST:
        refuse(where, f"has more than {LONGEST} items")
    return value


def _member(cls: type[StrEnum], value: object, where: str) -> StrEnum:
    try:
        return cls(_text(value, where))
    except ValueError as error:
        if isinstance(error, RecordError):
            raise
        refuse(where, "is none of " + ", ".join(cls))


_READERS: Final[dict[object, _Read]] = {
    str: _text,
    bool: _truth,
    int: _whole,
    float: _number,
    datetime: _time,
    timedelta: _duration,
}
