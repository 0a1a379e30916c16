"""Every product that can take a ticket, by name: the list that config, doctor and the documentation are made from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, final

from stillpost.helpdesks.django_helpdesk import ticket as django_helpdesk
from stillpost.helpdesks.maildir import ticket as maildir
from stillpost.helpdesks.protocol import Helpdesk, OtherDoor, Surroundings
from stillpost.helpdesks.roundup import ticket as roundup
from stillpost.helpdesks.smtp import ticket as smtp
from stillpost.helpdesks.webhook import ticket as webhook
from stillpost.helpdesks.zendesk import ticket as zendesk


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product: its options (a frozen dataclass whose fields carry ``metadata["help"]``) and what it can promise.

    ``build`` takes an instance of ``options`` and the surroundings, touches nothing outside, and raises OptionError.
    ``quiet`` and ``once`` are sentences for people; ``exactly_once`` is the answer to the second in one word.
    """

    name: str
    title: str
    options: type[Any]  # each product's own dataclass; config builds it from the TOML table
    build: Callable[[Any, Surroundings], Helpdesk]
    other_doors: tuple[OtherDoor, ...]
    can_be_quiet: bool
    quiet: str
    exactly_once: bool
    once: str


PRODUCTS: Final[tuple[Product, ...]] = (
    Product(
        name="maildir",
        title="Maildir of tickets",
        options=maildir.MaildirOptions,
        build=maildir.build,
        other_doors=maildir.OTHER_DOORS,
        can_be_quiet=True,
        quiet="Nothing answers a Maildir; a quiet ticket carries Auto-Submitted all the same, for whatever reads it.",
        exactly_once=True,
        once="Exactly once, whatever dies in between, even if an agent has moved or deleted the mail meanwhile.",
    ),
    Product(
        name="smtp",
        title="mail to the helpdesk's address",
        options=smtp.SmtpOptions,
        build=smtp.build,
        other_doors=smtp.OTHER_DOORS,
        can_be_quiet=True,
        quiet="The mail is marked Auto-Submitted where the product was measured to obey that; elsewhere quiet tickets "
        "are refused.",
        exactly_once=False,
        once="At least once: a lost answer is sent again, with the same Message-ID.",
    ),
    Product(
        name="webhook",
        title="signed webhook",
        options=webhook.WebhookOptions,
        build=webhook.build,
        other_doors=webhook.OTHER_DOORS,
        can_be_quiet=True,
        quiet="A quiet ticket has no address in requester.email.",
        exactly_once=False,
        once="At least once, with the same Idempotency-Key and body; exactly once if the receiver remembers the key.",
    ),
    Product(
        name="django-helpdesk",
        title="django-helpdesk",
        options=django_helpdesk.DjangoHelpdeskOptions,
        build=django_helpdesk.build,
        other_doors=django_helpdesk.OTHER_DOORS,
        can_be_quiet=True,
        quiet="A quiet ticket names no submitter; the address is in its text.",
        exactly_once=True,
        once="Exactly once: the product's own records are searched for our reference before a ticket is made.",
    ),
    Product(
        name="roundup",
        title="Roundup",
        options=roundup.RoundupOptions,
        build=roundup.build,
        other_doors=roundup.OTHER_DOORS,
        can_be_quiet=True,
        quiet="A quiet ticket puts nobody on the nosy list; the address is in its text.",
        exactly_once=True,
        once="Exactly once: found again by Message-ID, and made through post-once links.",
    ),
    Product(
        name="zendesk",
        title="Zendesk",
        options=zendesk.ZendeskOptions,
        build=zendesk.build,
        other_doors=zendesk.OTHER_DOORS,
        can_be_quiet=True,
        quiet="A quiet ticket names no requester and has no tag stillpost-proven; the address is in an internal note.",
        exactly_once=True,
        once="Exactly once by Idempotency-Key and external_id, as documented by the vendor; never run on the real one.",
    ),
)
