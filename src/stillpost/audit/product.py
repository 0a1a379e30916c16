"""What the audit asks of a product: how its templates read and what a change to them looks like.

A helpdesk folder implements it; ``audit`` knows no product by name but in ``rules``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, final

from stillpost.audit.desk import Audience, Channel, Desk, Notice, Occasion, Reaction, Template
from stillpost.audit.logic import Conjunction, State, Tri

if TYPE_CHECKING:
    from stillpost.audit.exposure import Exposure


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the stranger types: invented words, a victim's address at an example domain."""

    name: str
    email: str
    subject: str
    text: str
    cc: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The moment a notice is rendered: which reaction, on which occasion, for whom, with the request as it then is."""

    desk: Desk
    channel: Channel
    occasion: Occasion
    reaction: Reaction
    notice: Notice
    audience: Audience
    state: State
    request: Request


@final
@dataclass(frozen=True, slots=True)
class Leak:
    """A stranger's words that may reach a mail.

    ``source``: which part of the request ("subject", "name", "text", "cc", "file", "field:ID"). ``placeholder`` as
    written; ``path`` and ``line`` (from 1) say where it stands, ``template`` which template of the notice prints it
    (they differ where a template brings in another text). ``tri`` NO: it stands there, but the product blanks it.
    ``inferred``: what the judgement rests on where it is not documented. ``needs``: what must hold of the request when
    the notice goes out, or the words are not in it. ``via``: the texts from the template to where it stands.
    """

    source: str
    tri: Tri
    placeholder: str
    path: str
    line: int
    template: str
    inferred: str = ""
    needs: Conjunction = ()
    via: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered template. ``why`` says what keeps it from being exactly what the product would send.

    ``fields``: further choices of the stranger that this text needs (a language, say).
    """

    text: str
    exact: bool = True
    why: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One changed field of the settings: its path in the snapshot, old and new value, why, and what is lost by it."""

    path: str
    old: object
    new: object
    why: str
    loses: str = ""


class Aim(StrEnum):
    """What a fix is to stop: the stranger's words and copies, or all mail to addresses nobody proved."""

    CONTENT = "content"
    VOLUME = "volume"


class Product(Protocol):
    """One product with one snapshot of its settings: pure, no I/O, no clock."""

    @property
    def name(self) -> str:
        """The product's name as on the command line."""
        ...

    @property
    def desk(self) -> Desk:
        """The settings as the audit reads them."""
        ...

    def leaks(self, template: Template, scene: Scene) -> tuple[Leak, ...]:
        """Every stranger's word that may reach the text, whatever branch is taken; complete, never fewer."""
        ...

    def render(self, template: Template, scene: Scene, *, toward: Leak | None = None) -> Rendered:
        """The text as the product would write it; ``toward``: choose what the stranger can so that this leak shows."""
        ...

    def remedies(self, left: Sequence["Exposure"], aim: Aim, attempt: int) -> tuple[Edit, ...]:
        """The fewest edits that stop these exposures and keep what can be kept; with each ``attempt`` rougher ones.

        () if nothing can be done about them in these settings.
        """
        ...

    def changed(self, edits: Sequence[Edit]) -> "Product":
        """The product with these fields of its settings changed, read again from the start."""
        ...
