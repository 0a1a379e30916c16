"""Days on which many strangers write and nobody attacks: what a rule that counts newcomers could take for a wave."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from stillpost.lab.background import KNOWN, made_up_mail
from stillpost.language import N_

Mails: TypeAlias = Iterator[tuple[datetime, bytes]]

_AUTOMATIC: Final = ("Auto-Submitted: auto-generated",)
_OFFER: Final = ("List-Unsubscribe: <https://shop.example/u>",)


def sign_ups(chance: random.Random, at: datetime) -> Mails:
    """Ten services in three hours, each asks to verify the address."""
    for when in _spread(chance, at, 10, timedelta(hours=3)):
        yield when, _stranger(chance, when, "noreply", "Verify your address", _AUTOMATIC)


def onboarding(chance: random.Random, at: datetime) -> Mails:
    """A first day at work: fifteen invitations in half an hour."""
    for when in _spread(chance, at, 15, timedelta(minutes=30)):
        yield when, _stranger(chance, when, "invitations", "You are invited to a workspace", _AUTOMATIC)


def moving_house(chance: random.Random, at: datetime) -> Mails:
    """Twenty-five companies asked in three days, in working hours; each answers at once."""
    for day in range(3):
        for when in _spread(chance, at + timedelta(days=day), 8 + (day == 0), timedelta(hours=9)):
            yield when, _stranger(chance, when, "service", "We received your request", _AUTOMATIC)


def conference(chance: random.Random, at: datetime) -> Mails:
    """Forty people met in five days write, and the companies of half of them."""
    for day in range(5):
        for when in _spread(chance, at + timedelta(days=day), 8, timedelta(hours=12)):
            yield when, _stranger(chance, when, "jo.winter", "We met at the fair", ())
        for when in _spread(chance, at + timedelta(days=day), 4, timedelta(hours=12)):
            yield when, _stranger(chance, when, "events", "Thank you for your visit", _OFFER)


def policies(chance: random.Random, at: datetime) -> Mails:
    """Every company he knows changes its terms within ten minutes."""
    for number, when in enumerate(_spread(chance, at, KNOWN, timedelta(minutes=10))):
        yield when, made_up_mail(chance, when, f"service@known{number}.example", "Our terms change", _OFFER)


def lists(chance: random.Random, at: datetime) -> Mails:
    """Eight mailing lists in twenty minutes, two mails each."""
    for when in _spread(chance, at, 8, timedelta(minutes=20)):
        host = f"lists{chance.randrange(10**9)}.example"
        fields = (f"List-Id: <talk.{host}>", "Precedence: list", *_AUTOMATIC)
        for seconds, subject in ((0, "Confirm your subscription"), (40, "Welcome to the list")):
            moment = when + timedelta(seconds=seconds)
            yield moment, made_up_mail(chance, moment, f"talk-request@{host}", subject, fields)


def on_call(chance: random.Random, at: datetime) -> Mails:
    """Four hundred alerts of three services in an hour, one of them new."""
    hosts = ["known1.example", "known2.example", f"alerts{chance.randrange(10**9)}.example"]
    for when in _spread(chance, at, 400, timedelta(hours=1)):
        yield when, made_up_mail(chance, when, f"alert@{chance.choice(hosts)}", "DOWN: a server", _AUTOMATIC)


DAYS: Final[tuple[tuple[str, Callable[[random.Random, datetime], Mails]], ...]] = (
    (N_("signs up at 10 services in 3 hours"), sign_ups),
    (N_("first day at work, 15 invitations in 30 minutes"), onboarding),
    (N_("moves house, 25 companies in 3 days"), moving_house),
    (N_("conference, 60 new senders in 5 days"), conference),
    (N_("25 known companies change terms in 10 minutes"), policies),
    (N_("subscribes to 8 mailing lists in 20 minutes"), lists),
    (N_("on call, 400 alerts of 3 services in an hour"), on_call),
)
"""Every such day with its name."""


def _spread(chance: random.Random, at: datetime, count: int, span: timedelta) -> list[datetime]:
    return sorted(at + span * chance.random() for _ in range(count))


def _stranger(chance: random.Random, at: datetime, local: str, subject: str, fields: tuple[str, ...]) -> bytes:
    return made_up_mail(chance, at, f"{local}@new{chance.randrange(10**9)}.example", subject, fields)
