"""The mail room: headers, attribution, addresses, texts; ratios to the standard library's reader in the same run.

``python -m bench.mail_room [FOLDER]``. The peer is ``message_from_bytes`` (compat32) and six headers read. Without a
folder of ``.eml`` files the mails are the golden cases of the tests.
"""

import email
import email.policy
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import email_validator

from stillpost.mail.addresses import parse
from stillpost.mail.auth import results_from
from stillpost.mail.author import author_of
from stillpost.mail.automatic import automatic
from stillpost.mail.body import text_of
from stillpost.mail.border import arrival, border_of
from stillpost.mail.fingerprint import company_names, fingerprint
from stillpost.mail.message import Message, read
from stillpost.mail.platform import attribute, identity
from stillpost.model import Address

SIX = ("from", "to", "subject", "date", "message-id", "received")
LATEST = datetime(2030, 1, 1, tzinfo=UTC)
TEXT = """Hello Anna,

Thank you for contacting Acme Widgets. Your request (#12345) was received on 3 May 2026 and is being read by our team.

To add something, answer this mail or visit https://acme.example/requests/12345 in your browser. You can see there what
happens, and close the request if you have found the answer yourself.

Dear customer: your account has been chosen to receive a bonus of 5,000 USD today. Please call our office by telephone
at +1 555 0100 or write to claims@example.net before Friday, 10 May 2026, or the bonus will be given to somebody else.

Best regards
The Acme Widgets Team

This mail is a service of Acme Widgets. You get it because you, or somebody who typed your address, asked us something
on our web site. If it was not you, do nothing: nobody will write again. We keep your words for thirty days, and nobody
but the people who answer you can read them. Acme Widgets, 1 Example Street, Example City.
"""


ROUNDS = 9

PEER = "compat32 and six headers (the peer)"
JUDGE = "email-validator, ASCII (the peer)"
WIDE_JUDGE = "email-validator, IDNA and EAI (the peer)"


class Row(NamedTuple):
    """One thing to measure, and the row whose speed is 1."""

    name: str
    given: Sequence[Any]
    work: Callable[[Any], object]
    peer: str = PEER


def main() -> None:
    """Measure and print."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "tests" / "cases" / "mail"
    mails = [path.read_bytes() for path in sorted(folder.rglob("*.eml"))]
    messages = [read(raw) for raw in mails]
    size, fields = sum(map(len, mails)) / len(mails), sum(len(m.headers.fields) for m in messages) / len(mails)
    print(f"{len(mails)} mails, {size:,.0f} bytes and {fields:.0f} fields each")
    times = _measure(_rows(mails, messages))
    for row in _rows(mails, messages):
        ratio = f"{times[row.peer] / times[row.name]:7.2f}"
        print(
            f"{row.name:42} {times[row.name] * 1e6:8.2f} us {1 / times[row.name]:10,.0f}/s {ratio} of the peer's speed"
        )


def _rows(mails: list[bytes], messages: list[Message]) -> list[Row]:
    borders = [border_of(message.headers) for message in messages]
    trusted = [(message, border.at if border else None) for message, border in zip(messages, borders, strict=True)]
    authors = [(message, author_of(message.headers).address) for message in messages]
    names = company_names("Acme Widgets Support", "acmewidgets.example")
    plain = [f"anna.{number}@mail{number}.example" for number in range(1_000)]
    wide = [f"jörg.{number}@bücher{number}.example" for number in range(300)]
    return [
        Row(PEER, mails, _peer),
        Row("split and six headers", mails, _split),
        Row("everything a header tells", mails, _everything),
        Row("  of it: border and arrival", messages, _clock),
        Row("  of it: Authentication-Results", trusted, _results),
        Row("  of it: attribution and automatic marks", authors, _marks),
        Row("text of a body", messages, text_of),
        Row("fingerprint of a 1.1 KB text", range(300), lambda _: fingerprint("Re: Request #12345", TEXT)),
        Row("  with the company's names", range(300), lambda _: fingerprint("Re: Request #12345", TEXT, names)),
        Row(JUDGE, plain, _judge, JUDGE),
        Row("address, ASCII", plain, parse, JUDGE),
        Row(WIDE_JUDGE, wide, _judge, WIDE_JUDGE),
        Row("address, IDNA and EAI", wide, parse, WIDE_JUDGE),
    ]


def _measure(rows: list[Row]) -> dict[str, float]:
    """Seconds of one, the best round of each row; rounds are interleaved, so that a busy machine is unfair to none."""
    best = {row.name: float("inf") for row in rows}
    for _ in range(ROUNDS):
        for row in rows:
            repeats = max(1, 300 // len(row.given))
            started = time.perf_counter()
            for _ in range(repeats):
                for one in row.given:
                    row.work(one)
            best[row.name] = min(best[row.name], (time.perf_counter() - started) / repeats / len(row.given))
    return best


def _peer(raw: bytes) -> None:
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for name in SIX:
        message[name]


def _split(raw: bytes) -> None:
    headers = read(raw).headers
    for name in SIX:
        headers.first(name)


def _everything(raw: bytes) -> None:
    headers = read(raw).headers
    border = border_of(headers)
    arrival(headers, border, latest=LATEST)
    author = author_of(headers).address
    found = attribute(headers, author, results_from(headers, border.at if border else None), border)
    automatic(headers)
    identity(headers, author, found)


def _clock(message: Message) -> None:
    arrival(message.headers, border_of(message.headers), latest=LATEST)


def _results(given: tuple[Message, int | None]) -> None:
    results_from(given[0].headers, given[1])


def _marks(given: tuple[Message, Address | None]) -> None:
    attribute(given[0].headers, given[1])
    automatic(given[0].headers)


def _judge(text: str) -> None:
    email_validator.validate_email(text, check_deliverability=False)


if __name__ == "__main__":
    main()
