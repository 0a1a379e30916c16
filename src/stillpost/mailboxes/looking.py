"""What is this file, by its name and its first bytes: an mbox, a mail, an archive, or nothing that concerns us."""

import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from stillpost.mailboxes.mbox import is_mbox
from stillpost.mailboxes.stream import is_compressed
from stillpost.mailboxes.tar import is_tar

LOOK_BYTES: Final = 2_048

_MAIL_SUFFIXES = frozenset([".eml", ".emlx"])
_MBOX_SUFFIXES = frozenset([".mbox", ".mbx"])
_NO_MAIL = frozenset(
    [".msf", ".dat", ".json", ".sqlite", ".db", ".plist", ".html", ".md", ".log", ".css", ".js", ".py", ".toml"]
)
_MAIL_FIELD = re.compile(
    rb"^(?:received|return-path|from|date|message-id|delivered-to)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_FIELDS = re.compile(rb"(?:>?From [^\r\n]*\r?\n)?[!-9;-~]+[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*[!-9;-~]+[ \t]*:")


class Sort(StrEnum):
    """What a file is."""

    MBOX = "mbox"
    MAIL = "mail"
    TAR = "tar"
    ZIP = "zip"
    PACKED = "packed"
    OTHER = "other"


def sort_of(name: str, beginning: bytes) -> Sort:
    """What a file of that name is that begins so (``LOOK_BYTES`` of it). ``PACKED``: gzip, bzip2 or xz of one of them."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _NO_MAIL:
        return Sort.OTHER
    if beginning.startswith(b"PK\x03\x04"):
        return Sort.ZIP
    if is_compressed(beginning):
        return Sort.PACKED
    if is_tar(beginning):
        return Sort.TAR
    if is_mbox(beginning) or (suffix in _MBOX_SUFFIXES and beginning):
        return Sort.MBOX
    if suffix in _MAIL_SUFFIXES or _is_mail(beginning):
        return Sort.MAIL
    return Sort.OTHER


def _is_mail(beginning: bytes) -> bool:
    """Two header fields on top, one of them such as every mail has."""
    return _FIELDS.match(beginning) is not None and _MAIL_FIELD.search(beginning) is not None
