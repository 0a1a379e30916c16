"""The tables of ``platforms.toml``, compiled once: what mail of ticket platforms and helpdesk software looks like."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, final


@final
@dataclass(frozen=True, slots=True)
class Condition:
    """A field (or ``author``, the domain of From) and what its decoded value must match (``whole``) or contain."""

    field: str
    pattern: re.Pattern[str]
    whole: bool

    def match(self, value: str) -> re.Match[str] | None:
        """The match in a decoded value, or None."""
        return self.pattern.fullmatch(value) if self.whole else self.pattern.search(value)


@final
@dataclass(frozen=True, slots=True)
class Mark:
    """Conditions that together show a product, and where they were seen."""

    conditions: tuple[Condition, ...]
    seen: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One product; the fields are those of ``platforms.toml``, whose comments explain them."""

    name: str
    title: str
    abuse: str
    domains: frozenset[str]
    own_server: bool
    marks: tuple[Mark, ...]
    tenant: tuple[Condition, ...]
    ticket: tuple[Condition, ...]
    automatic: tuple[Condition, ...]
    dkim: frozenset[str]
    spf: frozenset[str]
    peers: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]


@final
@dataclass(frozen=True, slots=True)
class AnyOf:
    """Two expressions, one for whole values and one for parts of them, that match wherever one of many conditions does."""

    whole: re.Pattern[str] | None
    part: re.Pattern[str] | None

    def match(self, value: str) -> bool:
        """Whether one of the conditions matches a decoded value."""
        return (self.whole is not None and self.whole.fullmatch(value) is not None) or (
            self.part is not None and self.part.search(value) is not None
        )


@final
@dataclass(frozen=True, slots=True)
class Catalog:
    """Every platform, in order, and for each field the platforms and marks whose first condition looks at it.

    ``any_of`` tells at once whether any of a field's conditions matches: nearly every mail has a Message-ID, and nearly
    none is a platform's.
    """

    platforms: tuple[Platform, ...]
    by_field: Mapping[str, tuple[tuple[Platform, Mark], ...]]
    any_of: Mapping[str, AnyOf]

    def named(self, name: str) -> Platform | None:
        """The platform of that name, or None."""
        return next((platform for platform in self.platforms if platform.name == name), None)


@cache
def catalog() -> Catalog:
    """The tables inside the package, read at first use."""
    table = tomllib.loads(files("stillpost.mail").joinpath("platforms.toml").read_text(encoding="utf-8"))
    platforms = tuple(_platform(entry) for entry in table["platform"])
    by_field: dict[str, tuple[tuple[Platform, Mark], ...]] = {}
    for platform in platforms:
        for mark in platform.marks:
            field = mark.conditions[0].field
            by_field[field] = (*by_field.get(field, ()), (platform, mark))
    any_of = {field: _any([mark.conditions[0] for _, mark in marks]) for field, marks in by_field.items()}
    return Catalog(platforms, by_field, any_of)


def _any(conditions: Sequence[Condition]) -> AnyOf:
    return AnyOf(_either([each for each in conditions if each.whole]), _either([e for e in conditions if not e.whole]))


def _either(conditions: Sequence[Condition]) -> re.Pattern[str] | None:
    patterns = dict.fromkeys(each.pattern.pattern for each in conditions)
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None


def _platform(entry: Mapping[str, Any]) -> Platform:
    return Platform(
        name=entry["name"],
        title=entry["title"],
        abuse=entry.get("abuse", ""),
        domains=frozenset(entry.get("domains", ())),
        own_server=entry.get("own_server", False),
        marks=tuple(Mark(_conditions(mark.get("all", [mark])), mark["seen"]) for mark in entry["marks"]),
        tenant=_conditions(entry.get("tenant", ())),
        ticket=_conditions(entry.get("ticket", ())),
        automatic=_conditions(entry.get("automatic", ())),
        dkim=frozenset(entry.get("dkim", ())),
        spf=frozenset(entry.get("spf", ())),
        peers=frozenset(entry.get("peers", ())),
        networks=tuple(ip_network(network) for network in entry.get("networks", ())),
    )


def _conditions(entries: Sequence[Mapping[str, str]]) -> tuple[Condition, ...]:
    return tuple(
        Condition(entry["field"], re.compile(entry["is"] if "is" in entry else entry["has"]), "is" in entry)
        for entry in entries
    )
