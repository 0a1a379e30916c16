"""Every meter key is built here: portal first, then what is counted under it.

A key that crosses portals starts with ``*``: the attack on one address, or from one network, does not care for portals.
"""

from stillpost.model import Mail, Submission


def by_requester(event: Submission) -> str:
    """All portals, one mailbox however it is written."""
    return f"*|requester|{event.requester.limit_key}"


def by_source(event: Submission) -> str:
    """All portals, one client network (/24 or /64)."""
    return f"*|source|{event.source.network}"


def by_text(event: Submission, fingerprint: str) -> str:
    """One portal, one near-duplicate text."""
    return f"{event.portal}|text|{fingerprint}"


def by_portal(portal: str, what: str) -> str:
    """One portal as a whole."""
    return f"{portal}|{what}|"


def by_mailbox(event: Mail, what: str) -> str:
    """One mailbox however its address is written, whichever door the mail came through."""
    return f"*|{what}|{event.recipient.limit_key}"


def by_mailbox_text(event: Mail, fingerprint: str) -> str:
    """One mailbox, one near-duplicate text; the text is part of the mailbox, since there is no end of texts."""
    return f"*|text to|{event.recipient.limit_key} {fingerprint}"
