"""Which ticket platform or helpdesk software sent a mail, for which of its customers, and who stands behind that claim.

A mark alone is a claim: anybody can write ``X-Zendesk-From-Account-Id`` into a mail and frame a company. So a tenant
has a name only where the platform itself vouches (its DKIM or SPF domain passed, or the peer at the border is its
server), or, for software everybody runs himself, where the tenant's own domain did. Otherwise the platform is named as
a claim, ``authenticated`` is False and the tenant is empty.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

from stillpost.mail.auth import aligned, signatures
from stillpost.mail.border import Border
from stillpost.mail.catalog import Catalog, Condition, Platform, catalog
from stillpost.mail.message import Headers
from stillpost.model import Address, AuthMethod, AuthResult, Tenant

VALUE_MAX_LENGTH: Final = 2_000  # of a field a pattern looks at
VALUES_MAX: Final = 4  # of one field


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """What a mail shows of where it comes from.

    ``tenant`` says product, customer and ticket; ``vouched_by`` who stands behind it (``dkim zendesk.com zendesk1``,
    ``peer 192.0.2.1``, ``dmarc acme.example``), empty where nobody does; ``automatic``: by the product's own marks this
    mail was written by no person, whatever its other fields say.
    """

    tenant: Tenant
    vouched_by: str
    automatic: bool


def attribute(
    headers: Headers,
    author: Address | None,
    results: Iterable[AuthResult] = (),
    border: Border | None = None,
) -> Attribution | None:
    """The platform of a mail, or None where no mark is known.

    In: the header; its sole author (``author.Author.address``); what our own side found out (``auth.results_from``);
    the border. Where the marks of several platforms match, one that is vouched for comes first.
    """
    results = tuple(results)
    table = catalog()
    found = [_attribution(platform, headers, author, results, border) for platform in _marked(table, headers, author)]
    return max(found, key=lambda each: each.tenant.authenticated) if found else None


def identity(headers: Headers, author: Address | None, attribution: Attribution | None) -> str:
    """Who is counted: the vouched tenant, else the list, else the organization of From; never a platform as a whole.

    Out: ``zendesk:0a1b2c3``, ``list:talk.example.org``, ``example.org``; empty where the mail names nobody. A tenant
    that is an organization is that organization, whatever software it uses. All but a vouched tenant is the mail's own
    claim.
    """
    if attribution and attribution.tenant.authenticated:
        tenant = attribution.tenant
        return tenant.tenant if tenant.tenant == tenant.organization else f"{tenant.platform}:{tenant.tenant}"
    if list_id := list_id_of(headers):
        return f"list:{list_id}"
    if author is None:
        return ""
    shared = catalog().named(attribution.tenant.platform) if attribution else None
    return author.limit_key if shared and author.organization in shared.domains else author.organization


def list_id_of(headers: Headers) -> str:
    """The list's identifier (RFC 2919), lower case, without its description; empty where there is none."""
    value = headers.first("list-id")[:VALUE_MAX_LENGTH]
    return (value.rpartition("<")[2].partition(">")[0] if "<" in value else value).strip().lower()[:255]


def _marked(table: Catalog, headers: Headers, author: Address | None) -> Iterator[Platform]:
    """The platforms that have a mark in this mail, each once."""
    seen: set[str] = set()
    for field in [*(table.by_field.keys() & headers.by_name.keys()), "author"]:
        likely = table.any_of[field]
        for value in _values(field, headers, author):
            if likely.match(value):
                break
        else:
            continue
        for platform, mark in table.by_field[field]:
            if platform.name not in seen and all(_value(each, headers, author) for each in mark.conditions):
                seen.add(platform.name)
                yield platform


def _attribution(
    platform: Platform,
    headers: Headers,
    author: Address | None,
    results: tuple[AuthResult, ...],
    border: Border | None,
) -> Attribution:
    passed = aligned(author.domain, results) if author else None
    owner = author.organization if author and passed else ""
    key = _key(platform.tenant, headers, author)
    vouched_by = _platform_voucher(platform, headers, results, border)
    tenant = key or (owner if owner not in platform.domains else "") if vouched_by else ""
    if not tenant and platform.own_server and passed and owner not in platform.domains:
        tenant, vouched_by = owner, f"{passed.method.value} {passed.domain}"
    return Attribution(
        tenant=Tenant(
            platform=platform.name,
            tenant=tenant,
            organization=owner,
            ticket=_key(platform.ticket, headers, author),
            authenticated=bool(tenant),
        ),
        vouched_by=vouched_by if tenant else "",
        automatic=bool(_key(platform.automatic, headers, author)),
    )


def _platform_voucher(
    platform: Platform, headers: Headers, results: tuple[AuthResult, ...], border: Border | None
) -> str:
    """By what the platform itself stands behind the mail; empty where it does not."""
    for result in results:
        if result.result != "pass":
            continue
        if result.method is AuthMethod.DKIM and _is_below(result.domain, platform.dkim):
            return f"dkim {result.domain} {result.selector or _claimed_selector(headers, result.domain)}".rstrip()
        if result.method is AuthMethod.SPF and _is_below(result.domain, platform.spf):
            return f"spf {result.domain}"
    if border is None:
        return ""
    hop = border.hop
    if hop.name and _is_below(hop.name, platform.peers):
        return f"peer {hop.name}"
    if hop.ip is not None and any(hop.ip in network for network in platform.networks):
        return f"peer {hop.ip}"
    return ""


def _claimed_selector(headers: Headers, domain: str) -> str:
    """The selector of the domain's only signature; Microsoft's results do not say which passed."""
    selectors = {selector for claimed, selector in signatures(headers) if claimed == domain}
    return selectors.pop() if len(selectors) == 1 else ""


def _is_below(domain: str, owners: frozenset[str]) -> bool:
    return any(domain == owner or domain.endswith(f".{owner}") for owner in owners)


def _key(conditions: tuple[Condition, ...], headers: Headers, author: Address | None) -> str:
    """The first key the conditions find, or the matched text where they have no group."""
    return next((key for condition in conditions if (key := _value(condition, headers, author))), "")


def _value(condition: Condition, headers: Headers, author: Address | None) -> str:
    """What a condition finds in the mail: its first group, or the match; empty where there is none."""
    for value in _values(condition.field, headers, author):
        found = condition.match(value)
        if found:
            return found[found.re.groups and 1]
    return ""


def _values(field: str, headers: Headers, author: Address | None) -> list[str]:
    """The decoded values a condition looks at."""
    if field == "author":
        return [author.domain] if author else []
    return [value[:VALUE_MAX_LENGTH] for value in headers.texts(field, VALUES_MAX)]
