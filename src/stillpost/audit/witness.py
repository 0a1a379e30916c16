"""The witness: the request a stranger would send, and the very mail that comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import final

from stillpost.audit.desk import Audience, Channel, Notice
from stillpost.audit.product import Leak, Product, Rendered, Request, Scene

VICTIM = "victim@example.com"
COPIED = ("copied-one@example.org", "copied-two@example.net")
OWN = "stranger@example.org"
_INVENTED = ("Quorvane", "Zimbrolt", "Fendaluri", "Makrosel", "Ulbinter", "Tarquesh", "Brivolano", "Oskerundi")


@final
@dataclass(frozen=True, slots=True)
class Words:
    """Invented words for one request: found in a mail, they can only be the stranger's."""

    name: str
    subject: str
    text: str


def words(constants: str) -> Words:
    """Three invented words that do not occur in the helpdesk's own texts (``constants``)."""
    seen = constants.casefold()
    free = [word for word in _INVENTED if word.casefold() not in seen]
    free += [f"{_INVENTED[0]}{n}" for n in "xyz"]
    return Words(*free[:3])


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The mail as the product would send it: recipients, subject, text."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Request and mail. ``exact`` False: the mail is close, and ``why`` says what could differ."""

    channel: str
    request: Request
    mail: Mail
    exact: bool
    why: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rendered notice: its subject, its text (as text and as HTML), and the fields the stranger has to choose."""

    subject: Rendered
    text: Rendered
    html: Rendered
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def why(self) -> tuple[str, ...]:
        """What keeps the draft from being exact."""
        return tuple(dict.fromkeys((*self.subject.why, *self.text.why)))


EMPTY = Rendered("")


def draft(product: Product, scene: Scene, toward: tuple[Leak, ...] = ()) -> Draft:
    """Render a notice, steering each template toward its first leak."""
    notice = scene.notice
    aims = {leak.template: leak for leak in reversed(toward)}
    subject = product.render(notice.subject, scene, toward=_aim(aims, notice.subject)) if notice.subject else EMPTY
    text = product.render(notice.text, scene, toward=_aim(aims, notice.text)) if notice.text else EMPTY
    html = product.render(notice.html, scene, toward=_aim(aims, notice.html)) if notice.html else EMPTY
    return Draft(subject=subject, text=text, html=html, fields={**subject.fields, **text.fields})


def _aim(aims: Mapping[str, Leak], template: object) -> Leak | None:
    return aims.get(getattr(template, "path", ""))


def request_of(channel: Channel, chosen: Mapping[str, object], copies: bool, given: Words) -> Request:
    """The request that makes these choices: words where the channel takes words, fields for everything else."""
    spoken = {"subject", "text"}
    fields = {
        variable: " ".join(sorted(value)) if isinstance(value, frozenset) else str(value)
        for variable, value in chosen.items()
        if variable not in spoken and _says(channel, variable, value)
    }
    return Request(
        name=given.name,
        email=VICTIM,
        subject=str(chosen.get("subject", channel_default(channel, "subject", given.subject))),
        text=str(chosen.get("text", channel_default(channel, "text", given.text))),
        cc=COPIED if copies else (),
        fields=fields,
    )


def _says(channel: Channel, variable: str, value: object) -> bool:
    domain = channel.values.get(variable)
    return domain is None or (domain.chosen and value != domain.default)


def channel_default(channel: Channel, variable: str, otherwise: str) -> str:
    """What the channel puts where the stranger has no reason to choose."""
    domain = channel.values.get(variable)
    return domain.default if domain is not None and isinstance(domain.default, str) else otherwise


def recipients(notice: Notice, request: Request, copies: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whom the mail goes to: To and Cc."""
    to = (request.email,) if Audience.REQUESTER in notice.audience else ()
    cc = request.cc if copies and Audience.COPIES in notice.audience else ()
    return (to, cc) if to else (cc[:1], cc[1:])


def witnessed(scene: Scene, drafted: Draft, copies: bool, steps: tuple[str, ...]) -> Witness:
    """Put request and mail together."""
    request = scene.request
    if drafted.fields:
        request = replace(request, fields={**request.fields, **drafted.fields})
    to, cc = recipients(scene.notice, request, copies)
    return Witness(
        channel=scene.channel.id,
        request=request,
        mail=Mail(to=to, cc=cc, subject=drafted.subject.text, text=drafted.text.text),
        exact=drafted.subject.exact and drafted.text.exact,
        why=drafted.why,
        steps=steps,
    )
