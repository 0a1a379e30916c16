"""Mail that leaves a helpdesk: each recipient passes by proof or by an agent's word, or his copy waits for his own word.

Recipients are counted, not messages: one request can make a helpdesk write to many. What waits is on disk and in the
ledger before the mail server is answered, and is released as it came. Nothing here ever refuses a mail: a helpdesk throws
away what it cannot send.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, final

from stillpost.guard import Guard, Judged
from stillpost.helpdesks.origins import Origin, Origins, origin_by_marks
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.intake.limits import Limits
from stillpost.journal import Journal
from stillpost.mail.author import author_of
from stillpost.mail.automatic import automatic, keyword
from stillpost.mail.message import Headers, message_ids
from stillpost.mail.platform import identity
from stillpost.model import Action, Address, Direction, HeldMail, Mail, Mode, ProofMode
from stillpost.reception.holding import Copy, Holding, NoRoom
from stillpost.reception.inbound import SENT, SOLICITED
from stillpost.reception.mail import NOBODY, RECIPIENTS_JUDGED, Incoming, Recipient, is_among, letter_key, without_twins
from stillpost.reception.portal import Portal
from stillpost.reception.reinjecting import RELEASED, mark_of
from stillpost.reception.second_look import SecondLook
from stillpost.reception.submit import reference
from stillpost.store.protocol import Decision, Reservation, Store, StoreError

NOTICES: Final = "notices"
_REMEMBERED: Final = timedelta(days=30)
_SENT_MAX: Final = 200_000  # lines of 400 bytes; an answer to what comes beyond needs a proven author
_ANSWERS_LOOKED_UP: Final = 32
_ORIGIN_SECONDS: Final = 5.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """What is to be done with a mail.

    ``held``: recipients who have their copy with us; ``advised``: those who would, in enforce mode; ``reasons``: our own
    words for why, one for each of these, in order. ``mark``: the Auto-Submitted keyword that the mail lacks, if any.
    ``kept_by_server``: why the mail server must keep the rest in its hold queue; empty where it need not.
    """

    held: tuple[Recipient, ...] = ()
    advised: tuple[Recipient, ...] = ()
    reasons: tuple[str, ...] = ()
    passed: int = 0
    mark: str = ""
    kept_by_server: str = ""


UNTOUCHED: Final = Outward()
"""A mail that is none of the helpdesk's, or one of our own."""


class Unjudged(Exception):  # noqa: N818  # the mail server keeps the mail
    """Meters or engine failed, so nothing is known about a mail."""


@final
@dataclass(frozen=True, slots=True)
class Letter:
    """What is looked up once for all recipients of a mail."""

    author: Address | None
    origin: Origin
    message_id: str
    answers: tuple[str, ...]
    kind: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """One portal-out listener.

    ``addresses``: what the helpdesk writes from (proof keys; empty: every mail is the helpdesk's). ``staff``: addresses
    and domains of the portal's own people. ``product``: its name in the tables of marks.
    ``second_look``: where the product's records are looked up again.
    """

    name: str
    portal: Portal
    mode: Mode
    product: str
    staff: frozenset[str]
    addresses: frozenset[str]
    held_for: timedelta
    limits: Limits
    guard: Guard
    store: Store
    holding: Holding
    second_look: SecondLook
    journal: Journal
    fresh: Callable[[int], bytes]

    async def decide(self, incoming: Incoming) -> Outward:
        """What to do. Never raises for a store or a disk that fails: the rest is the mail server's to keep."""
        author = author_of(incoming.headers).address
        if not self._concerns(incoming, author):
            return UNTOUCHED
        recipients = without_twins(incoming.recipients)
        if len(recipients) > RECIPIENTS_JUDGED:
            return self._kept("too-many-recipients", UNTOUCHED)
        try:
            if await self._is_ours(incoming, recipients):
                return UNTOUCHED
        except StoreError as error:
            self.journal.failed("store", error)
            return self._kept("store", UNTOUCHED)
        letter = await self._letter(incoming, author)
        done = Outward(mark=self._missing_mark(incoming.headers, letter))
        for recipient in recipients:
            try:
                done = await self._one(incoming, recipient, letter, done)
            except Unjudged:
                return self._kept("engine", done)
            except (StoreError, NoRoom) as error:
                self.journal.failed("store", error)
                return self._kept("store", done)
        return done

    def _kept(self, why: str, done: Outward) -> Outward:
        """The mail server's hold queue keeps what we cannot; in observe mode everything goes on."""
        self.journal.milter(self.name, "quarantined" if self.mode is Mode.ENFORCE else "would-quarantine", why=why)
        return replace(done, kept_by_server=why) if self.mode is Mode.ENFORCE else done

    def _concerns(self, incoming: Incoming, author: Address | None) -> bool:
        if not self.addresses:
            return True
        from_ = author.proof_key if author else ""
        return from_ in self.addresses or (incoming.sender or "").lower() in self.addresses

    async def _is_ours(self, incoming: Incoming, recipients: tuple[Recipient, ...]) -> bool:
        """Whether we handed this mail over ourselves: a challenge, or a copy that was released."""
        marks = [mark_of(incoming.headers, recipient.spelled) for recipient in recipients]
        for mark in marks:
            if not await self.store.lists.has(RELEASED, mark, incoming.at):
                return False
        for mark in marks:
            await self.store.lists.remove(RELEASED, mark)
        return True

    async def _letter(self, incoming: Incoming, author: Address | None) -> Letter:
        headers = incoming.headers
        ids = message_ids(headers.first("message-id"))
        answers = (*ids, *message_ids(headers.first("in-reply-to")), *message_ids(headers.first("references")))
        found = automatic(headers, null_sender=incoming.sender is None)
        return Letter(
            author=author,
            origin=await self._origin(headers),
            message_id=ids[0] if ids else "",
            answers=tuple(dict.fromkeys(answers))[:_ANSWERS_LOOKED_UP],
            kind=found.kind.value if found else "",
        )

    async def _origin(self, headers: Headers) -> Origin:
        """Who wrote it, by a mark that only the product sets, else by the product's own records; in doubt nobody."""
        found = origin_by_marks(self.product, headers, lambda address: is_among(address, self.staff))
        helpdesk = self.portal.helpdesk
        if found is not Origin.UNKNOWN or not isinstance(helpdesk, Origins):
            return found
        try:
            async with asyncio.timeout(_ORIGIN_SECONDS):
                return await helpdesk.origin(headers)
        except (HelpdeskError, TimeoutError) as error:
            self.journal.milter(self.name, "origin-unknown", why=type(error).__name__)
        except Exception as error:  # noqa: BLE001  # an adapter's bug holds a mail, it never lets one through
            self.journal.failed(f"origin {self.product}", error)
        return Origin.UNKNOWN

    # --- one recipient ---

    async def _one(self, incoming: Incoming, recipient: Recipient, letter: Letter, done: Outward) -> Outward:
        why = await self._passes(incoming, recipient, letter)
        event = self._event(incoming, recipient, letter, why)
        judged = await self.guard.decide(event, replace(self.portal.policy, mode=self.mode))
        if judged.degraded and self.mode is Mode.ENFORCE:
            raise Unjudged
        if why and await self._let_out(recipient, letter, event, judged, limited=why == "proven"):
            self.journal.mailed(self.name, event.event_id, Action.ACCEPT, judged.verdict, why)
            return replace(done, passed=done.passed + 1)
        if why:
            event = replace(event, known=False, reason="too-many-notices")
            judged = await self.guard.decide(event, replace(self.portal.policy, mode=self.mode), count=False)
        if self.mode is Mode.OBSERVE:
            await self._let_out(recipient, letter, event, judged, limited=False)
            self.journal.mailed(self.name, event.event_id, Action.ACCEPT, judged.verdict, event.reason)
            advised, reasons = (*done.advised, recipient), (*done.reasons, event.reason)
            return replace(done, advised=advised, reasons=reasons, passed=done.passed + 1)
        asked = await self._hold(incoming, recipient, letter, event, judged)
        self.journal.mailed(
            self.name, event.event_id, Action.CHALLENGE if asked else Action.HOLD, judged.verdict, event.reason
        )
        return replace(done, held=(*done.held, recipient), reasons=(*done.reasons, event.reason))

    async def _passes(self, incoming: Incoming, recipient: Recipient, letter: Letter) -> str:
        """Why the mail may reach this recipient, in one word; empty where it may not."""
        address = recipient.address
        if address is None:
            return ""
        if is_among(address, self.staff) or address.proof_key in self.addresses:
            return "staff"
        if letter.origin is Origin.AGENT:
            return "agent"
        for answered in letter.answers:
            key = letter_key(self.portal.name, answered, address)
            if await self.store.lists.has(SOLICITED, key, incoming.at):
                return "solicited"
        return "proven" if await self.store.ledger.proven(address.proof_key, incoming.at) else ""

    async def _let_out(
        self, recipient: Recipient, letter: Letter, event: Mail, judged: Judged, *, limited: bool
    ) -> bool:
        """Write it down; False where the recipient had too many notices already."""
        taken: tuple[Reservation, ...] = ()
        address = recipient.address or NOBODY
        if limited and self.mode is Mode.ENFORCE:
            taken = tuple(
                Reservation(name=NOTICES, key=f"{rate}|{address.proof_key}", limit=rate.limit, window=rate.window)
                for rate in self.limits.notices_per_address
            )
        decision = Decision(reservations=taken)
        receipt = await self.store.ledger.commit(event, judged.verdict, judged.meters, judged.readings, decision)
        if receipt.taken is None:
            return False
        if letter.message_id:
            key = letter_key(self.portal.name, letter.message_id, address)
            await self.store.lists.add(SENT, key, event.at, event.at + _REMEMBERED, at_most=_SENT_MAX)
        return True

    async def _hold(
        self, incoming: Incoming, recipient: Recipient, letter: Letter, event: Mail, judged: Judged
    ) -> bool:
        """Hold one copy; whether its recipient is asked. Raises NoRoom, StoreError."""
        if incoming.content is None:
            raise NoRoom
        copy = Copy(
            whose=recipient.address or NOBODY,
            mail=HeldMail(
                listener=self.name,
                direction=Direction.PORTAL_OUT,
                sender=incoming.sender or "",
                recipient=recipient.spelled,
            ),
            content=incoming.content,
            subject=event.subject,
            portal=self.portal.name,
            lasts=self.held_for,
            ask=recipient.address is not None and self.portal.options.proof is not ProofMode.MAIL_FIRST,
        )
        if self._is_looked_up_again(letter):
            await self.holding.hold(replace(copy, ask=False, asked_later=copy.ask), event, judged, self.portal.options)
            self.second_look.later(event.event_id, event.at)
            return copy.ask
        receipt = await self.holding.hold(copy, event, judged, self.portal.options)
        return receipt.taken is not None and receipt.taken.challenge is not None

    def _is_looked_up_again(self, letter: Letter) -> bool:
        is_open = letter.origin is Origin.UNKNOWN and isinstance(self.portal.helpdesk, Origins)
        return is_open and self.second_look.takes()

    def _missing_mark(self, headers: Headers, letter: Letter) -> str:
        """The keyword of RFC 3834 section 5 that a program's mail lacks.

        None where an agent may have written it, or where a signature says that there is none.
        """
        if letter.origin is Origin.AGENT or keyword(headers) != "no" or "auto-submitted" in headers:
            return ""
        helpdesk = self.portal.helpdesk
        if letter.origin is Origin.UNKNOWN and isinstance(helpdesk, Origins) and not helpdesk.origin_at_once:
            return ""
        signed = (value.replace(" ", "").lower() for value in headers.all("dkim-signature"))
        if any("auto-submitted" in value for value in signed):
            return ""
        return "auto-replied" if "in-reply-to" in headers or "references" in headers else "auto-generated"

    def _event(self, incoming: Incoming, recipient: Recipient, letter: Letter, why: str) -> Mail:
        unknown = "not-proven" if recipient.address else "no-address"
        if letter.origin not in {Origin.AGENT, Origin.UNKNOWN}:
            unknown = letter.origin.value
        return Mail(
            event_id=reference(self.fresh(8)),
            portal=self.portal.name,
            at=incoming.at,
            direction=Direction.PORTAL_OUT,
            recipient=recipient.address or NOBODY,
            envelope=incoming.envelope(recipient),
            header_from=letter.author,
            identity=identity(incoming.headers, letter.author, None),
            automatic=letter.kind,
            message_id=letter.message_id,
            thread=letter.answers,
            subject=incoming.headers.text("subject")[:998],
            known=bool(why),
            reason=why or unknown,
        )
