"""How much may be asked of people who never asked for anything: the limits, and the claims one challenge makes on them.

Budgets protect strangers, so an attacker pays for them whatever he types: a claim on his own network counts even where
the address's own limits refuse the challenge, and being refused tells him nothing about the address.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import final

from stillpost.model import Address, Rate, Source


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``[limits]``, for the whole installation; ``[portals.NAME.limits]`` may only lower the budgets."""

    challenge_window: timedelta = field(
        default=timedelta(days=7),
        metadata={"help": "at most one challenge per mailbox in this time, over all portals; so long a link works"},
    )
    challenges_total: Rate = field(
        default=Rate(200, timedelta(hours=1)),
        metadata={"help": "challenges asked for at the whole installation, whether or not the address may be mailed"},
    )
    challenges_per_source: Rate = field(
        default=Rate(5, timedelta(hours=1)),
        metadata={"help": "challenges asked for by one /24 or /64; a /56 may ask for twice that, a /48 four times"},
    )
    challenges_per_domain: tuple[Rate, ...] = field(
        default=(Rate(3, timedelta(hours=1)), Rate(10, timedelta(days=7))),
        metadata={"help": "challenges to one organizational domain; free-mail domains count in the total only"},
    )
    notices_per_address: tuple[Rate, ...] = field(
        default=(Rate(5, timedelta(hours=1)), Rate(20, timedelta(days=1))),
        metadata={"help": "helpdesk mails let through to one proven address"},
    )
    proven_for: timedelta = field(
        default=timedelta(days=90),
        metadata={"help": "how long a browser stays known, and how long helpdesk mail may reach a proven address"},
    )
    pending_for: timedelta = field(
        default=timedelta(days=7), metadata={"help": "how long a request waits for proof before it is deleted"}
    )
    suppressed_for: timedelta = field(
        default=timedelta(days=730), metadata={"help": "how long 'not me' keeps challenges from an address"}
    )
    held_for: timedelta = field(
        default=timedelta(days=14), metadata={"help": "how long a held request or mail waits for an agent"}
    )
    pending_bytes: int = field(
        default=1_000_000_000,
        metadata={"help": "disk for unproven requests; attachments may take four fifths, beyond nine tenths: 503"},
    )
    pending_bytes_per_source: int = field(
        default=5_000_000, metadata={"help": "attachments waiting for proof from one /24 or /64"}
    )

    def problems(self) -> Iterator[str]:
        """What contradicts itself, one sentence each."""
        if self.pending_for < self.challenge_window:
            yield "limits.pending_for is shorter than limits.challenge_window: a link would find nothing to confirm"
        for rate in (self.challenges_total, self.challenges_per_source, *self.challenges_per_domain):
            if rate.window > timedelta(days=31):
                yield f"limits: {rate} looks back further than 31 days"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PortalLimits:
    """``[portals.NAME.limits]``: lower budgets of one portal; None keeps the installation's."""

    challenges_total: Rate | None = field(default=None, metadata={"help": "challenges asked for at this portal"})
    challenges_per_source: Rate | None = field(
        default=None, metadata={"help": "challenges asked for at this portal by one /24 or /64"}
    )

    def problems(self, installation: Limits) -> Iterator[str]:
        """Where the portal tries to raise what it may only lower."""
        pairs = (
            ("challenges_total", self.challenges_total, installation.challenges_total),
            ("challenges_per_source", self.challenges_per_source, installation.challenges_per_source),
        )
        for name, own, whole in pairs:
            if own is not None and (own.limit * whole.window) > (whole.limit * own.window):
                yield f"limits.{name} = {own} is more than the installation's {whole}; a portal may only lower it"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim on one budget: at most ``limit`` under ``(name, key)`` in ``window``; ``attempt`` counts even in vain."""

    name: str
    key: str
    limit: int
    window: timedelta
    attempt: bool = False


CHALLENGE, DOMAIN, SOURCE, TOTAL = "challenge", "domain", "source", "total"
SECRET_CLAIMS = frozenset({CHALLENGE, DOMAIN})
"""Claims about the address: that one of them was refused must not show in any answer."""

_WIDER = (1, 2, 4)  # of a /64, its /56 and its /48 (DESIGN section 2)


def claims(
    limits: Limits,
    own: PortalLimits,
    portal: str,
    to: Address,
    source: Source,
    *,
    free_mail: bool,
    seen: bool,
    told: bool,
) -> tuple[Claim, ...]:
    """What mailing one challenge claims.

    ``seen``: some symbol was seen, so only half of the address's budgets is open to it; ``told``: some symbol that is not
    about the address was seen, so only half of the source's and the total is. (Half of each is kept for requests
    without any symbol; a symbol about the address must not show in a budget whose end the caller is told.)
    """
    made = [Claim(name=CHALLENGE, key=to.limit_key, limit=1, window=limits.challenge_window)]
    if not free_mail:
        made += [
            Claim(name=DOMAIN, key=f"{rate}|{to.organization}", limit=_half(rate.limit, seen), window=rate.window)
            for rate in limits.challenges_per_domain
        ]
    for scope, total, per_source in (
        ("*", limits.challenges_total, limits.challenges_per_source),
        (portal, own.challenges_total, own.challenges_per_source),
    ):
        if total is not None:
            made.append(Claim(name=TOTAL, key=scope, limit=_half(total.limit, told), window=total.window))
        if per_source is not None:
            made += [
                Claim(
                    name=SOURCE,
                    key=f"{scope}|{network}",
                    limit=_half(per_source.limit * times, told),
                    window=per_source.window,
                    attempt=True,
                )
                for network, times in zip(source.networks, _WIDER, strict=False)
            ]
    return tuple(made)


def _half(limit: int, halved: bool) -> int:
    return limit // 2 if halved else limit
