"""A wave: its members, tenants and texts, and the mails that may be hidden in it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, final

from stillpost.scan.detail import Detail
from stillpost.scan.needle import may_be_needle
from stillpost.scan.note import Note
from stillpost.scan.relations import Relation

BETWEEN_MAX: Final = 20_000  # mails of known people looked at for one wave; the latest go first
TEXTS_MAX: Final = 20_000  # keys of texts kept for one wave; no new ones beyond it
MEMBERS_MAX: Final = 250_000  # of one wave; more are counted and not kept


@final
@dataclass(frozen=True, slots=True)
class Member:
    """One mail of a wave. ``tail``: it came after the wave, from somebody who took part in it. ``suspect``: it speaks of
    money, security or an order, and may be no part of the wave after all.
    """

    note: Note
    tenant: str
    keys: tuple[str, ...]
    tail: bool = False
    suspect: bool = False


@final
@dataclass(slots=True)
class Sender:
    """Everything one tenant or organization sent in a wave; ``detail`` is that of its best vouched mail, ``note`` its place."""

    identity: str
    detail: Detail
    note: Note
    first: float
    last: float
    messages: int = 0
    dmarc: bool = True


@final
@dataclass(slots=True)
class Text:
    """One text that came from several senders; ``sample`` is one of them as it came."""

    senders: set[str]
    sample: str
    messages: int = 0


@final
@dataclass(slots=True)
class Wave:
    """What is known of a wave so far. Times are seconds since 1970; ``dense_end``: its last mail before the tail."""

    number: int
    alarm: float
    reason: str
    evidence: dict[str, str | int | float]
    dense_end: float = 0.0
    by_text: bool = True  # no burst of newcomers, as yet
    before_alarm: int = 0
    not_kept: int = 0  # mails beyond MEMBERS_MAX
    members: list[Member] = field(default_factory=list)
    digests: set[bytes] = field(default_factory=set)
    senders: dict[str, Sender] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    between: list[tuple[Note, Relation]] = field(default_factory=list)
    by_hand: list[tuple[Note, Detail]] = field(default_factory=list)

    @property
    def is_cold(self) -> bool:
        """Whether too little of the mailbox's past was known when it began."""
        return bool(self.evidence.get("cold"))

    @property
    def messages(self) -> int:
        """How many mails it has."""
        return len(self.members) + self.not_kept

    @property
    def first(self) -> float:
        """When its first mail came."""
        return min(member.note.at for member in self.members)

    @property
    def last(self) -> float:
        """When its last mail came, tail included."""
        return max(member.note.at for member in self.members)

    @property
    def organizations(self) -> int:
        """How many tenants and organizations took part."""
        return len(self.senders)

    def add(self, note: Note, detail: Detail, *, tail: bool = False) -> None:
        """A mail is a member."""
        if len(self.members) >= MEMBERS_MAX:
            self.not_kept += 1
            return
        self.digests.add(note.digest)
        self.members.append(Member(note, note.identity, detail.keys, tail, may_be_needle(detail, cold=self.is_cold)))
        if not tail:
            self.dense_end = max(self.dense_end, note.at)
        if note.at < self.alarm:
            self.before_alarm += 1
        sender = self.senders.get(note.identity)
        if sender is None:
            sender = self.senders[note.identity] = Sender(note.identity, detail, note, note.at, note.at)
        elif detail.authenticated and not sender.detail.authenticated:
            sender.detail, sender.note = detail, note
        sender.messages += 1
        sender.dmarc = sender.dmarc and detail.dmarc == "pass"
        sender.first, sender.last = min(sender.first, note.at), max(sender.last, note.at)
        self._add_texts(note, detail)

    def remove(self, members: Collection[Member]) -> None:
        """These mails are no members after all."""
        gone = {id(member) for member in members}
        self.members = [member for member in self.members if id(member) not in gone]
        for member in members:
            self.before_alarm -= member.note.at < self.alarm
            sender = self.senders[member.tenant]
            sender.messages -= 1
            if not sender.messages:
                del self.senders[member.tenant]

    def shared_keys(self, senders: int = 2) -> frozenset[str]:
        """The keys of texts that came from at least so many senders."""
        return frozenset(key for key, text in self.texts.items() if len(text.senders) >= senders)

    def _add_texts(self, note: Note, detail: Detail) -> None:
        for key in detail.keys:
            text = self.texts.get(key)
            if text is None:
                if len(self.texts) >= TEXTS_MAX:
                    continue
                text = self.texts[key] = Text(set(), detail.subject if key.startswith("s") else detail.text)
            text.senders.add(note.identity)
            text.messages += 1


def shared_texts(wave: Wave) -> list[Text]:
    """The texts that came from several senders, most senders first; a text with many keys is told once."""
    found = sorted(
        (text for text in wave.texts.values() if len(text.senders) > 1),
        key=lambda text: (-len(text.senders), -text.messages, text.sample),
    )
    told: dict[frozenset[str], Text] = {}
    for text in found:
        told.setdefault(frozenset(text.senders), text)
    return list(told.values())


def notes_of(members: Iterable[Member]) -> list[Note]:
    """The notes of members."""
    return [member.note for member in members]
