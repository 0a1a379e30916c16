"""Addresses as people type them into a form: parsed strictly, or refused with one clear sentence.

``email_validator`` is the judge. Plain ASCII addresses, nearly all there are, are recognized by one expression that
accepts only what the judge accepts (a property test compares the two), since the judge takes some twenty times longer.
"""

import re
import unicodedata
from typing import Final, final

from email_validator import EmailNotValidError, validate_email

from stillpost.language import N_
from stillpost.mail.domains import fold, is_free_mail, organization
from stillpost.model import Address

__all__ = ["ADDRESS_MAX_BYTES", "Address", "AddressError", "is_free_mail", "organization", "parse", "read"]

ADDRESS_MAX_BYTES: Final = 254  # RFC 5321 section 4.5.3.1.3, as corrected by RFC 3696 erratum 1690

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+[A-Za-z]{{2,63}})")
_NOT_PLAIN = re.compile(r"--|\.(?:arpa|invalid|local|localhost|onion|test)$")  # left to the judge
_CASELESS = re.compile(  # RFC 2142: these names must be read without regard to case
    "info|marketing|sales|support|abuse|noc|security|postmaster|hostmaster|usenet|news|webmaster|www|uucp|ftp"
)

EMPTY: Final = N_("Please enter an e-mail address.")
CONTROL: Final = N_("An e-mail address is one line of visible characters; please type it again.")
TOO_LONG: Final = N_("This e-mail address is too long: mail carries at most 254 bytes.")
NO_AT: Final = N_("An e-mail address has an @ with something before and after it.")
NAMED: Final = N_("Please enter the address alone: no name, no angle brackets, and one address only.")
QUOTED: Final = N_("Addresses that need quotation marks before the @ are not supported; please use another one.")
HYPHEN: Final = N_("Addresses that begin with a hyphen are refused by most mail servers; please use another one.")
LITERAL: Final = N_("After the @ there must be a domain name, not an IP address.")
LOCAL_PART: Final = N_("The part before the @ has a character or a dot where mail allows none.")
DOMAIN: Final = N_("The part after the @ is not a domain name that mail could reach.")


@final
class AddressError(ValueError):
    """The text is no address we accept; ``str`` of it is one of this module's sentences, with nothing of the text."""


def parse(text: str) -> Address:
    """Read one address out of a form field.

    In: what was typed, blanks around it allowed. Out: the address with its keys; the domain as A-labels (IDNA 2008),
    the local part in NFC and possibly non-ASCII (RFC 6531). Raises ``AddressError`` with one sentence for anything
    else: names around the address, quoted local parts that need the quotes, domain literals, control characters
    (which would be header lines of their own in a mail), domains reserved for other uses, more than 254 bytes.
    """
    text = text.strip(" \t")
    plain = _PLAIN.fullmatch(text) if len(text) <= ADDRESS_MAX_BYTES else None
    if plain:
        local, domain = plain.groups()
        lowered = domain.lower()
        if not _NOT_PLAIN.search(lowered) and local[0] != "-":
            return _address(local, lowered)
    return _judged(text)


def read(text: str) -> Address | None:
    """The address in a header field or an envelope, or None where there is none: mail of strangers raises nothing."""
    try:
        return parse(text)
    except AddressError:
        return None


def _judged(text: str) -> Address:
    if problem := _plain_problem(text):
        raise AddressError(problem)
    try:
        found = validate_email(text, check_deliverability=False, allow_quoted_local=True, allow_display_name=False)
    except EmailNotValidError:
        raise AddressError(_problem(text)) from None
    if found.local_part.startswith('"'):
        raise AddressError(QUOTED)
    if found.local_part.startswith("-"):
        raise AddressError(HYPHEN)  # a sendmail binary would read it as an option
    return _address(found.local_part, found.ascii_domain)


def _address(local: str, domain: str) -> Address:
    lowered = local.lower()
    if not lowered.isascii():
        lowered = unicodedata.normalize("NFC", lowered)
    if _CASELESS.fullmatch(lowered):
        local = lowered
    return Address(
        mailbox=f"{local}@{domain}",
        proof_key=f"{lowered}@{domain}",
        limit_key=fold(lowered, domain),
        domain=domain,
        organization=organization(domain),
    )


def _plain_problem(text: str) -> str:
    """What can be said before asking the judge, whose time grows with the length of the text."""
    if not text:
        return EMPTY
    if len(text) > ADDRESS_MAX_BYTES or len(text.encode(errors="replace")) > ADDRESS_MAX_BYTES:
        return TOO_LONG
    if any(unicodedata.category(character).startswith("C") for character in text):
        return CONTROL
    return ""


def _problem(text: str) -> str:
    """Why the judge refused, in our words; its own quote the text and exist in English only."""
    if text.endswith(">") or ('"' not in text and any(character in text for character in "<>,;")):
        return NAMED
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        return NO_AT
    if local.startswith('"'):
        return QUOTED
    if domain.startswith("["):
        return LITERAL
    try:
        validate_email(f"{local}@example.org", check_deliverability=False)
    except EmailNotValidError:
        return LOCAL_PART
    return DOMAIN
