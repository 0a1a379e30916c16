"""Mail that arrives for people: what a newcomer's program sends in a wave waits, everything else goes on.

Replies, mail of their own organization and of whoever they wrote to are never held. Each recipient of a mail is a mailbox
of its own: he keeps it or his copy waits, whatever the others get. Where anything fails, the mail goes on.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.engine.policy import Policy
from stillpost.guard import Guard, Judged
from stillpost.journal import Journal
from stillpost.mail.addresses import read as read_address
from stillpost.mail.auth import aligned
from stillpost.mail.author import author_of
from stillpost.mail.automatic import automatic, software_mark
from stillpost.mail.body import text_of
from stillpost.mail.fingerprint import company_names, fingerprint
from stillpost.mail.message import MessageError, message_ids, read
from stillpost.mail.platform import attribute, identity, list_id_of
from stillpost.model import Action, Address, Direction, HeldMail, Mail, Mode
from stillpost.reception.acquaintance import Acquaintance
from stillpost.reception.holding import Copy, Holding, NoRoom
from stillpost.reception.mail import NOBODY, RECIPIENTS_JUDGED, Incoming, Recipient, is_among, without_twins
from stillpost.reception.reinjecting import RELEASED, mark_of
from stillpost.reception.submit import reference
from stillpost.store.protocol import Decision, Store, StoreError

ALARMS: Final = frozenset({"NEWCOMER_BURST", "TEXT_OF_MANY_TENANTS"})
BEFORE: Final = timedelta(hours=4)
_BEFORE_MAX: Final = 100  # newcomers' mails of one mailbox that are remembered
_MAILBOXES_MAX: Final = 20_000  # the one that got none for longest is forgotten first
_ABUSED_MAX: Final = 10_000
_ABUSED_FOR: Final = timedelta(hours=24)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What is to be done with a mail: recipients who have their copy with us, and what is said of the others.

    ``advised``: what happened or would have, the gravest of all recipients; ``reason``: our own word, or the symbol's name.
    """

    held: tuple[Recipient, ...] = ()
    passed: int = 0
    advised: Action = Action.ACCEPT
    reason: str = ""


UNTOUCHED: Final = Delivered()
"""Nothing is known against it."""
AT_A_MAILBOX: Final = {
    Action.ACCEPT: Action.ACCEPT,
    Action.TAG: Action.TAG,
    Action.QUIET: Action.TAG,
    Action.CHALLENGE: Action.HOLD,
    Action.DEFER: Action.HOLD,
    Action.HOLD: Action.HOLD,
    Action.REJECT: Action.HOLD,
}
"""What a verdict comes to at a mailbox. Nobody is asked here, and nobody refused: what counts newcomers is spoofable."""
_GRAVITY: Final = (Action.ACCEPT, Action.TAG, Action.HOLD)


@final
@dataclass(frozen=True, slots=True)
class Newcomer:
    """A newcomer's mail that was let through, for the list of what to clean up if a wave turns out to have begun."""

    at: datetime
    identity: str
    message_id: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """One recipient listener.

    ``own``: addresses and domains of the people whose mail it is (empty: every recipient's). ``before`` and ``abused``
    are memory of one event loop: newcomers' mails of the last hours by mailbox, and who takes part in waves now.
    """

    name: str
    portal: str
    mode: Mode
    own: frozenset[str]
    held_for: timedelta
    policy: Policy
    guard: Guard
    store: Store
    holding: Holding
    acquaintance: Acquaintance
    journal: Journal
    fresh: Callable[[int], bytes]
    before: dict[str, deque[Newcomer]] = field(default_factory=dict)
    abused: dict[str, datetime] = field(default_factory=dict)

    async def decide(self, incoming: Incoming) -> Delivered:
        """What to do; never raises for a store that fails: the mail goes on."""
        author = author_of(incoming.headers).address
        recipients = without_twins(incoming.recipients)
        try:
            if await self._is_outgoing(incoming, author, recipients) or await self._comes_back(incoming, recipients):
                return UNTOUCHED
        except StoreError as error:
            self.journal.failed("store", error)
            return replace(UNTOUCHED, reason="store")
        mine = [each for each in recipients if each.address is not None and self._is_own(each.address)]
        done = Delivered(passed=len(recipients) - len(mine[:RECIPIENTS_JUDGED]))
        if not mine:
            return UNTOUCHED
        event = self._event(incoming, author)
        for recipient in mine[:RECIPIENTS_JUDGED]:
            try:
                done = await self._one(incoming, recipient, event, done)
            except (StoreError, NoRoom) as error:
                self.journal.failed("store", error)
                done = replace(done, passed=done.passed + 1, reason=done.reason or "store")
        return done

    def tenants_now(self, at: datetime) -> list[str]:
        """Who took part in a wave on some mailbox within a day, in order."""
        return sorted(each for each, last in self.abused.items() if at - last < _ABUSED_FOR)

    def _is_own(self, address: Address) -> bool:
        return not self.own or is_among(address, self.own)

    async def _is_outgoing(self, incoming: Incoming, author: Address | None, recipients: tuple[Recipient, ...]) -> bool:
        """Mail that somebody of ours hands over after he logged in teaches whom he knows."""
        if not incoming.login:
            return False
        owners = [each for each in (author, _address(incoming)) if each is not None and self._is_own(each)]
        ids = message_ids(incoming.headers.first("message-id"))
        for owner in owners[:1]:
            for recipient in recipients[:RECIPIENTS_JUDGED]:
                if recipient.address is not None:
                    await self.acquaintance.wrote(owner, recipient.address, ids[0] if ids else "", incoming.at)
        return True

    async def _comes_back(self, incoming: Incoming, recipients: tuple[Recipient, ...]) -> bool:
        marks = [mark_of(incoming.headers, recipient.spelled) for recipient in recipients]
        for mark in marks:
            if not await self.store.lists.has(RELEASED, mark, incoming.at):
                return False
        for mark in marks:
            await self.store.lists.remove(RELEASED, mark)
        return bool(marks)

    # --- one mailbox ---

    async def _one(self, incoming: Incoming, recipient: Recipient, mail: Mail, done: Delivered) -> Delivered:
        mailbox = recipient.address or NOBODY
        event = replace(
            mail,
            event_id=reference(self.fresh(8)),
            recipient=mailbox,
            envelope=incoming.envelope(recipient),
        )
        known = "own" if self._is_colleague(event) else await self.acquaintance.knows(event)
        event = replace(event, known=bool(known), in_wave=await self.acquaintance.is_in_wave(event), reason=known)
        judged = await self.guard.decide(event, replace(self.policy, mode=self.mode))
        alarm = next((symbol.name for symbol in judged.verdict.symbols if symbol.name in ALARMS), "")
        advised = _advised(judged)
        if advised is Action.HOLD:
            await self.acquaintance.took_part(mailbox.limit_key, event.identity, event.message_id, event.at)
            self._abuses(event)
        reason = judged.verdict.symbols[0].name if judged.verdict.symbols else ""
        gravest = max(done.advised, advised, key=_GRAVITY.index)
        done = replace(done, advised=gravest, reason=reason if gravest is advised and reason else done.reason)
        if advised is Action.HOLD and self.mode is Mode.ENFORCE:
            await self._hold(incoming, recipient, event, judged, await self._earlier(event, alarm))
            self.journal.mailed(self.name, event.event_id, Action.HOLD, judged.verdict, reason)
            return replace(done, held=(*done.held, recipient))
        await self._passes(event, judged, advised, known)
        self.journal.mailed(self.name, event.event_id, Action.ACCEPT, judged.verdict, reason or known or "newcomer")
        return replace(done, passed=done.passed + 1)

    def _is_colleague(self, event: Mail) -> bool:
        """Mail from within, if a check says so: a forged From of one's own domain is no colleague."""
        author = event.header_from
        return author is not None and bool(self.own) and is_among(author, self.own) and event.authenticated

    async def _passes(self, event: Mail, judged: Judged, advised: Action, known: str) -> None:
        if judged.verdict.symbols:
            await self.store.ledger.commit(event, judged.verdict, judged.meters, judged.readings, Decision())
        if not known and advised is not Action.HOLD:
            await self.acquaintance.came(event)
            self._remember(event)

    def _remember(self, event: Mail) -> None:
        mailbox = event.recipient.limit_key
        newcomers = self.before.pop(mailbox, None) or deque(maxlen=_BEFORE_MAX)
        newcomers.append(Newcomer(event.at, event.identity, event.message_id))
        self.before[mailbox] = newcomers
        if len(self.before) > _MAILBOXES_MAX:
            del self.before[next(iter(self.before))]

    async def _earlier(self, event: Mail, alarm: str) -> tuple[Newcomer, ...]:
        """At an alarm: the newcomers' mails that came before it; they belong to the wave, too."""
        if not alarm:
            return ()
        found = self.before.pop(event.recipient.limit_key, None) or ()
        earlier = tuple(each for each in found if event.at - each.at <= BEFORE)
        for each in earlier:
            await self.acquaintance.took_part(event.recipient.limit_key, each.identity, each.message_id, event.at)
        return earlier

    def _abuses(self, event: Mail) -> None:
        self.abused.pop(event.identity, None)
        self.abused[event.identity] = event.at
        if len(self.abused) > _ABUSED_MAX:
            del self.abused[next(iter(self.abused))]

    async def _hold(
        self, incoming: Incoming, recipient: Recipient, event: Mail, judged: Judged, earlier: tuple[Newcomer, ...]
    ) -> None:
        if incoming.content is None:
            raise NoRoom
        copy = Copy(
            whose=event.recipient,
            mail=HeldMail(
                listener=self.name,
                direction=Direction.RECIPIENT,
                sender=incoming.sender or "",
                recipient=recipient.spelled,
            ),
            content=incoming.content,
            subject=event.subject,
            portal=self.portal,
            lasts=self.held_for,
            ask=False,
            text="\n".join(f"{each.at.isoformat(timespec='seconds')} {each.message_id}" for each in earlier),
            fields={"identity": event.identity},
        )
        await self.holding.hold(copy, event, judged, None)

    def _event(self, incoming: Incoming, author: Address | None) -> Mail:
        headers = incoming.headers
        attribution = attribute(headers, author, incoming.results, incoming.border)
        found = automatic(
            headers,
            null_sender=incoming.sender is None,
            product=attribution.tenant.platform if attribution and attribution.automatic else "",
        ) or software_mark(headers)
        sender = _address(incoming)
        ids = message_ids(headers.first("message-id"))
        answers = (*message_ids(headers.first("in-reply-to")), *message_ids(headers.first("references")))
        subject = headers.text("subject")[:998]
        sole = author_of(headers).sole
        named = sole.name if sole else ""
        return Mail(
            event_id="",
            portal=self.name,
            at=incoming.at,
            direction=Direction.RECIPIENT,
            recipient=NOBODY,
            envelope=incoming.envelope(Recipient("", None)),
            header_from=author,
            identity=identity(headers, author, attribution) or (sender.organization if sender else ""),
            tenant=attribution.tenant if attribution else None,
            automatic=found.kind.value if found else "",
            auth=incoming.results,
            authenticated=author is not None and aligned(author.domain, incoming.results) is not None,
            message_id=ids[0] if ids else "",
            thread=tuple(dict.fromkeys(answers)),
            list_id=list_id_of(headers),
            fingerprint=fingerprint(subject, _text(incoming), company_names(named, author.domain if author else "")),
            subject=subject,
        )


def _advised(judged: Judged) -> Action:
    return Action.ACCEPT if judged.degraded else AT_A_MAILBOX[judged.verdict.advised]


def _text(incoming: Incoming) -> str:
    """The words of a mail, where its bytes are here and can be read."""
    if incoming.content is None:
        return ""
    try:
        return text_of(read(incoming.content)).text
    except MessageError:
        return ""


def _address(incoming: Incoming) -> Address | None:
    return read_address(incoming.sender) if incoming.sender else None
