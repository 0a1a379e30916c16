"""Real mail that is kept out of git: counted, never copied. Skipped where it is not beside the repository."""

import tarfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stillpost.mail.auth import results_from, signatures
from stillpost.mail.author import author_of
from stillpost.mail.automatic import automatic
from stillpost.mail.body import text_of
from stillpost.mail.border import arrival, border_of
from stillpost.mail.fingerprint import fingerprint
from stillpost.mail.message import MessageError, read
from stillpost.mail.platform import Attribution, attribute

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
PRODUCTS = {"request-tracker5": "rt"}

pytestmark = [
    pytest.mark.private,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not beside the repository"),
]


def attributed(raw: bytes) -> Attribution | None:
    headers = read(raw).headers
    border = border_of(headers)
    results = results_from(headers, border.at if border else None)
    return attribute(headers, author_of(headers).address, results, border)


def archived(name: str) -> Iterator[bytes]:
    with tarfile.open(CORPORA / name, "r:xz") as archive:
        for member in archive:
            if member.isfile() and (file := archive.extractfile(member)):
                yield file.read()


def test_mail_sent_through_zendesk_is_attributed_to_its_account() -> None:
    mails = [path.read_bytes() for path in sorted((CORPORA / "zendesk-relay").glob("*.eml"))]
    found = [attributed(raw) for raw in mails]
    headers = [read(raw).headers for raw in mails]
    assert len(found) == 18
    assert all(each and each.tenant.platform == "zendesk" and each.tenant.authenticated for each in found)
    assert [each.tenant.tenant for each in found if each] == [
        each.first("x-zendesk-from-account-id") for each in headers
    ]
    assert Counter(selector for each in headers for _, selector in signatures(each)) == {"zendesk1": 16, "zendesk2": 2}


def test_mail_of_helpdesks_is_attributed_to_its_product_and_no_other() -> None:
    folder = CORPORA / "helpdesk-mails"
    counted: Counter[tuple[str, str | None]] = Counter()
    for path in folder.rglob("*.eml"):
        product = path.relative_to(folder).parts[0]
        found = attributed(path.read_bytes())
        counted[PRODUCTS.get(product, product), found.tenant.platform if found else None] += 1
    assert counted == {
        ("django-helpdesk", "django-helpdesk"): 23,
        ("freescout", "freescout"): 30,
        ("osticket", "osticket"): 22,
        ("redmine", "redmine"): 2,
        ("roundup", "roundup"): 18,
        ("rt", "rt"): 20,
        ("_requests", None): 12,
    }


@pytest.mark.parametrize(
    ("name", "mails", "unreadable"),
    [
        pytest.param("spamassassin-ham.tar.xz", 4150, 0, id="ham"),
        pytest.param("sisimai-bounces.tar.xz", 693, 4, id="bounces; three empty files and a JSON text are no mail"),
    ],
)
def test_ham_and_bounces_are_read_whole_and_belong_to_no_platform(name: str, mails: int, unreadable: int) -> None:
    latest = datetime(2026, 12, 1, tzinfo=UTC)
    counted: Counter[str] = Counter()
    for raw in archived(name):
        try:
            message = read(raw)
        except MessageError:
            counted["unreadable"] += 1
            continue
        arrival(message.headers, border_of(message.headers), latest=latest)
        automatic(message.headers)
        fingerprint(message.headers.text("subject"), text_of(message).text)
        counted["attributed"] += attributed(raw) is not None
        counted["mails"] += 1
    assert (counted["mails"], counted["unreadable"], counted["attributed"]) == (mails, unreadable, 0)
