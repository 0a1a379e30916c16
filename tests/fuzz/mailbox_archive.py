"""A tar, a zip or packed bytes of any shape: mails, and told what is none; nothing is raised but MailboxError."""

import gzip
import io
import tarfile
import tempfile
import zipfile
from pathlib import Path

from stillpost.mailboxes.opening import open_path
from stillpost.mailboxes.protocol import Found, MailboxError

_MAIL = b"From: a@example.org\nSubject: a\n\nhello\n"


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.eml", _MAIL)
    return out.getvalue()


def _tar(kind: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        info = tarfile.TarInfo("ä/" * 60 + "1.eml")
        info.size = len(_MAIL)
        archive.addfile(info, io.BytesIO(_MAIL))
    return out.getvalue()[:2560]


SEEDS = (_zip(), _tar(tarfile.PAX_FORMAT), _tar(tarfile.GNU_FORMAT), gzip.compress(_MAIL))


def check(data: bytes) -> None:
    """Read ``data`` as a mailbox, and each mail of it again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "box"
        path.write_bytes(data)
        try:
            mailbox = open_path(path)
            found = [item for part in mailbox.parts for piece in part.pieces() for item in piece.mails()]
        except MailboxError:
            return
        wheres = [item.where for item in found if isinstance(item, Found)]
        assert len(list(mailbox.read_many(wheres, 10_000))) == len(wheres)
