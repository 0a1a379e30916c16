"""Names of what is kept on disk: our own ids, never a stranger's words."""

import re
from typing import Final

_OURS: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def check_name(name: str) -> str:
    """The name, if it can be that of a file of ours. Raises ValueError: what a stranger wrote came this far."""
    if not _OURS.fullmatch(name):
        message = "names in holds are letters, digits, dots, hyphens and underscores, at most 128, no dot in front"
        raise ValueError(message)
    return name
