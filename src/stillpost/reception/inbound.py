"""Mail to a portal's address: a ticket that may be answered, a quiet one, or a mail that waits for its author.

Proof first, then what the engine says, then the answer. What waits is on disk and in the ledger before the mail server is
answered; a mail that is only let through is in the ledger, too, since a signature counts once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final, final

from stillpost.engine.policy import Policy
from stillpost.guard import Guard, Judged
from stillpost.intake.authorship import Authorship, authorship
from stillpost.intake.first_mail import NoProof
from stillpost.intake.first_mail import judge as judge_first_mail
from stillpost.journal import Journal
from stillpost.mail.automatic import Kind
from stillpost.mail.copies import NOBODY_MOVED, Moved, move, named, rewrite
from stillpost.mail.platform import identity
from stillpost.model import Action, Direction, HeldMail, Mail, Mode, ProofMode
from stillpost.reception.holding import Copy, Holding, NoRoom
from stillpost.reception.mail import (
    NOBODY,
    RECIPIENTS_JUDGED,
    Incoming,
    Recipient,
    is_among,
    key_of,
    letter_key,
    without_twins,
)
from stillpost.reception.portal import Portal
from stillpost.reception.proving import UNKNOWN_CODE, Proving
from stillpost.reception.reinjecting import RELEASED, mark_of
from stillpost.reception.submit import reference
from stillpost.store.protocol import Decision, Reservation, Store

SOLICITED: Final = "solicited"
"""The list of proven mails: an answer to one of them may reach its author."""
SENT: Final = "sent"
"""The list of mails that went out of the helpdesk: an answer to one of them is no autoresponder's first word."""
ONCE: Final = "signed-mail"
MOVED_FIELD: Final = "Stillpost-Moved"
"""Our field with the addresses that were taken out of the recipient fields."""
_REMEMBERED: Final = timedelta(days=30)
_SOLICITED_MAX: Final = 100_000  # lines of 400 bytes; what comes beyond is not solicited
_COPIES_LOOKED_UP: Final = 20  # of one mail; those beyond count as unproven
_ANSWERS_LOOKED_UP: Final = 32


class Unproven(StrEnum):
    """What a listener does with mail that is not proven."""

    QUIET = "quiet"
    UNMEASURED = "unmeasured"
    CHALLENGE = "challenge"
    HOLD = "hold"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Inward:
    """What is to be done with a mail.

    ``action`` happens to the copies of ``concerned``, the portal's own addresses; other recipients are none of ours.
    ``advised`` is what would have happened in enforce mode; ``moved``: who else is taken out of the header. ``proof``: the
    answer to a first mail sent to the mail-first address, in place of everything else.
    """

    action: Action
    advised: Action
    id: str
    reason: str
    concerned: tuple[Recipient, ...] = ()
    others: tuple[Recipient, ...] = ()
    moved: Moved = NOBODY_MOVED
    proof: NoProof | str | None = None


UNTOUCHED: Final = Inward(action=Action.ACCEPT, advised=Action.ACCEPT, id="", reason="")
"""A mail that is none of ours, or our own coming back."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One portal-in listener. ``addresses``: the portal's own (proof keys; empty: every recipient is the portal's).

    ``silent``: the product behind takes mail marked automatic without answering it; ``drops``: it throws such mail away.
    ``keep``: addresses and domains that may stay in copy.
    """

    name: str
    portal: Portal
    mode: Mode
    unproven: Unproven
    silent: bool
    drops: bool
    keep: frozenset[str]
    addresses: frozenset[str]
    held_for: timedelta
    guard: Guard
    store: Store
    holding: Holding
    proving: Proving
    journal: Journal
    fresh: Callable[[int], bytes]

    async def decide(self, incoming: Incoming) -> Inward:
        """What to do. Raises StoreError or NoRoom where it could not be written down: the door answers for that."""
        recipients = without_twins(incoming.recipients)
        proving = [each for each in recipients if self._is_proof(each)]
        if proving:
            return await self._prove(incoming, proving, [each for each in recipients if each not in proving])
        concerned = tuple(each for each in recipients if self._concerns(each))
        if not concerned or await self._comes_back(incoming, concerned):
            return UNTOUCHED
        others = tuple(each for each in recipients if each not in concerned)
        found = await self._authorship(incoming, concerned)
        event = self._event(incoming, concerned[0], found)
        judged = await self.guard.decide(event, self._policy)
        written = found.proven and found.repeatable
        if written and not await self._is_first(event, judged, found):
            found, written = replace(found, proven=False, reason="seen-before"), False
            event = self._event(incoming, concerned[0], found)
            judged = await self.guard.decide(event, self._policy, count=False)
        if not written and not self._waits(judged, found, others):
            await self.store.ledger.commit(event, judged.verdict, judged.meters, judged.readings, Decision())
        inward = await self._done(incoming, event, judged, found, (concerned, others))
        self.journal.mailed(self.name, event.event_id, inward.action, judged.verdict, inward.reason)
        return inward

    def decide_blindly(self, incoming: Incoming) -> Inward:
        """What to do where nothing can be looked up or written down: a quiet ticket, or the sender tries again later."""
        recipients = without_twins(incoming.recipients)
        concerned = tuple(each for each in recipients if self._concerns(each) or self._is_proof(each))
        if not concerned:
            return UNTOUCHED
        ours = {key_of(each) for each in concerned} | self.addresses
        action = Action.QUIET if self.silent and not any(map(self._is_proof, concerned)) else Action.DEFER
        return Inward(
            action=Action.ACCEPT if self.mode is Mode.OBSERVE else action,
            advised=action,
            id="",
            reason="blind",
            concerned=concerned,
            others=tuple(each for each in recipients if each not in concerned),
            moved=NOBODY_MOVED
            if self.mode is Mode.OBSERVE
            else move(incoming.headers, lambda address: address.proof_key in ours or is_among(address, self.keep)),
        )

    @property
    def _policy(self) -> Policy:
        return replace(self.portal.policy, mode=self.mode)

    # --- who wrote it, and to whom ---

    def _is_proof(self, recipient: Recipient) -> bool:
        local, _, domain = recipient.spelled.lower().rpartition("@")
        ours = self.portal.prove_address.lower().rpartition("@")
        return (local.partition("+")[0], domain) == (ours[0], ours[2])

    def _concerns(self, recipient: Recipient) -> bool:
        if not self.addresses:
            return True
        return recipient.address is not None and (
            recipient.address.proof_key in self.addresses or recipient.address.limit_key in self.addresses
        )

    async def _comes_back(self, incoming: Incoming, concerned: tuple[Recipient, ...]) -> bool:
        """Whether this is a mail that we handed to our own mail server ourselves."""
        if not incoming.local:
            return False
        for recipient in concerned:
            if not await self.store.lists.has(RELEASED, mark_of(incoming.headers, recipient.spelled), incoming.at):
                return False
        for recipient in concerned:  # known again once: whoever sends the same mail after us is a stranger
            await self.store.lists.remove(RELEASED, mark_of(incoming.headers, recipient.spelled))
        return True

    async def _authorship(self, incoming: Incoming, concerned: tuple[Recipient, ...]) -> Authorship:
        own = [each.address for each in concerned if each.address is not None]
        found = authorship(incoming.headers, incoming.sender, incoming.results, own, incoming.at)
        if found.proven and found.answers and not await self._is_known_thread(found, incoming):
            return replace(found, proven=False, reason="answers-nothing-of-ours")
        return found

    async def _is_known_thread(self, found: Authorship, incoming: Incoming) -> bool:
        """An answer counts where its author is proven, or it answers a mail that we let out to him."""
        if found.author is None or await self.store.ledger.proven(found.author.proof_key, incoming.at):
            return found.author is not None
        for answered in found.answers[:_ANSWERS_LOOKED_UP]:
            for name in (SENT, SOLICITED):
                if await self.store.lists.has(name, letter_key(self.portal.name, answered, found.author), incoming.at):
                    return True
        return False

    async def _is_first(self, event: Mail, judged: Judged, found: Authorship) -> bool:
        """A signed mail can be sent again by anybody: the same id of the same author counts once, whoever asks at once."""
        key = letter_key(self.portal.name, found.message_id, found.author or NOBODY)
        once = Decision(reservations=(Reservation(name=ONCE, key=key, limit=1, window=_REMEMBERED),))
        receipt = await self.store.ledger.commit(event, judged.verdict, judged.meters, judged.readings, once)
        return receipt.taken is not None

    def _event(self, incoming: Incoming, recipient: Recipient, found: Authorship) -> Mail:
        subject = incoming.headers.text("subject")[:998]
        return Mail(
            event_id=reference(self.fresh(8)),
            portal=self.portal.name,
            at=incoming.at,
            direction=Direction.PORTAL_IN,
            recipient=recipient.address or NOBODY,
            envelope=incoming.envelope(recipient),
            header_from=found.author,
            identity=identity(incoming.headers, found.author, None),
            automatic=found.automatic.value if found.automatic else "",
            auth=incoming.results,
            authenticated=found.proven,
            message_id=found.message_id,
            thread=found.answers,
            subject=subject,
            reason=found.reason,
        )

    # --- what happens ---

    def _waits(self, judged: Judged, found: Authorship, others: tuple[Recipient, ...]) -> bool:
        """Whether the mail is held: then its entry is written with it."""
        action = self._action(judged, found, judged.verdict.action, others)
        return self.mode is Mode.ENFORCE and action in {Action.CHALLENGE, Action.HOLD}

    async def _done(
        self,
        incoming: Incoming,
        event: Mail,
        judged: Judged,
        found: Authorship,
        parts: tuple[tuple[Recipient, ...], tuple[Recipient, ...]],
    ) -> Inward:
        action = self._action(judged, found, judged.verdict.action, parts[1])
        inward = Inward(
            action=Action.ACCEPT if self.mode is Mode.OBSERVE else action,
            advised=self._action(judged, found, judged.verdict.advised, parts[1]),
            id=event.event_id,
            reason=found.reason,
            concerned=parts[0],
            others=parts[1],
        )
        if self._waits(judged, found, parts[1]):
            await self._hold(incoming, event, judged, found, inward)
            return inward
        if self.mode is Mode.OBSERVE or action in {Action.DEFER, Action.REJECT}:
            return inward
        if found.proven and found.author is not None and found.message_id:
            key = letter_key(self.portal.name, found.message_id, found.author)
            await self.store.lists.add(SOLICITED, key, event.at, event.at + _REMEMBERED, at_most=_SOLICITED_MAX)
        return replace(inward, moved=await self._moved(incoming, inward.concerned))

    def _action(self, judged: Judged, found: Authorship, said: Action, others: tuple[Recipient, ...]) -> Action:
        """The listener's way with what is unproven, in place of the engine's plain "challenge"."""
        if judged.degraded:
            return Action.QUIET if self.silent else Action.DEFER
        if said is Action.REJECT and others:
            return Action.HOLD  # one answer for all recipients: a refusal would take the mail from the others, too
        if said is not Action.CHALLENGE:
            return said
        if found.automatic is not None:
            return self._action_for_a_program(found.automatic)
        if self.unproven in {Unproven.QUIET, Unproven.UNMEASURED}:
            return Action.QUIET
        asked = self.unproven is Unproven.CHALLENGE and found.author is not None
        return Action.CHALLENGE if asked else Action.HOLD

    def _action_for_a_program(self, kind: Kind) -> Action:
        """Automatic mail is never answered, and nobody is asked about it."""
        answers_itself = kind in {Kind.ANSWER, Kind.NOTICE, Kind.REPORT}
        quiet = self.silent or self.unproven is Unproven.UNMEASURED or (self.drops and answers_itself)
        return Action.QUIET if quiet else Action.HOLD

    async def _hold(self, incoming: Incoming, event: Mail, judged: Judged, found: Authorship, inward: Inward) -> None:
        if incoming.content is None or len(inward.concerned) > RECIPIENTS_JUDGED:
            raise NoRoom
        moved = await self._moved(incoming, inward.concerned)
        told = [(MOVED_FIELD, moved.told)] if moved.told else []
        content = rewrite(incoming.content, moved.replaced, told) if moved.replaced else incoming.content
        for number, recipient in enumerate(inward.concerned):
            copy = Copy(
                whose=found.author or recipient.address or NOBODY,
                mail=HeldMail(
                    listener=self.name,
                    direction=Direction.PORTAL_IN,
                    sender=incoming.sender or "",
                    recipient=recipient.spelled,
                ),
                content=content,
                subject=event.subject,
                portal=self.portal.name,
                lasts=self.held_for,
                ask=inward.action is Action.CHALLENGE and self.portal.options.proof is not ProofMode.MAIL_FIRST,
            )
            one = event if not number else replace(event, event_id=reference(self.fresh(8)))
            await self.holding.hold(copy, one, judged, self.portal.options)

    async def _moved(self, incoming: Incoming, concerned: Iterable[Recipient]) -> Moved:
        """Who else the header names goes out of it, unless proven, ours, or in ``keep``."""
        ours = {each.address.proof_key for each in concerned if each.address} | self.addresses
        stay: set[str] = set()
        for number, address in enumerate(named(incoming.headers)):
            if (
                address.proof_key in ours
                or is_among(address, self.keep)
                or (number < _COPIES_LOOKED_UP and await self.store.ledger.proven(address.proof_key, incoming.at))
            ):
                stay.add(address.proof_key)
        return move(incoming.headers, lambda address: address.proof_key in stay)

    # --- first mails of the form ---

    async def _prove(self, incoming: Incoming, proving: list[Recipient], others: list[Recipient]) -> Inward:
        found = judge_first_mail(incoming.headers, incoming.sender, incoming.results)
        answer: NoProof | str
        if isinstance(found, NoProof):
            answer = found
        else:
            request = await self.proving.by_mail(found.code, found.sender, incoming.at)
            answer = NoProof("unknown-code", UNKNOWN_CODE) if request is None else request.id
        if isinstance(answer, NoProof):
            self.journal.not_a_proof(answer.word)
        return Inward(
            action=Action.ACCEPT,
            advised=Action.ACCEPT,
            id="",
            reason="first-mail",
            concerned=tuple(proving),
            others=tuple(others),
            proof=answer,
        )
