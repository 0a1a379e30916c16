"""``[portals.NAME.audit]``: the audit that runs by itself, again and again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import final

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=31)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """How a portal's helpdesk is audited while ``serve`` runs. Zendesk is read over its API, the others from ``from``."""

    every: timedelta = field(default=timedelta(days=1), metadata={"help": "how often; an audit also runs at the start"})
    baseline: str = field(
        default="",
        metadata={
            "help": "the report (audit --format json) that drift is measured against; written by the first audit if it"
            " is not there; empty: NAME-audit.json in the state folder"
        },
    )
    product: str = field(default="", metadata={"help": "what is audited; empty: the portal's helpdesk"})
    from_: str = field(
        default="", metadata={"help": "where the settings are: a folder, a file, a tracker", "key": "from"}
    )
    url: str = field(default="", metadata={"help": "Zendesk: the account's address, read over its API"})
    token_file: str = field(default="", metadata={"help": "Zendesk: file with an OAuth access token (scope read)"})
    client_id: str = field(default="", metadata={"help": "Zendesk: OAuth client that fetches its own tokens"})
    client_secret_file: str = field(default="", metadata={"help": "Zendesk: file with the OAuth client's secret"})
    attest: str = field(default="", metadata={"help": "attestation file (audit --attest writes one)"})

    def problems(self) -> Iterator[str]:
        """What cannot work, one sentence each."""
        if not SHORTEST <= self.every <= LONGEST:
            yield "every must be between 1s and 31d"
        if bool(self.from_) == bool(self.url):
            yield "say where the settings are: from = (a folder), or for Zendesk url = with token_file or client_id"
        if self.url and not (self.token_file or self.client_id):
            yield "url needs token_file, or client_id with client_secret_file"
