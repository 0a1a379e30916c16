"""DKIM verified by ourselves (dkimpy), where no trusted server did it."""

import logging
from collections.abc import Callable
from typing import Final, final

import dkim

from stillpost.model import AuthMethod, AuthResult

Resolve = Callable[..., bytes | None]
"""Looks up a TXT record: ``resolve(name, timeout=5)``; None where there is none."""

SIGNATURES_MAX: Final = 3
KEY_MIN_BITS: Final = 1024
_SILENT = logging.getLogger("stillpost.dkim")  # the library tells its log about a stranger's bytes; nobody reads it
_SILENT.disabled = True


@final
class DnsUnavailable(Exception):  # noqa: N818  # said to the peer as 451: try again later
    """A key could not be looked up just now; whether the signature is good is not known."""


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
        except dkim.DnsTimeoutError:
            unknown = True
            continue
        except Exception:  # noqa: BLE001, S112  # the library meets a stranger's bytes; whatever it raises, that is no signature
            continue
        if good and check.domain:
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
