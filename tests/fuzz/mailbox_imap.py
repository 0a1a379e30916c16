"""Whatever a server answers: UIDs, contents and dates, or nothing; whatever is typed: an account, or MailboxError."""

from itertools import pairwise

from stillpost.mailboxes.imap import fetched, ranges
from stillpost.mailboxes.kinds import kind_of_path, unmodified
from stillpost.mailboxes.place import place_of
from stillpost.mailboxes.protocol import MailboxError

SEEDS = (
    b'1 (UID 5 INTERNALDATE "23-Nov-2026 10:00:00 +0100" BODY[HEADER]<0> {3}\x00abc\x00)',
    b"imaps://anna%40example.org@imap.example.org:993/Entw&APw-rfe",
    b"2 (BODY[] {1}\x00b\x00 UID 6)\x00*\x00",
)


def check(data: bytes) -> None:
    """Read ``data`` as an answer, as a folder's name and as an account."""
    pieces = data.split(b"\0")
    said = [*pieces, *pairwise(pieces), None]
    uids = [uid for uid, content, _ in fetched(said) if isinstance(content, bytes)]
    assert len(ranges(uids).split(",")) <= max(1, len(uids))
    text = data.decode("utf-8", "replace")
    kind_of_path([unmodified(text), *text.split("/")])
    try:
        place = place_of(text)
    except MailboxError:
        return
    assert place.user
    assert place.host
