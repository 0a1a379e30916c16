"""What strangers send to helpdesks: each shape of request that was measured to make one mail, with made-up words.

Every shape is a mail in somebody else's name; its sender, subject and text are also typed into forms and API calls.
"""

from dataclasses import dataclass

BAIT = "claim-your-voucher"
"""In every word the stranger chooses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One forged request. ``others`` are further addresses that must hear nothing."""

    name: str
    victim: str
    header: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        return f"{BAIT} {self.victim.partition('@')[0]}"

    @property
    def text(self) -> str:
        return f"Call now, {BAIT}: https://voucher.example/{BAIT}"

    @property
    def everybody(self) -> tuple[str, ...]:
        return (self.victim, *self.others, *self.copies)

    def mail(self, to: str, number: int = 0, *above: str) -> bytes:
        """The mail; ``above`` are fields the operator's own mail server puts on top."""
        lines = [
            *above,
            f"From: {BAIT} <{self.victim}>",
            f"To: {to}",
            *([f"Cc: {', '.join(self.copies)}"] if self.copies else []),
            f"Subject: {self.subject} {number}",
            "Date: Mon, 23 Nov 2026 10:00:00 +0000",
            f"Message-ID: <{number}.{self.victim.partition('@')[0]}@sender.example>",
            *self.header,
            "MIME-Version: 1.0",
            'Content-Type: text/plain; charset="utf-8"',
            "",
            self.text,
            "",
        ]
        return "\r\n".join(lines).encode()


def _five(name: str) -> tuple[str, ...]:
    return tuple(f"{name}.{number}@example.org" for number in range(1, 6))


SHAPES = (
    Shape(
        name="a plain mail in somebody's name, one in copy", victim="paula@example.com", copies=("conny@example.org",)
    ),
    Shape(name="five strangers in copy", victim="frank@example.com", copies=_five("copied")),
    Shape(
        name="Reply-To somebody else",
        victim="rosa@example.com",
        header=("Reply-To: roland@example.org",),
        others=("roland@example.org",),
    ),
    Shape(name="Precedence: bulk", victim="boris@example.com", header=("Precedence: bulk",)),
    Shape(name="List-Id", victim="lena@example.com", header=("List-Id: <talk.example.com>",)),
    Shape(name="Return-Path: <>", victim="nora@example.com", header=("Return-Path: <>",)),
    Shape(name="X-Auto-Response-Suppress: All", victim="sam@example.com", header=("X-Auto-Response-Suppress: All",)),
    Shape(
        name="X-Auto-Response-Suppress: AutoReply",
        victim="anton@example.com",
        header=("X-Auto-Response-Suppress: AutoReply",),
    ),
    Shape(name="Auto-Submitted: auto-replied", victim="rita@example.com", header=("Auto-Submitted: auto-replied",)),
    Shape(name="Auto-Submitted: auto-notified", victim="nina@example.com", header=("Auto-Submitted: auto-notified",)),
)
BURST_SIZE = 15
BURST_OF_FORMS = Shape(name="15 in a row for one address", victim="fiona@example.com")
BURST_OF_CALLS = Shape(name="15 in a row for one address", victim="carl@example.com")
BURST_OF_MAILS = Shape(name="15 in a row for one address", victim="maria@example.com")
