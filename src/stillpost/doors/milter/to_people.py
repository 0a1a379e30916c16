"""``role = "recipient"``: what a verdict means for mail that arrives for people, said to the mail server.

Everything that fails lets the mail go on: a person misses nothing because of us.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from stillpost.doors.milter import codec
from stillpost.doors.milter.answer import CONTINUE, Answer, ChangeField, Edit, InsertField, RemoveRecipient, Say
from stillpost.doors.milter.arriving import Trust, incoming_of, recipient_of
from stillpost.doors.milter.portal_in import ADVICE_FIELD
from stillpost.doors.milter.session import Arrived, Profile
from stillpost.journal import Journal
from stillpost.mail.message import MessageError
from stillpost.model import Action, Mode
from stillpost.reception.mail import key_of
from stillpost.reception.people import UNTOUCHED, Delivered, People

ACTIONS: Final = codec.ADD_HEADERS | codec.CHANGE_HEADERS | codec.DELETE_RECIPIENTS


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ToPeople:
    """The door's side of one listener."""

    people: People
    trust: Trust
    journal: Journal
    clock: Callable[[], datetime]
    body_max_bytes: int

    @property
    def profile(self) -> Profile:
        """In observe mode nothing is held, so no body is needed."""
        keeps = self.people.mode is Mode.ENFORCE
        return Profile(actions=ACTIONS, body_max_bytes=self.body_max_bytes if keeps else 0)

    async def decide(self, arrived: Arrived) -> Answer:
        """The answer about one mail."""
        if arrived.overfull:
            return CONTINUE
        try:
            incoming = incoming_of(arrived, self.clock(), self.trust)
        except MessageError:
            return CONTINUE
        forged = [
            ChangeField(ADVICE_FIELD, nth) for nth in range(len(incoming.headers.all(ADVICE_FIELD.lower())), 0, -1)
        ]
        return self.answer(arrived, await self.people.decide(incoming), tuple(forged))

    def failed(self, arrived: Arrived, error: BaseException) -> Answer:
        """A bug of ours: the mail goes on."""
        self.journal.failed(f"milter {self.people.name}", error)
        self.journal.milter(self.people.name, "failed")
        return CONTINUE

    def broken(self, error: BaseException) -> None:
        """A peer that does not speak the protocol."""
        self.journal.milter(self.people.name, "broken", text=str(error)[:200])

    def answer(self, arrived: Arrived, delivered: Delivered, forged: tuple[Edit, ...] = ()) -> Answer:
        """Reception's word in the words of the protocol."""
        if delivered is UNTOUCHED:
            return Answer(edits=forged)
        held = {key_of(each) for each in delivered.held}
        if held and not delivered.passed:
            return Answer(Say.DISCARD)  # every recipient has his copy with us
        edits = list(forged)
        said = delivered.advised is not Action.ACCEPT or delivered.reason == "store"
        if delivered.reason and said and not held:
            edits.append(InsertField(ADVICE_FIELD, f"{delivered.advised}; reason={delivered.reason}".encode("ascii")))
        edits += [RemoveRecipient(raw) for raw in arrived.recipients if key_of(recipient_of(raw)) in held]
        return Answer(edits=tuple(edits))
