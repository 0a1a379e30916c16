"""A helpdesk as the audit sees it: channels, reactions, notices, facts; the same words for every product.

A helpdesk folder translates its product's settings into one ``Desk``. Everything says where it is known from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from typing import final

from stillpost.audit.logic import ALWAYS, Condition, Domain, Tri


class Provenance(IntEnum):
    """How a fact is known, weakest first: nobody can tell, assumed (the product's default), attested, read."""

    UNKNOWN = 0
    ASSUMED = 1
    ATTESTED = 2
    READ = 3

    @property
    def word(self) -> str:
        """The value as people and JSON read it."""
        return ("unknown", "assumed", "attested", "read")[self]


@final
@dataclass(frozen=True, slots=True)
class Sentence:
    """What people read: an English text with ``{placeholders}``, translated when shown, filled from ``values``."""

    text: str
    values: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format_map(self.values) if self.values else self.text


@final
@dataclass(frozen=True, slots=True)
class Fact:
    """One setting of the helpdesk: its value (None while unknown), how it is known, where it stands."""

    value: bool | None
    provenance: Provenance
    where: str

    @property
    def tri(self) -> Tri:
        """The value in three-valued logic."""
        return Tri.PERHAPS if self.value is None else Tri.YES if self.value else Tri.NO


UNREAD = Fact(None, Provenance.UNKNOWN, "")


class Audience(StrEnum):
    """Whom a recipient of a notice is, seen from the stranger who made the request."""

    REQUESTER = "requester"
    COPIES = "copies"
    STAFF = "staff"
    FIXED = "fixed"


class Reach(StrEnum):
    """Which addresses a stranger can have mailed.

    ``anyone``; ``unprotected``: only at domains without an enforced DMARC policy; ``customers``: only addresses the
    helpdesk already knows; ``with-agent``: anyone, but a person of the helpdesk has to act first; ``staff``: the
    helpdesk's own people.
    """

    ANYONE = "anyone"
    UNPROTECTED = "unprotected"
    CUSTOMERS = "customers"
    WITH_AGENT = "with-agent"
    STAFF = "staff"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way into the helpdesk.

    ``open``: whether a stranger may use it with somebody else's address. ``values`` are the domains of the request's
    variables on this way in. ``copies``: whether the stranger can name further addresses that are mailed.
    ``occasions``: what can come about by a request on this channel, its arrival among them.
    """

    id: str
    title: str
    open: Tri
    provenance: Provenance
    why: Sentence
    values: Mapping[str, Domain]
    copies: Tri = Tri.NO
    copies_why: str = ""
    reach: Reach = Reach.ANYONE
    occasions: frozenset[str] = frozenset({"created"})


class Op(StrEnum):
    """What an effect does to a variable of the request."""

    SET = "set"
    ADD = "add"
    REMOVE = "remove"
    COMMENT = "comment"


@final
@dataclass(frozen=True, slots=True)
class Effect:
    """A change a reaction makes to the request. ``doubt`` says why it is not sure that it does (then it may)."""

    variable: str
    op: Op
    values: tuple[str, ...] = ()
    doubt: str = ""


class NoticeKind(StrEnum):
    """Which of the mail paths of a helpdesk a notice is."""

    CONFIRMATION = "confirmation"
    REJECTION = "rejection"
    LIMIT = "limit-notice"
    ACCOUNT = "account-mail"
    UPDATE = "update"


@final
@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders. ``path`` is its place in the snapshot; ``syntax`` tells the product how to read it."""

    path: str
    source: str
    syntax: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A mail a reaction sends: to whom, and from which templates. ``recipient_path`` is where the audience is set.

    ``medium`` is mail, sms or a product's own way; ``exempt``: the product blanks nothing in it. ``only_on``: the
    occasions on which the audience is meant (empty: all). ``inferred``: what rests on inference.
    """

    id: str
    kind: NoticeKind
    audience: tuple[Audience, ...]
    subject: Template | None
    text: Template | None
    html: Template | None = None
    recipient: str = ""
    recipient_path: str = ""
    medium: str = "mail"
    exempt: bool = False
    inferred: str = ""
    only_on: frozenset[str] = frozenset()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Something the helpdesk does by itself: on which occasions, under which condition, with which effects and mails.

    ``path`` is its place in the snapshot; ``order`` its place among the others. ``prints`` are variables its notices
    show, besides the words.
    """

    id: str
    title: str
    kind: str
    path: str
    order: int
    occasions: frozenset[str]
    when: Condition = ALWAYS
    effects: tuple[Effect, ...] = ()
    notices: tuple[Notice, ...] = ()
    prints: frozenset[str] = frozenset()


class Trigger(StrEnum):
    """What starts an occasion.

    ``request``: the stranger's request arrives. ``echo``: a reaction's own comment is an update. ``participant``: an
    address the stranger put in copy answers. ``second``: anybody writes again to what was made. ``time``: hours pass.
    ``answer``: what was mailed answers by itself (an autoresponder). ``agent``: a person of the helpdesk acts.
    """

    REQUEST = "request"
    ECHO = "echo"
    PARTICIPANT = "participant"
    SECOND = "second"
    TIME = "time"
    ANSWER = "answer"
    AGENT = "agent"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A moment at which the helpdesk runs its reactions. ``values`` override the channel's domains.

    ``doubt``: why it is not sure that a stranger can bring it about. ``inferred``: what of it rests on inference.
    """

    id: str
    trigger: Trigger
    values: Mapping[str, Domain] = field(default_factory=dict)
    doubt: str = ""
    inferred: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something the settings did not show: what, why, and how to find out."""

    id: str
    what: Sentence
    how: Sentence


class Shape(Enum):
    """What a variable is: one value, or a set of members."""

    VALUE = "value"
    SET = "set"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One helpdesk. ``grants`` maps a member of a set variable to the choices of the stranger that bring it along."""

    product: str
    name: str
    channels: tuple[Channel, ...]
    occasions: tuple[Occasion, ...]
    reactions: tuple[Reaction, ...]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    grants: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    grants_into: str = "tags"

    def fact(self, name: str) -> Fact:
        """The fact, or an unknown one: a setting nobody read is never taken for fine."""
        return self.facts.get(name, UNREAD)
