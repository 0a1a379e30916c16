"""``role = "portal-out"``: what a verdict means for mail that leaves a helpdesk, said to the mail server.

Each recipient stays in the envelope or is taken out of it. There is no answer 4xx or 5xx here: what cannot be decided or
kept goes into the mail server's own hold queue, where an operator finds it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from stillpost.doors.milter import codec
from stillpost.doors.milter.answer import CONTINUE, Answer, Edit, InsertField, Quarantine, RemoveRecipient, Say
from stillpost.doors.milter.arriving import Trust, incoming_of, recipient_of
from stillpost.doors.milter.portal_in import ADVICE_FIELD
from stillpost.doors.milter.session import Arrived, Profile
from stillpost.journal import Journal
from stillpost.mail.message import MessageError
from stillpost.model import Mode
from stillpost.reception.mail import key_of
from stillpost.reception.outbound import UNTOUCHED, Outbound, Outward

ACTIONS: Final = codec.ADD_HEADERS | codec.CHANGE_HEADERS | codec.DELETE_RECIPIENTS | codec.QUARANTINE


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PortalOut:
    """The door's side of one listener."""

    outbound: Outbound
    journal: Journal
    clock: Callable[[], datetime]
    body_max_bytes: int

    @property
    def profile(self) -> Profile:
        """In observe mode nothing is held, so no body is needed."""
        keeps = self.outbound.mode is Mode.ENFORCE
        return Profile(actions=ACTIONS, body_max_bytes=self.body_max_bytes if keeps else 0)

    async def decide(self, arrived: Arrived) -> Answer:
        """The answer about one mail. What is raised here is answered for by ``failed``."""
        if arrived.overfull:
            return self._kept("overfull")
        try:
            incoming = incoming_of(arrived, self.clock(), Trust())
        except MessageError:
            return self._kept("unreadable")
        return self.answer(arrived, await self.outbound.decide(incoming))

    def failed(self, arrived: Arrived, error: BaseException) -> Answer:
        """A bug of ours: the mail server keeps the mail."""
        self.journal.failed(f"milter {self.outbound.name}", error)
        return self._kept("failed")

    def broken(self, error: BaseException) -> None:
        """A peer that does not speak the protocol."""
        self.journal.milter(self.outbound.name, "broken", text=str(error)[:200])

    def answer(self, arrived: Arrived, outward: Outward) -> Answer:
        """Reception's word in the words of the protocol."""
        if outward is UNTOUCHED:
            return CONTINUE
        edits: list[Edit] = []
        if outward.mark and self.outbound.mode is Mode.ENFORCE:
            edits.append(InsertField("Auto-Submitted", outward.mark.encode("ascii")))
        if outward.advised:
            reasons = ",".join(dict.fromkeys(outward.reasons))
            advice = f"challenge; recipients={len(outward.advised)}; reason={reasons}"
            edits.append(InsertField(ADVICE_FIELD, advice.encode("ascii")))
        held = {key_of(each) for each in outward.held}
        edits += [RemoveRecipient(raw) for raw in arrived.recipients if key_of(recipient_of(raw)) in held]
        if outward.kept_by_server:
            return Answer(edits=(*edits, Quarantine(f"stillpost: {outward.kept_by_server}")))
        if held and not outward.passed:
            return Answer(Say.DISCARD)  # every recipient has his copy with us
        return Answer(edits=tuple(edits))

    def _kept(self, why: str) -> Answer:
        enforced = self.outbound.mode is Mode.ENFORCE
        self.journal.milter(self.outbound.name, "quarantined" if enforced else "would-quarantine", why=why)
        return Answer(edits=(Quarantine(f"stillpost: {why}"),)) if enforced else CONTINUE
