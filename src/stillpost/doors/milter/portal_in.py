"""``role = "portal-in"``: what a verdict means for mail to a support address, said to the mail server.

The portal's own recipients get what the verdict says; others in the same envelope are none of ours and keep their mail.
What a stranger wrote into fields of our name goes out of every mail first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from stillpost.doors.milter import codec
from stillpost.doors.milter.answer import CONTINUE, Answer, ChangeField, Edit, InsertField, Refuse, RemoveRecipient, Say
from stillpost.doors.milter.arriving import Trust, incoming_of, recipient_of
from stillpost.doors.milter.session import Arrived, Profile
from stillpost.intake.first_mail import NoProof
from stillpost.journal import Journal
from stillpost.language import N_, in_ascii, translate
from stillpost.mail.copies import Moved
from stillpost.mail.message import MessageError
from stillpost.model import Action, Mode
from stillpost.reception.holding import NoRoom
from stillpost.reception.inbound import MOVED_FIELD, UNTOUCHED, Inbound, Inward
from stillpost.reception.mail import Incoming, key_of
from stillpost.store.protocol import StoreError

ADVICE_FIELD: Final = "Stillpost-Advice"
"""What would have happened in enforce mode, and why; in every mail that the milter let through against its advice."""
ACTIONS: Final = codec.ADD_HEADERS | codec.CHANGE_HEADERS | codec.DELETE_RECIPIENTS
REFUSED: Final = N_("This mail cannot be taken; please quote {id}.")
NOT_NOW: Final = N_("We cannot take this mail right now; please try again later")
TOO_LARGE: Final = N_("Header or envelope of this mail are too large.")
_OURS: Final = (ADVICE_FIELD.lower(), MOVED_FIELD.lower())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PortalIn:
    """The door's side of one listener. ``language``: of the sentences in refusals."""

    inbound: Inbound
    trust: Trust
    journal: Journal
    clock: Callable[[], datetime]
    body_max_bytes: int
    language: str = "en"

    @property
    def profile(self) -> Profile:
        """In observe mode nothing is held, so no body is needed."""
        keeps = self.inbound.mode is Mode.ENFORCE
        return Profile(actions=ACTIONS, body_max_bytes=self.body_max_bytes if keeps else 0)

    async def decide(self, arrived: Arrived) -> Answer:
        """The answer about one mail. What is raised here is answered for by ``failed``."""
        if arrived.overfull:
            return self._unreadable("overfull")
        try:
            incoming = incoming_of(arrived, self.clock(), self.trust)
        except MessageError:
            return self._unreadable("unreadable")
        try:
            inward = await self.inbound.decide(incoming)
        except (StoreError, NoRoom) as error:
            self.journal.failed("store", error)
            inward = self.inbound.decide_blindly(incoming)
        return self.answer(arrived, incoming, inward)

    def failed(self, arrived: Arrived, error: BaseException) -> Answer:
        """A bug of ours: the product that keeps quiet gets a quiet ticket, any other server tries again later."""
        self.journal.failed(f"milter {self.inbound.name}", error)
        self.journal.milter(self.inbound.name, "failed")
        if self.inbound.mode is Mode.OBSERVE:
            return CONTINUE
        try:
            incoming = incoming_of(arrived, self.clock(), self.trust)
        except MessageError:
            return self._later()
        return self.answer(arrived, incoming, self.inbound.decide_blindly(incoming))

    def broken(self, error: BaseException) -> None:
        """A peer that does not speak the protocol."""
        self.journal.milter(self.inbound.name, "broken", text=str(error)[:200])

    def answer(self, arrived: Arrived, incoming: Incoming, inward: Inward) -> Answer:
        """Reception's word in the words of the protocol."""
        if inward is UNTOUCHED:
            return CONTINUE
        if inward.proof is not None:
            return self._answer_proof(arrived, inward)
        advice: tuple[Edit, ...] = ()
        if inward.advised is not inward.action or inward.action is Action.TAG:
            advice = (InsertField(ADVICE_FIELD, _advice(inward).encode("ascii")),)
        clean = (*_without_ours(incoming), *advice)
        return ANSWERS[inward.action](self, arrived, incoming, inward, clean)

    # --- one method for each action; the table below is total -----------------------------------------------------------

    def _accept(self, arrived: Arrived, incoming: Incoming, inward: Inward, clean: tuple[Edit, ...]) -> Answer:
        return Answer(edits=(*clean, *_moved(inward.moved)))

    def _quiet(self, arrived: Arrived, incoming: Incoming, inward: Inward, clean: tuple[Edit, ...]) -> Answer:
        marks = len(incoming.headers.all("auto-submitted"))
        gone = [ChangeField("Auto-Submitted", nth) for nth in range(marks, 0, -1)]
        mark = InsertField("Auto-Submitted", b"auto-replied")
        return Answer(edits=(*clean, *gone, mark, *_moved(inward.moved)))

    def _hold(self, arrived: Arrived, incoming: Incoming, inward: Inward, clean: tuple[Edit, ...]) -> Answer:
        return self._without_concerned(arrived, inward)

    def _defer(self, arrived: Arrived, incoming: Incoming, inward: Inward, clean: tuple[Edit, ...]) -> Answer:
        return self._later()

    def _reject(self, arrived: Arrived, incoming: Incoming, inward: Inward, clean: tuple[Edit, ...]) -> Answer:
        if inward.others:
            return self._without_concerned(arrived, inward)
        return self._refuse(REFUSED, id=inward.id)

    # --- what they are made of ------------------------------------------------------------------------------------------

    def _answer_proof(self, arrived: Arrived, inward: Inward) -> Answer:
        if isinstance(inward.proof, NoProof) and not inward.others:
            return self._refuse(inward.proof.sentence)
        return self._without_concerned(arrived, inward)

    def _without_concerned(self, arrived: Arrived, inward: Inward) -> Answer:
        """The portal's recipients have what they get; where nobody else is left, the mail server's copy may go."""
        if not inward.others:
            return Answer(Say.DISCARD)
        ours = {key_of(each) for each in inward.concerned}
        return Answer(
            edits=tuple(RemoveRecipient(raw) for raw in arrived.recipients if key_of(recipient_of(raw)) in ours)
        )

    def _unreadable(self, what: str) -> Answer:
        self.journal.milter(self.inbound.name, what)
        return CONTINUE if self.inbound.mode is Mode.OBSERVE else self._refuse(TOO_LARGE, "5.6.0")

    def _refuse(self, text: str, enhanced: str = "5.7.1", **values: str) -> Answer:
        said = in_ascii(translate(text, self.language)).format(**values)
        return Answer(Refuse(550, enhanced, said))

    def _later(self) -> Answer:
        return Answer(Refuse(451, "4.7.1", in_ascii(translate(NOT_NOW, self.language))))


ANSWERS: Final[Mapping[Action, Callable[[PortalIn, Arrived, Incoming, Inward, tuple[Edit, ...]], Answer]]] = {
    Action.ACCEPT: PortalIn._accept,  # noqa: SLF001  # the table of this very class
    Action.TAG: PortalIn._accept,  # noqa: SLF001  # as above
    Action.QUIET: PortalIn._quiet,  # noqa: SLF001  # as above
    Action.CHALLENGE: PortalIn._hold,  # noqa: SLF001  # as above
    Action.DEFER: PortalIn._defer,  # noqa: SLF001  # as above
    Action.HOLD: PortalIn._hold,  # noqa: SLF001  # as above
    Action.REJECT: PortalIn._reject,  # noqa: SLF001  # as above
}
"""What each action means here (the table of the design, column "mail into the portal")."""


def _advice(inward: Inward) -> str:
    return f"{inward.advised}; reason={inward.reason}; id={inward.id}"


def _without_ours(incoming: Incoming) -> tuple[Edit, ...]:
    return tuple(ChangeField(name, nth) for name in _OURS for nth in range(len(incoming.headers.all(name)), 0, -1))


def _moved(moved: Moved) -> tuple[Edit, ...]:
    """Fields are taken out last first, since the numbers of the others move."""
    edits: list[Edit] = [
        ChangeField(each.name.title(), each.nth, each.value.encode("ascii"))
        for each in sorted(moved.replaced, key=lambda each: -each.nth)
    ]
    if moved.told:
        edits.append(InsertField(MOVED_FIELD, moved.told.encode("ascii")))
    return tuple(edits)
