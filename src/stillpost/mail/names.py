"""The tables of ``names.toml``, read once: what mailboxes and domains are called."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """``robots`` and ``shared`` are local parts; the rest are domains or labels, lower case, A-labels.

    ``aliases`` leads from an alias domain to the domain that stands for all of them; ``unseen`` gives the characters
    that a provider does not see in a local part.
    """

    robots: frozenset[str]
    shared: frozenset[str]
    list_domains: frozenset[str]
    list_labels: frozenset[str]
    tenants: frozenset[str]
    aliases: Mapping[str, str]
    unseen: Mapping[str, str]


@cache
def names() -> Names:
    """The tables inside the package, read at first use."""
    table = tomllib.loads(files("stillpost.mail").joinpath("names.toml").read_text(encoding="utf-8"))
    roles, domains = table["roles"], table["domains"]
    return Names(
        robots=frozenset(roles["robots"].split()),
        shared=frozenset(roles["shared"].split()),
        list_domains=frozenset(roles["list_domains"].split()),
        list_labels=frozenset(roles["list_labels"].split()),
        tenants=frozenset(domains["tenants"].split()),
        aliases={alias: target for target, aliases in domains["aliases"].items() for alias in aliases.split()},
        unseen=domains["unseen"],
    )
