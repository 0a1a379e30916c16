"""Signatures verified by ourselves: what is good, what is not, what cannot be known just now."""

import asyncio
from typing import Any

import dkim
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from stillpost.doors.smtp.dkim import SIGNATURES_MAX, DnsUnavailable, txt_record, verify
from stillpost.model import AuthMethod
from tests.doors.smtp.signing import Key, Zone

KEY, OTHER = Key(1), Key(2)
MAIL = b"From: ann@example.com\r\nTo: prove@x.example\r\nSubject: code\r\nDate: Mon, 19 Jan 2026 08:00:00 +0000\r\n\r\nHi\r\n"
ZONE = {"s1._domainkey.example.com": KEY.record, "s1._domainkey.other.example": OTHER.record}


def domains(raw: bytes, zone: Zone) -> list[str]:
    return [result.domain for result in verify(raw, raw.lower().count(b"dkim-signature:"), zone)]


def test_a_good_signature_vouches_for_its_domain() -> None:
    (result,) = verify(KEY.sign(MAIL, "example.com"), 1, Zone(ZONE))
    assert (result.method, result.result, result.domain, result.selector) == (
        AuthMethod.DKIM,
        "pass",
        "example.com",
        "s1",
    )


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(MAIL, id="no signature"),
        pytest.param(KEY.sign(MAIL, "example.com").replace(b"Subject: code", b"Subject: edoc"), id="a changed field"),
        pytest.param(KEY.sign(MAIL, "example.com").replace(b"Hi", b"Ho"), id="a changed body"),
        pytest.param(b"From: eve@example.org\r\n" + KEY.sign(MAIL, "example.com"), id="a From put on top"),
        pytest.param(OTHER.sign(MAIL, "example.com"), id="another key"),
        pytest.param(KEY.sign(MAIL, "gone.example"), id="no key in DNS"),
        pytest.param(b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from; bh=; b=\r\n" + MAIL, id="empty"),
        pytest.param(b"DKIM-Signature: \xff\x00;;;=\r\n" + MAIL, id="bytes"),
        pytest.param(b"DKIM-Signature: " + b"a=" * 30_000 + b"\r\n" + MAIL, id="endless"),
    ],
)
def test_what_is_no_good_signature_vouches_for_nobody(raw: bytes) -> None:
    assert domains(raw, Zone(ZONE)) == []


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"v=DKIM1; p=",
        b"v=DKIM1; p=!!!!",
        b"v=DKIM2; " + KEY.record[9:],
        b"\xff\xfe\x00",
        b"p=" + b"A" * 100_000,
        Key(3, bits=768).record,
    ],
    ids=["empty", "revoked", "no key", "another version", "bytes", "endless", "too short"],
)
def test_what_is_no_key_vouches_for_nobody(record: bytes) -> None:
    signed = KEY.sign(MAIL, "example.com")
    assert domains(signed, Zone({"s1._domainkey.example.com": record})) == []


def test_a_key_under_1024_bits_does_not_count_even_if_it_fits() -> None:
    short = Key(3, bits=768)
    assert domains(short.sign(MAIL, "example.com"), Zone({"s1._domainkey.example.com": short.record})) == []


def test_a_good_signature_counts_beside_bad_ones() -> None:
    raw = OTHER.sign(KEY.sign(MAIL, "example.com"), "gone.example")
    assert domains(raw, Zone(ZONE)) == ["example.com"]


def test_a_key_that_cannot_be_looked_up_is_no_refusal() -> None:
    zone = Zone(ZONE, down=("s1._domainkey.example.com",))
    with pytest.raises(DnsUnavailable):
        verify(KEY.sign(MAIL, "example.com"), 1, zone)
    both = OTHER.sign(KEY.sign(MAIL, "example.com"), "other.example")
    assert domains(both, zone) == ["other.example"]


def test_a_mail_of_many_signatures_costs_few_look_ups() -> None:
    raw = MAIL
    for number in range(8):
        raw = KEY.sign(raw, f"d{number}.example")
    zone = Zone({})
    assert domains(raw, zone) == []
    assert len(zone.asked) <= SIGNATURES_MAX


def test_sha_1_signs_nothing_any_more() -> None:
    raw = KEY.sign(MAIL, "example.com")
    weak = _sha1_signed()
    assert b"a=rsa-sha1" in weak
    assert domains(raw, Zone(ZONE)) == ["example.com"]
    assert domains(weak, Zone(ZONE)) == []


def _sha1_signed() -> bytes:
    fields = [b"From", b"To", b"Subject", b"Date"]
    signer = dkim.DKIM(MAIL, signature_algorithm=b"rsa-sha1")
    return bytes(signer.sign(b"s1", b"example.com", KEY.pem, include_headers=fields)) + MAIL


class NameServer(asyncio.DatagramProtocol):
    """A name server on loopback that knows one record, fails for ``broken.*``, and says nothing of ``silent.*``."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text()
        if name.startswith("silent."):
            return
        answer = dns.message.make_response(query)
        if name.startswith("broken."):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name.startswith("empty."):
            pass
        elif name.startswith("two."):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", '"v=DKIM1; " "p=abc"', '"other"'))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)


@pytest.mark.anyio
@pytest.mark.enable_socket
async def test_a_name_server_that_fails_is_told_from_one_that_knows_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], transport.get_extra_info("sockname")[1]
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    try:
        assert await asyncio.to_thread(txt_record, b"gone.example.") is None
        assert await asyncio.to_thread(txt_record, b"empty.example.") is None
        assert await asyncio.to_thread(txt_record, b"two.example.") in {b"v=DKIM1; p=abc", b"other"}
        assert await asyncio.to_thread(txt_record, b"\xff..example.") is None
        for name in (b"broken.example.", b"silent.example."):
            with pytest.raises(DnsUnavailable):
                await asyncio.to_thread(txt_record, name, 0.2)
    finally:
        transport.close()
