"""Texts: keys, never an error."""

from stillpost.mail.fingerprint import PARAGRAPHS_MAX, company_names, fingerprint

SEEDS = (
    b"Re: [Acme] Ticket #12\nHello Anna,\n\nYour request 12345 of 3 May 2026 was received by Acme, see https://acme.example/1\n",
    "您的请求（#12345）已收到，我们的支持团队正在处理。".encode(),
)


def check(data: bytes) -> None:
    """Take the keys of ``data`` as subject, text and name."""
    subject, _, text = data.decode("utf-8", "replace").partition("\n")
    keys = fingerprint(subject, text, company_names(subject[:40], text[:40]))
    assert len(keys) <= PARAGRAPHS_MAX + 1
