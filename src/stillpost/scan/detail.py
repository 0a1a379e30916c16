"""What is read of newcomers, members of waves and what lies hidden between them: marks, vouchers, texts."""

from typing import Final, NamedTuple

from stillpost.mail.auth import aligned
from stillpost.mail.author import author_of
from stillpost.mail.automatic import Kind as Automatic
from stillpost.mail.automatic import automatic, software_mark
from stillpost.mail.body import text_of
from stillpost.mail.border import border_of
from stillpost.mail.domains import is_free_mail
from stillpost.mail.fingerprint import company_names, fingerprint
from stillpost.mail.message import Message, MessageError, read
from stillpost.mail.platform import attribute, list_id_of
from stillpost.mail.roles import Role, is_automatic, role
from stillpost.model import Address, AuthMethod, Tenant
from stillpost.scan.note import Told, results_of

_LISTS = frozenset([Automatic.LIST.value, Automatic.BULK.value, Automatic.POST.value])
SUBJECT_MAX_LENGTH: Final = 300
SAMPLE_MAX_LENGTH: Final = 600
NAME_MAX_LENGTH: Final = 100


class Detail(NamedTuple):
    """One mail that matters.

    ``sender`` as people see it (display name and address); ``automatic`` the kind of automatic mail or empty;
    ``by_program``: it says so, shows marks of a platform or of software that sends for web sites, or comes from an
    address that no single person has;
    ``platform``, ``tenant``, ``organization``, ``ticket``, ``authenticated`` as in ``Tenant``; ``dmarc``: pass, fail or
    empty; ``aligned``: some check vouches for the From; ``keys`` of its text; ``text``: its beginning.
    """

    subject: str
    sender: str
    address: str
    automatic: str
    by_program: bool
    platform: str
    tenant: str
    organization: str
    ticket: str
    authenticated: bool
    vouched_by: str
    dmarc: str
    aligned: bool
    list_id: str
    keys: tuple[str, ...]
    text: str
    source_ip: str
    envelope_sender: str


def detail_of(raw: bytes, *, text: bool = True) -> Detail:
    """Read a mail's detail, without ``keys`` and ``text`` where they are not asked for.

    Raises MessageError for what is no mail; a text that cannot be read is empty.
    """
    message = read(raw)
    headers = message.headers
    border = border_of(headers)
    results = results_of(headers, border)
    author = author_of(headers)
    address = author.address
    found = attribute(headers, address, results, border)
    product = found.tenant.platform if found and found.automatic else ""
    sign = automatic(headers, product=product)
    tenant = found.tenant if found else Tenant(platform="", tenant="")
    vouched = aligned(address.domain, results) if address else None
    name = author.sole.name[:NAME_MAX_LENGTH] if author.sole else ""
    subject = " ".join(headers.text("subject")[:SUBJECT_MAX_LENGTH].split())
    said = _text(message) if text else ""
    names = company_names(name, address.domain if address else "")
    return Detail(
        subject=subject,
        sender=f"{name} <{address}>" if name and address else str(address or headers.text("from")[:NAME_MAX_LENGTH]),
        address=address.mailbox if address else "",
        automatic=sign.kind.value if sign else "",
        by_program=(sign is not None and sign.kind is not Automatic.POST)
        or found is not None
        or _is_no_person(address)
        or software_mark(headers) is not None,
        platform=tenant.platform,
        tenant=tenant.tenant,
        organization=tenant.organization or (address.organization if address else ""),
        ticket=tenant.ticket,
        authenticated=tenant.authenticated or vouched is not None,
        vouched_by=(found.vouched_by if found else "")
        or (f"{vouched.method.value} {vouched.domain}" if vouched else ""),
        dmarc=next((each.result for each in results if each.method is AuthMethod.DMARC), ""),
        aligned=vouched is not None,
        list_id=list_id_of(headers),
        keys=fingerprint(subject, said, names) if text else (),
        text=" ".join(said[: 2 * SAMPLE_MAX_LENGTH].split())[:SAMPLE_MAX_LENGTH],
        source_ip=str(border.hop.ip or "") if border else "",
        envelope_sender=headers.first("return-path").strip("<> ")[:NAME_MAX_LENGTH],
    )


def told(detail: Detail) -> Told:
    """The detail as plain values, for a note."""
    return tuple(detail)


def is_list_mail(detail: Detail) -> bool:
    """True for mail through a mailing list or to many."""
    return bool(detail.list_id) or detail.automatic in _LISTS


def _text(message: Message) -> str:
    try:
        return text_of(message).text
    except MessageError:
        return ""


def _is_no_person(address: Address | None) -> bool:
    """By its name: a robot's, or one that several people share (``support@``); not at a free-mail provider."""
    if address is None or is_free_mail(address.domain):
        return False
    return role(address) is not Role.PERSON or is_automatic(address)
