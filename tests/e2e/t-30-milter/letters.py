"""Mails for the milter's tests: a person's, what filters found about it, what a helpdesk writes."""

SERVER = "mx.helpdesk.example.org"
BODY = "Please help.\r\n.with a dot\r\n"


def letter(sender: str, to: str, *above: str, number: int = 1, body: str = BODY, **more: str) -> bytes:
    """A person's mail; ``above`` are fields on top, ``more`` further fields (underscores are hyphens)."""
    local, _, domain = sender.partition("@")
    fields = {
        "From": sender,
        "To": to,
        "Subject": "a question",
        "Date": "Mon, 23 Nov 2026 10:00:00 +0000",
        "Message-ID": f"<{number}.{local}@{domain}>",
    } | {name.replace("_", "-"): value for name, value in more.items()}
    lines = [*above, *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", body]).encode()


def proven(sender: str) -> str:
    """What the filter before Stillpost found."""
    return f"Authentication-Results: {SERVER}; spf=pass smtp.mailfrom={sender}"
