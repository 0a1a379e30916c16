"""What is read of a newcomer's mail: whether a program wrote it, above all."""

from datetime import UTC, datetime

import pytest

from stillpost.scan.detail import detail_of
from tests.scan.boxes import mail

AT = datetime(2026, 10, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sender", "fields", "by_program"),
    [
        pytest.param("Anna Berg <anna.berg@firm.example>", (), False, id="a person"),
        pytest.param("anna.berg@firm.example", ("X-Mailer: Apple Mail (2.3445.9.7)",), False, id="her mail program"),
        pytest.param("anna.berg@firm.example", ("Auto-Submitted: auto-generated",), True, id="it says so"),
        pytest.param("anna@firm.example", ("X-Mailer: PHPMailer 6.9.1",), True, id="a web site's mailer"),
        pytest.param("anna@firm.example", ("X-PHP-Originating-Script: 33:form.php",), True, id="a web site's script"),
        pytest.param("anna@firm.example", ("X-SG-EID: abc",), True, id="a service that sends for others"),
        pytest.param("wordpress@firm.example", (), True, id="a program's address"),
        pytest.param("ventas@firm.example", (), True, id="an address that several people share"),
        pytest.param("info@gmail.com", (), False, id="a name at a free-mail provider is somebody's"),
        pytest.param("anna@firm.example", ("List-Post: <mailto:l@firm.example>",), False, id="a post to a list"),
    ],
)
def test_programs_are_told_from_people(sender: str, fields: tuple[str, ...], by_program: bool) -> None:
    assert detail_of(mail(AT, sender, fields=fields)).by_program is by_program
