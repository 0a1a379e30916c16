"""Who: addresses, sources, tenants."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A mailbox address, parsed and normalized; only ``mail.addresses`` makes one.

    ``mailbox`` is what goes into an envelope (domain as A-label); ``proof_key`` grants (the address, lower-cased,
    IDNA); ``limit_key`` limits (plus parts cut, dots cut at listed providers, alias domains folded); ``domain`` is the
    A-label domain and ``organization`` its organizational domain.
    """

    mailbox: str
    proof_key: str
    limit_key: str
    domain: str
    organization: str

    def __str__(self) -> str:
        return self.mailbox


@final
@dataclass(frozen=True, slots=True)
class Source:
    """Where a request came from: the client address and the networks it is counted under, narrow to wide.

    IPv4 is counted by /24; IPv6 by /64, /56 and /48, since one customer is given that much.
    """

    ip: str
    networks: tuple[str, ...]

    @property
    def network(self) -> str:
        """The narrowest network: /24 or /64; empty where the client is not known."""
        return self.networks[0] if self.networks else ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One customer of a helpdesk platform, as a mail names it.

    ``authenticated`` is True only where a DKIM signature or the connecting peer vouches for the platform: a mark that
    nobody vouches for never names a tenant (anybody could frame one). ``ticket`` is the platform's ticket key.
    """

    platform: str
    tenant: str
    organization: str = ""
    ticket: str = ""
    authenticated: bool = False
