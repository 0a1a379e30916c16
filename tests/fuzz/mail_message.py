"""Messages: header, author, ids, text; or MessageError."""

from stillpost.mail.author import author_of
from stillpost.mail.body import text_of
from stillpost.mail.message import MessageError, message_ids, read

SEEDS = (
    b"From: =?utf-8?q?J=C3=B6rg?= <j@example.org>\r\nSubject: a\r\n b\r\nReferences: <1@x> <2@x>\r\n\r\nHello\r\n",
    b'From a Mon Nov 23 10:00:00 2026\nFrom : "a\\"b" <c@d.example>, e@f.example\nContent-Type: text/html\n\n<p>x<br>y',
    (
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\nQUJD\n"
        b"--b\nContent-Type: text/html; charset=x\n\n<div>a</div>\n--b--\n"
    ),
)


def check(data: bytes) -> None:
    """Read ``data`` as a message and ask for everything."""
    try:
        message = read(data)
        for name, value in message.headers:
            assert message.headers.first(name) is not None
            message.headers.text(name)
            message_ids(value)
        assert author_of(message.headers).fields == len(message.headers.all("from"))
        text_of(message)
    except MessageError:
        return
