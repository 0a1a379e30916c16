"""Mail that is really signed: keys made on the spot, and a resolver that knows them."""

import base64
import random
from collections.abc import Mapping

import dkim

from stillpost.doors.smtp.dkim import DnsUnavailable


class Key:
    """An RSA key of a domain, made from a seed; ``record`` is what stands in DNS."""

    def __init__(self, seed: int, bits: int = 1024) -> None:
        chance = random.Random(seed)
        exponent = 65537
        while True:
            p, q = _prime(chance, bits // 2), _prime(chance, bits // 2)
            if p != q and (p * q).bit_length() == bits and (p - 1) % exponent and (q - 1) % exponent:
                break
        d = pow(exponent, -1, (p - 1) * (q - 1))
        private = _sequence(0, p * q, exponent, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
        body = base64.encodebytes(private)
        self.pem = b"-----BEGIN RSA PRIVATE KEY-----\n" + body + b"-----END RSA PRIVATE KEY-----\n"
        self.record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(_sequence(p * q, exponent))

    def sign(
        self,
        mail: bytes,
        domain: str,
        selector: str = "s1",
        fields: tuple[str, ...] = ("From", "To", "Subject", "Date"),
    ) -> bytes:
        """The mail with this key's signature on top."""
        names = [name.encode() for name in fields]
        signature = dkim.sign(mail, selector.encode(), domain.encode(), self.pem, include_headers=names)
        return bytes(signature) + mail


class Zone:
    """A resolver over these TXT records; ``down`` names are not answered just now. It remembers what it was asked."""

    def __init__(self, records: Mapping[str, bytes], down: tuple[str, ...] = ()) -> None:
        self.records, self.down = records, down
        self.asked: list[str] = []

    def __call__(self, name: bytes, timeout: int = 5) -> bytes | None:
        asked = name.decode().rstrip(".")
        self.asked.append(asked)
        if asked in self.down:
            raise DnsUnavailable
        return self.records.get(asked)


def _prime(chance: random.Random, bits: int) -> int:
    while True:
        candidate = chance.getrandbits(bits) | (3 << (bits - 2)) | 1
        if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7, 11, 13)):
            return candidate


def _sequence(*numbers: int) -> bytes:
    content = b"".join(_der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in numbers)
    return _der(0x30, content)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + content
