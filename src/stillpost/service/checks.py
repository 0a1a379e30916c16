"""What doctor looks at: each check says green, red with what to do, or unknown with the reason. None is skipped."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import final

from stillpost.doors.milter.options import Role
from stillpost.helpdesks.origins import Origins, knows_agents
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.language import N_
from stillpost.mailer import MailerError
from stillpost.model import Mode
from stillpost.reception.portal import Portal
from stillpost.reception.submit import BRAKE
from stillpost.service.wiring import House
from stillpost.store.protocol import StoreError

ATTESTED = "attested"
_LATE = timedelta(minutes=15)
_ENOUGH_DISK = 2


class Outcome(StrEnum):
    """How a check ended."""

    GREEN = "green"
    RED = "red"
    UNKNOWN = "unknown"


@final
@dataclass(frozen=True, slots=True)
class Check:
    """One check; ``text`` is a sentence to translate, filled with ``values``."""

    name: str
    outcome: Outcome
    text: str
    values: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, str]:
        """Plain values for the control socket."""
        return {"name": self.name, "outcome": self.outcome, "text": self.text, **dict(self.values)}


async def examine(house: House) -> list[Check]:
    """Every check, in order."""
    checks = [check async for check in _portals(house)]
    checks += [await _helpdesk(name, portal) for name, portal in house.portals.items()]
    checks.append(await _relay(house))
    checks.append(_senders(house))
    checks.append(_inbound(house))
    checks += _milters(house)
    checks += [check async for check in _store(house)]
    checks += [check async for check in _doors(house)]
    return checks


async def _portals(house: House) -> AsyncIterator[Check]:
    for name, portal in house.portals.items():
        where = (("portal", name), ("url", portal.options.base_url))
        if portal.options.secure:
            yield Check(f"portal {name}", Outcome.GREEN, N_("people reach the portal {portal} at {url}"), where)
        else:
            yield Check(
                f"portal {name}",
                Outcome.RED,
                N_("the portal {portal} is at {url}, without TLS: set an https base_url, or no browser is ever known"),
                where,
            )
        if await house.store.lists.has(BRAKE, name, house.clock()) or await house.store.lists.has(
            BRAKE, "*", house.clock()
        ):
            yield Check(
                f"brake {name}",
                Outcome.RED,
                N_("the brake is on for {portal}: no challenge is mailed; take it off with: stillpost brake off"),
                where,
            )


async def _helpdesk(name: str, portal: Portal) -> Check:
    where = (("portal", name), ("product", portal.helpdesk.product))
    try:
        async with asyncio.timeout(15):
            found = await portal.helpdesk.check()
    except (HelpdeskError, TimeoutError) as error:
        text = N_("{product} cannot take tickets of {portal}: {why}")
        return Check(f"helpdesk {name}", Outcome.RED, text, (*where, ("why", str(error) or "no answer")))
    return Check(f"helpdesk {name}", Outcome.GREEN, N_("{product} for {portal}: {found}"), (*where, ("found", found)))


async def _relay(house: House) -> Check:
    smtp = house.config.relay.smtp
    if not smtp:
        outgoing = (("folder", str(house.config.state / "outgoing")),)
        text = N_("no relay is set: challenges are written to {folder} and reach nobody; set [relay] smtp")
        return Check("relay", Outcome.GREEN if house.config.embedded else Outcome.RED, text, outgoing)
    try:
        async with asyncio.timeout(15):
            session = await house.outbox.challenging.mailer.connect()
            await session.close()
    except (MailerError, TimeoutError) as error:
        return Check(
            "relay",
            Outcome.RED,
            N_("the relay {relay} cannot be used: {why}"),
            (("relay", smtp), ("why", str(error.__cause__ or "no answer"))),
        )
    return Check("relay", Outcome.GREEN, N_("the relay {relay} answers"), (("relay", smtp),))


def _senders(house: House) -> Check:
    poor = sorted(
        {portal.from_address for portal in house.portals.values() if portal.from_address.endswith(".localdomain")}
    )
    if poor and not house.config.embedded:
        text = N_("challenges would come from {address}, which nobody can answer: set [relay] from")
        return Check("sender", Outcome.RED, text, (("address", poor[0]),))
    text = N_("DKIM and SPF of {address} are not checked here: look at the headers of a challenge you received")
    return Check("sender", Outcome.UNKNOWN, text, (("address", next(iter(house.portals.values())).from_address),))


def _inbound(house: House) -> Check:
    inbound = house.config.inbound
    values = (("address", inbound.address), ("listen", inbound.listen))
    if not inbound.listen:
        return Check("mail-first", Outcome.RED, N_("no listener takes first mails: set [inbound] listen"), values)
    if inbound.address.endswith(".localdomain") and not house.config.embedded:
        return Check("mail-first", Outcome.RED, N_("nobody can write to {address}: set [inbound] address"), values)
    text = N_("whether mail to {address} reaches {listen} is not checked here: send one and see it refused")
    return Check("mail-first", Outcome.UNKNOWN, text, values)


def _milters(house: House) -> Iterator[Check]:
    """Each listener for a mail server: whether it acts, and what it can never know as it is set."""
    for name, options in house.config.milters.items():
        values = (("listener", name), ("listen", options.listen), ("role", options.role.value))
        if options.role is not Role.PORTAL_OUT and not (options.authserv_ids or options.trusted_peers):
            text = N_(
                "the milter {listener} believes nobody: set authserv_ids or trusted_peers, or nothing is ever proven"
            )
            yield Check(f"milter {name}", Outcome.RED, text, values)
        elif options.mode is Mode.OBSERVE:
            text = N_(
                "the milter {listener} ({role}) only observes on {listen}; set mode to enforce when you like what you see"
            )
            yield Check(f"milter {name}", Outcome.GREEN, text, values)
        else:
            yield Check(f"milter {name}", Outcome.GREEN, N_("the milter {listener} ({role}) acts on {listen}"), values)
        product = house.config.product_of(name)
        known = isinstance(house.portals[house.config.portal_of(name)].helpdesk, Origins) or knows_agents(product)
        if options.role is Role.PORTAL_OUT and not known:
            text = N_(
                "nothing tells an agent's mail at {listener}: his first one to an unproven address is held and asked about"
            )
            yield Check(f"agents {name}", Outcome.UNKNOWN, text, values)


async def _store(house: House) -> AsyncIterator[Check]:
    try:
        standing = await house.store.ledger.standing()
    except StoreError as error:
        yield Check("store", Outcome.RED, N_("the store cannot be read: {why}"), (("why", str(error)),))
        return
    free = shutil.disk_usage(house.config.state).free
    needed = _ENOUGH_DISK * house.config.limits.pending_bytes
    room = (("free", f"{free / 1e9:.1f} GB"), ("needed", f"{needed / 1e9:.1f} GB"))
    if free < needed:
        yield Check("disk", Outcome.RED, N_("{free} are free for the state folder; {needed} should be"), room)
    else:
        yield Check("disk", Outcome.GREEN, N_("{free} are free for the state folder"), room)
    outbox = standing.outbox + len(house.outbox.challenging.under_way)
    waiting = (("waiting", str(standing.waiting)), ("held", str(standing.held)), ("outbox", str(outbox)))
    late = standing.oldest_outbox is not None and house.clock() - standing.oldest_outbox > _LATE
    if late:
        text = N_("something has been in the outbox for over 15 minutes: look for 'ticket' and 'challenge' in the log")
        yield Check("outbox", Outcome.RED, text, waiting)
    else:
        yield Check(
            "outbox",
            Outcome.GREEN,
            N_("{waiting} requests wait for proof, {held} are held, {outbox} are on their way out"),
            waiting,
        )


async def _doors(house: House) -> AsyncIterator[Check]:
    """The helpdesk's own doors: only the operator knows, so his word is asked for, and dated."""
    for name, portal in house.config.portals.items():
        for door in portal.helpdesk.product.other_doors:
            key = f"{name}/{door.id}"
            values = (("door", key), ("what", door.what), ("how", door.how))
            if await house.store.lists.has(ATTESTED, key, house.clock()):
                yield Check(f"door {key}", Outcome.GREEN, N_("closed, by your word: {what}"), values)
            else:
                text = N_("another door may be open: {what} {how} When it is closed: stillpost doctor --closed {door}")
                yield Check(f"door {key}", Outcome.RED, text, values)
