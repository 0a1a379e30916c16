"""The past of a mailbox through the engine that also judges live mail.

Only mail that could matter is judged: newcomers', and what a wave is remembered of. For everybody else no detector has a
word but the mailbox's age, which its first mail tells.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol, final

from stillpost.engine.detectors import RECIPIENT_DETECTORS
from stillpost.engine.engine import Engine
from stillpost.engine.policy import Policy
from stillpost.guard import Guard
from stillpost.mail.addresses import parse
from stillpost.mail.addresses import read as read_address
from stillpost.mail.automatic import Kind as Automatic
from stillpost.model import Address, Direction, Envelope, Mail, Symbol, Tenant
from stillpost.scan.detail import Detail
from stillpost.scan.note import DRAFT, SENT, Note
from stillpost.scan.relations import Relation, Relations
from stillpost.scan.wave import Wave
from stillpost.scan.waves import Waves
from stillpost.store.memory import memory_store

PORTAL: Final = "mailbox"
NOBODY: Final = parse("owner@mailbox.example")  # a mailbox whose address nobody told; it is only a key here

_POLICY = Policy()


@final
@dataclass(slots=True)
class Counts:
    """How many mails came through, how they are told in time, and from when to when."""

    messages: int = 0
    copies: int = 0
    sent: int = 0
    newcomers: int = 0
    first: float | None = None
    last: float | None = None
    clocks: dict[int, int] = field(default_factory=dict)


class Look(Protocol):
    """How a mail's detail is read, without its text where that is not asked for; None where the mail is gone."""

    def __call__(self, note: Note, *, text: bool = True) -> Detail | None:
        """Read."""
        ...


@final
class Replay:
    """One mailbox, mail by mail in order of arrival.

    ``owner`` is the mailbox's address. ``seen`` is told of every newcomer's mail with what the detectors saw, and
    whether it became a member of a wave.
    """

    def __init__(
        self,
        relations: Relations,
        look: Look,
        owner: Address = NOBODY,
        seen: Callable[[Note, tuple[Symbol, ...], bool], None] = lambda *_: None,
    ) -> None:
        self.counts = Counts()
        self.relations = relations
        self.waves = Waves(relations.disown)
        self._look = look
        self._seen = seen
        self._owner = owner
        self._guard = Guard(Engine(RECIPIENT_DETECTORS), memory_store().meters, _broken)
        self._last: tuple[float, bytes] = (0.0, b"")
        self._copy: Note | None = None

    async def run(self, notes: Iterable[Note]) -> list[Wave]:
        """Take in notes in order; the waves found so far."""
        for note in notes:
            await self.take(note)
        return self.waves.found

    async def take(self, note: Note) -> None:
        """Take in the next mail."""
        if (note.at, note.digest) == self._last:
            self.counts.copies += 1
            return
        self._last = (note.at, note.digest)
        if note.kind == DRAFT:
            return
        self._count(note)
        if note.kind == SENT:
            self.relations.wrote(note)
            return
        relation = self.relations.of(note)
        in_wave = relation in {None, Relation.ACCEPTED} and self.waves.remembers(note)
        if relation is not None and not in_wave:
            if self.counts.messages == 1:
                await self._judge(note, None, known=True, in_wave=False)
            self.waves.passed(note, relation)
            self.relations.accept(note, relation)
            return
        await self._newcomer(note, in_wave=in_wave)

    async def _newcomer(self, note: Note, *, in_wave: bool) -> None:
        if self.relations.in_thread(note):
            head = self._look(note, text=False)
            if head is None:
                return
            if not head.by_program:
                self.waves.passed(note, Relation.THREAD)
                self.relations.accept(note, Relation.THREAD)
                return
        detail = self._look(note)
        if detail is None:
            return
        self.counts.newcomers += 1
        symbols = await self._judge(note, detail, known=False, in_wave=in_wave)
        is_member = self.waves.judged(note, detail, symbols)
        self._seen(note, symbols, is_member)
        if not is_member:
            self.relations.accept(note, None)

    async def _judge(self, note: Note, detail: Detail | None, *, known: bool, in_wave: bool) -> tuple[Symbol, ...]:
        event = event_of(note, detail, self._owner, known=known, in_wave=in_wave)
        return (await self._guard.decide(event, _POLICY)).verdict.symbols

    def _count(self, note: Note) -> None:
        counts = self.counts
        counts.messages += 1
        counts.sent += note.kind == SENT
        counts.clocks[note.clock] = counts.clocks.get(note.clock, 0) + 1
        counts.first = note.at if counts.first is None else counts.first
        counts.last = note.at


def event_of(note: Note, detail: Detail | None, owner: Address, *, known: bool, in_wave: bool) -> Mail:
    """The event that a mail is to the engine."""
    tenant = None
    if detail is not None and detail.platform:
        tenant = Tenant(
            platform=detail.platform,
            tenant=detail.tenant,
            organization=detail.organization,
            ticket=detail.ticket,
            authenticated=bool(detail.tenant),
        )
    return Mail(
        event_id=note.digest.hex(),
        portal=PORTAL,
        at=datetime.fromtimestamp(note.at, UTC),
        direction=Direction.RECIPIENT,
        recipient=owner,
        envelope=Envelope(),
        header_from=read_address(detail.address) if detail and detail.address else None,
        identity=note.identity,
        tenant=tenant,
        automatic=_automatic(detail) if detail else "",
        authenticated=detail.authenticated if detail else False,
        message_id=note.message_id,
        thread=note.thread,
        list_id=detail.list_id if detail else "",
        fingerprint=detail.keys if detail else (),
        subject=detail.subject if detail else "",
        known=known,
        in_wave=in_wave,
    )


def _automatic(detail: Detail) -> str:
    return detail.automatic or (Automatic.MARKED.value if detail.by_program else "")


def _broken(place: str, error: BaseException) -> None:
    """Nobody's mail waits for us here; a bug is said."""
    del place
    raise error
