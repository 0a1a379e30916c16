"""Form fields: an address, or AddressError."""

from stillpost.mail.addresses import AddressError, parse
from stillpost.mail.roles import is_automatic, role

SEEDS = (
    b"anna+shop@example.org",
    '"a b"@bücher.example'.encode(),
    b"Anna <anna@[192.0.2.1]>",
    b"a@xn--bcher-kva.example",
)


def check(data: bytes) -> None:
    """Parse ``data`` as typed text."""
    try:
        address = parse(data.decode("utf-8", "surrogateescape"))
    except AddressError:
        return
    role(address)
    is_automatic(address)
    assert parse(address.mailbox) == address
