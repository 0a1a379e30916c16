"""The configuration as lines of ``key = value``, whole or only what an operator changed."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any

from stillpost.config import Config
from stillpost.config.reader import key_of
from stillpost.model import Rate


def shown(config: Config, *, changed_only: bool) -> Iterator[tuple[str, object]]:
    """Every key with its value as it would be written in TOML; secrets are files, so none is shown."""
    for section in ("serve", "relay", "inbound", "limits"):
        yield from _options(section, getattr(config, section), changed_only=changed_only)
    for name, portal in config.portals.items():
        where = f"portals.{name}"
        yield from _options(where, portal.options, changed_only=changed_only)
        yield f"{where}.helpdesk.product", portal.helpdesk.product.name
        yield from _options(f"{where}.helpdesk", portal.helpdesk.options, changed_only=changed_only)
        if portal.audit is not None:
            yield from _options(f"{where}.audit", portal.audit.options, changed_only=changed_only)
    for name, options in config.milters.items():
        yield from _options(f"milters.{name}", options, changed_only=changed_only)


def written(value: object) -> Any:
    """A value as TOML has it: times as ``7d``, rates as ``200/1h``."""
    if isinstance(value, timedelta):
        return str(Rate(1, value))[2:]
    if isinstance(value, Rate):
        return str(value)
    if isinstance(value, tuple):
        return [written(item) for item in value]
    return value


def _options(where: str, options: Any, *, changed_only: bool) -> Iterator[tuple[str, object]]:
    default = type(options)() if _has_defaults(options) else None
    for field in fields(options):
        value = getattr(options, field.name)
        key = f"{where}.{key_of(field)}"
        if is_dataclass(value) and not isinstance(value, Rate):
            yield from _options(key, value, changed_only=changed_only)
        elif not changed_only or default is None or value != getattr(default, field.name):
            yield key, written(value)


def _has_defaults(options: Any) -> bool:
    try:
        type(options)()
    except TypeError:
        return False
    return True
