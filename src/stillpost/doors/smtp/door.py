"""First mails and bounces at the SMTP listener: every answer is one SMTP line, and nothing is ever mailed back."""

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from stillpost.doors.smtp.dkim import DnsUnavailable, Resolve, verify
from stillpost.intake.first_mail import FirstMail, NoProof, judge, unfit
from stillpost.journal import Journal
from stillpost.language import N_, in_ascii, translate
from stillpost.mail.auth import results_from
from stillpost.mail.automatic import is_bounce
from stillpost.mail.message import Headers, MessageError, read
from stillpost.model import AuthResult
from stillpost.reception.proving import UNKNOWN_CODE, Proving
from stillpost.store.protocol import StoreError

MAX_BYTES: Final = 1_000_000
UNREADABLE: Final = N_("This mail cannot be read.")
PROVEN: Final = N_("Thank you, your request {id} is in")
NOT_NOW: Final = N_("We cannot keep this right now; please try again later")
NO_KEY: Final = N_("The key of the signature cannot be looked up right now; please try again later")
_HEX = frozenset("0123456789abcdef")


@final
@dataclass(frozen=True, slots=True)
class Peer:
    """Who hands the mail over."""

    ip: str
    helo: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FirstMailDoor:
    """Takes mail to the mail-first address, and bounces to the envelope sender of our challenges if there is one.

    ``language``: of the sentences, which a refused person reads in the report of his own mail server.
    """

    proving: Proving
    journal: Journal
    clock: Callable[[], datetime]
    resolve: Resolve
    address: str
    bounces: str
    trusted: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    authserv_ids: tuple[str, ...] = ()
    language: str = "en"

    def wants(self, recipient: str) -> bool:
        """Whether a recipient is ours: the mail-first address or the bounce address, with or without a plus part."""
        return _without_plus(recipient) in {self.address.lower(), self.bounces.lower()} - {""}

    async def take(self, peer: Peer, sender: str | None, recipients: Sequence[str], raw: bytes) -> str:
        """The SMTP answer to a whole mail."""
        try:
            if self.bounces and recipients and _without_plus(recipients[0]) == self.bounces.lower():
                return await self._returned(recipients[0], sender, raw)
            return await self._take(peer, sender, raw)
        except StoreError as error:
            self.journal.failed("store", error)
        except Exception as error:  # noqa: BLE001  # a mistake of ours is journalled; the peer keeps its mail and tries again
            self.journal.failed("smtp", error)
        return self.not_now()

    def not_now(self) -> str:
        """The answer where we failed."""
        return f"451 4.3.0 {self._say(NOT_NOW)}"

    async def _returned(self, recipient: str, sender: str | None, raw: bytes) -> str:
        """Something came back to the envelope sender of our challenges: a bounce counts, an absence note does not."""
        try:
            message = read(raw)
        except MessageError:
            return self._refuse(NoProof("unreadable", UNREADABLE))
        challenge = recipient.partition("@")[0].rpartition("+")[2].lower()
        if len(challenge) == 32 and _HEX.issuperset(challenge) and is_bounce(message, null_sender=not sender):
            await self.proving.bounced(challenge, self.clock())
        return "250 2.0.0 Noted"

    async def _take(self, peer: Peer, sender: str | None, raw: bytes) -> str:
        try:
            headers = read(raw).headers
        except MessageError:
            return self._refuse(NoProof("unreadable", UNREADABLE))
        problem = unfit(headers, sender)
        if problem is not None:
            return self._refuse(problem)
        results = self._found_by_trusted(peer, headers)
        judged = judge(headers, sender, results)
        if isinstance(judged, NoProof) and not results:
            try:
                signatures = len(headers.all("dkim-signature"))
                judged = judge(headers, sender, await asyncio.to_thread(verify, raw, signatures, self.resolve))
            except DnsUnavailable:
                return f"451 4.4.3 {self._say(NO_KEY)}"
        if isinstance(judged, NoProof):
            return self._refuse(judged)
        return await self._prove(judged)

    async def _prove(self, proof: FirstMail) -> str:
        request = await self.proving.by_mail(proof.code, proof.sender, self.clock())
        if request is None:
            return self._refuse(NoProof("unknown-code", UNKNOWN_CODE))
        return f"250 2.0.0 {self._say(PROVEN).format(id=request.id)}"

    def _found_by_trusted(self, peer: Peer, headers: Headers) -> tuple[AuthResult, ...]:
        """Authentication-Results count only if a trusted peer hands the mail over, and only what it put there itself."""
        try:
            address = ipaddress.ip_address(peer.ip)
        except ValueError:
            return ()
        if not any(address in network for network in self.trusted):
            return ()
        names = [name for name, _ in headers.fields]
        border = names.index("received") if "received" in names else len(names)
        return results_from(headers, border, self.authserv_ids)

    def _refuse(self, problem: NoProof) -> str:
        self.journal.not_a_proof(problem.word)
        return f"550 5.7.1 {self._say(problem.sentence)}"

    def _say(self, text: str) -> str:
        """A sentence in the operator's language."""
        return in_ascii(translate(text, self.language))


def _without_plus(address: str) -> str:
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
