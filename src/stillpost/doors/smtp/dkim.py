"""DKIM verified by ourselves (dkimpy), where no trusted server did it."""

import logging
from collections.abc import Callable
from typing import Final, final

import dkim
import dns.exception
import dns.resolver

from stillpost.model import AuthMethod, AuthResult

Resolve = Callable[..., bytes | None]
"""Looks up a TXT record: ``resolve(name, timeout=5)``; None where there is none. Raises DnsUnavailable."""

SIGNATURES_MAX: Final = 3
KEY_MIN_BITS: Final = 1024
_SHA1: Final = b"rsa-sha1"  # no signature any more (RFC 8301 section 3.1); the library still takes it
_SILENT = logging.getLogger("stillpost.dkim")  # the library tells its log about a stranger's bytes; nobody reads it
_SILENT.disabled = True


@final
class DnsUnavailable(Exception):  # noqa: N818  # said to the peer as 451: try again later
    """A key could not be looked up just now; whether the signature is good is not known."""


def txt_record(name: bytes, timeout: float = 5) -> bytes | None:
    """The TXT record of ``name``; of several the first, as no sender may have more (RFC 6376 section 3.6.2.2).

    Not the library's own: that takes a name server's failure, and a time-out, for a signature that is no good, and so
    would have us turn an honest mail away for ever. Raises DnsUnavailable.
    """
    try:
        answer = dns.resolver.resolve(
            name.decode("ascii"), "TXT", raise_on_no_answer=False, lifetime=timeout, search=False
        )
    except (dns.exception.Timeout, dns.resolver.NoNameservers, dns.resolver.NoResolverConfiguration) as error:
        raise DnsUnavailable from error
    except (dns.exception.DNSException, UnicodeError):
        return None
    return next((b"".join(record.strings) for record in answer), None)


def verify(raw: bytes, signatures: int, resolve: Resolve) -> tuple[AuthResult, ...]:
    """The good ones of a mail's ``signatures`` (RFC 6376), the first three of them. Blocks on DNS, five seconds a key.

    Raises DnsUnavailable if a key could not be looked up and no signature was good.
    """
    passed: list[AuthResult] = []
    unknown = False
    for index in range(min(signatures, SIGNATURES_MAX)):
        check = dkim.DKIM(raw, logger=_SILENT, minkey=KEY_MIN_BITS, timeout=5)
        try:
            good = check.verify(index, dnsfunc=resolve)
        except DnsUnavailable:
            unknown = True
            continue
        except Exception:  # noqa: BLE001, S112  # the library meets a stranger's bytes; whatever it raises, that is no signature
            continue
        if good and check.domain and check.signature_fields.get(b"a", b"").strip() != _SHA1:
            passed.append(
                AuthResult(
                    method=AuthMethod.DKIM,
                    result="pass",
                    domain=check.domain.decode("ascii", "replace").lower(),
                    selector=(check.selector or b"").decode("ascii", "replace").lower(),
                )
            )
    if unknown and not passed:
        raise DnsUnavailable
    return tuple(passed)
