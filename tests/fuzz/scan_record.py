"""A record of a move of any bytes is a record, or MailboxError; what is one is the same when written again."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from stillpost.mailboxes.protocol import MailboxError
from stillpost.scan.moving import read_record, write_record

SEEDS = (
    b'{"version": 1, "mailbox": "a", "folder": "b", "at": "x"}\n{"folder": "INBOX", "name": "1 7", "digest": "00"}\n',
    b'{"version": 1, "mailbox": [], "folder": null}\n',
)


def check(data: bytes) -> None:
    """Read ``data`` as a record."""
    with tempfile.TemporaryDirectory() as folder:
        path, again = Path(folder) / "record", Path(folder) / "again"
        path.write_bytes(data)
        try:
            record = read_record(path)
        except MailboxError:
            return
        write_record(record, again, datetime(2026, 11, 23, tzinfo=UTC))
        assert read_record(again) == record
