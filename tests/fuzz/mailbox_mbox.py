"""An mbox of any bytes: the same mails whole and in pieces, nothing twice, nothing raised."""

import tempfile
from itertools import pairwise
from pathlib import Path

from stillpost.mailboxes.mbox import MboxPart
from stillpost.mailboxes.protocol import Found

SEEDS = (
    b"From a@example.org Mon Nov 23 10:00:00 2026\nFrom: a@example.org\n\nhello\n\n>From me\n\n" * 2,
    b"From - Mon Nov 23 10:00:00 2026\r\nX-Mozilla-Status: 0009\r\nX-Mozilla-Status2: 00000000\r\n\r\nhello\r\n\r\n",
    b"\xef\xbb\xbfFrom 123@xxx Mon Nov 23 10:00:00 +0000 2026\nSubject: a\n\n",
)


def check(data: bytes) -> None:
    """Split ``data`` whole, and in small blocks and pieces."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "box"
        path.write_bytes(data)
        whole, small = (
            [item for piece in part.pieces() for item in piece.mails()]
            for part in (MboxPart(path=path, name="a"), MboxPart(path=path, name="a", block_bytes=64, piece_bytes=100))
        )
    assert whole == small
    ends = [(item.where.at, item.where.at + item.where.size) for item in whole if isinstance(item, Found)]
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))
    assert all(end <= len(data) for _, end in ends)
