"""Golden mails: what the mail room makes of each. ``python -m tests.mail.test_cases`` writes the expectations again."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stillpost.mail.auth import results_from
from stillpost.mail.author import author_of
from stillpost.mail.automatic import automatic
from stillpost.mail.body import text_of
from stillpost.mail.border import arrival, border_of
from stillpost.mail.fingerprint import company_names, fingerprint
from stillpost.mail.message import read
from stillpost.mail.platform import attribute, identity

CASES = sorted(path.parent for path in (Path(__file__).parents[1] / "cases" / "mail").glob("*/message.eml"))
LATEST = datetime(2026, 12, 1, tzinfo=UTC)


def made_of(raw: bytes) -> dict[str, Any]:
    message = read(raw)
    headers = message.headers
    border = border_of(headers)
    arrived = arrival(headers, border, latest=LATEST)
    author = author_of(headers).address
    results = results_from(headers, border.at if border else None)
    found = attribute(headers, author, results, border)
    kind = automatic(headers, product=found.tenant.platform if found and found.automatic else "")
    names = company_names(author_of(headers).mailboxes[0].name, author.domain) if author else ()
    return {
        "author": author.mailbox if author else None,
        "arrived": [arrived.at.isoformat() if arrived.at else None, arrived.clock.value],
        "border": border.hop.by if border else None,
        "results": [
            f"{result.method}={result.result} {result.domain} {result.selector}".rstrip() for result in results
        ],
        "automatic": [kind.kind.value, kind.sign] if kind else None,
        "platform": found.tenant.platform if found else None,
        "tenant": found.tenant.tenant if found else None,
        "ticket": found.tenant.ticket if found else None,
        "vouched_by": found.vouched_by if found else None,
        "identity": identity(headers, author, found),
        "keys": len(fingerprint(headers.text("subject"), text_of(message).text, names)),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_golden_mail_is_read_as_expected(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert made_of((case / "message.eml").read_bytes()) == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_line_ends_make_no_difference(case: Path) -> None:
    raw = (case / "message.eml").read_bytes()
    assert made_of(raw.replace(b"\n", b"\r\n")) == made_of(raw)


if __name__ == "__main__":
    for folder in CASES:
        text = json.dumps(made_of((folder / "message.eml").read_bytes()), indent=2, ensure_ascii=False)
        (folder / "expected.json").write_text(text + "\n", encoding="utf-8")
