"""The milters of a house: the role behind each listener, and the way back for what it released."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, final

from stillpost.config import Config
from stillpost.doors.http.sources import networks
from stillpost.doors.milter.arriving import Trust
from stillpost.doors.milter.options import MilterOptions, Role
from stillpost.doors.milter.portal_in import PortalIn
from stillpost.doors.milter.portal_out import PortalOut
from stillpost.doors.milter.server import Door
from stillpost.doors.milter.to_people import ToPeople
from stillpost.engine.detectors import RECIPIENT_DETECTORS
from stillpost.engine.engine import Engine
from stillpost.engine.policy import Policy
from stillpost.guard import Guard
from stillpost.helpdesks.automatic_mail import INTAKES, OnMark
from stillpost.journal import Journal
from stillpost.mail.addresses import read as read_address
from stillpost.mailer import RelayOptions, SmtpMailer, Tls
from stillpost.reception.acquaintance import Acquaintance
from stillpost.reception.holding import Holding
from stillpost.reception.inbound import Inbound
from stillpost.reception.outbound import Outbound
from stillpost.reception.people import People
from stillpost.reception.portal import Portal
from stillpost.reception.proving import Proving
from stillpost.reception.reinjecting import Reinjector
from stillpost.reception.second_look import SecondLook
from stillpost.store.protocol import Store

Milter: TypeAlias = PortalIn | PortalOut | ToPeople


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What a milter's role is built of."""

    config: Config
    portals: Mapping[str, Portal]
    store: Store
    guard: Guard
    proving: Proving
    journal: Journal
    clock: Callable[[], datetime]
    fresh: Callable[[int], bytes]
    holding: Holding
    second_look: SecondLook
    acquaintance: Acquaintance


def build_reinjectors(config: Config, store: Store) -> dict[str, Reinjector]:
    """For each milter, who hands its released mails to the mail server."""
    host = config.relay.from_.rpartition("@")[2]
    return {
        name: Reinjector(
            mailer=SmtpMailer(RelayOptions(smtp=options.reinject, tls=Tls.OFF)), lists=store.lists, host=host
        )
        for name, options in config.milters.items()
    }


def build_milters(rooms: Rooms) -> dict[str, Milter]:
    """The role behind each ``[milters.NAME]``."""
    roles: Mapping[Role, Callable[[Rooms, str, MilterOptions], Milter]] = {
        Role.PORTAL_IN: _portal_in,
        Role.PORTAL_OUT: _portal_out,
        Role.RECIPIENT: _to_people,
    }
    return {name: roles[options.role](rooms, name, options) for name, options in rooms.config.milters.items()}


def door_of(milter: Milter) -> Door:
    """What a listener serves."""
    return Door(profile=milter.profile, decide=milter.decide, failed=milter.failed, broken=milter.broken)


def _portal_in(rooms: Rooms, name: str, options: MilterOptions) -> PortalIn:
    portal = rooms.portals[rooms.config.portal_of(name)]
    product = rooms.config.product_of(name)
    inbound = Inbound(
        name=name,
        portal=portal,
        mode=options.mode,
        unproven=options.unproven,
        silent=rooms.config.is_silent(name),
        drops=bool(product) and INTAKES[product].on_mark is OnMark.DROPPED,
        keep=_people(options.keep_cc),
        addresses=_people(options.addresses),
        held_for=options.held_for,
        guard=rooms.guard,
        store=rooms.store,
        holding=rooms.holding,
        proving=rooms.proving,
        journal=rooms.journal,
        fresh=rooms.fresh,
    )
    return PortalIn(
        inbound=inbound,
        trust=Trust(peers=networks(options.trusted_peers), servers=options.authserv_ids),
        journal=rooms.journal,
        clock=rooms.clock,
        body_max_bytes=options.body_max_bytes,
        language=portal.options.languages[0],
    )


def _portal_out(rooms: Rooms, name: str, options: MilterOptions) -> PortalOut:
    outbound = Outbound(
        name=name,
        portal=rooms.portals[rooms.config.portal_of(name)],
        mode=options.mode,
        product=rooms.config.product_of(name),
        staff=_people(options.keep_cc),
        addresses=_people(options.addresses),
        held_for=options.held_for,
        limits=rooms.config.limits,
        guard=rooms.guard,
        store=rooms.store,
        holding=rooms.holding,
        second_look=rooms.second_look,
        journal=rooms.journal,
        fresh=rooms.fresh,
    )
    return PortalOut(outbound=outbound, journal=rooms.journal, clock=rooms.clock, body_max_bytes=options.body_max_bytes)


def _to_people(rooms: Rooms, name: str, options: MilterOptions) -> ToPeople:
    people = People(
        name=name,
        portal=rooms.config.portal_of(name),
        mode=options.mode,
        own=_people(options.addresses),
        held_for=options.held_for,
        policy=Policy(),
        guard=Guard(Engine(RECIPIENT_DETECTORS), rooms.store.meters, rooms.journal.failed),
        store=rooms.store,
        holding=rooms.holding,
        acquaintance=rooms.acquaintance,
        journal=rooms.journal,
        fresh=rooms.fresh,
    )
    return ToPeople(
        people=people,
        trust=Trust(peers=networks(options.trusted_peers), servers=options.authserv_ids),
        journal=rooms.journal,
        clock=rooms.clock,
        body_max_bytes=options.body_max_bytes,
    )


def _people(listed: tuple[str, ...]) -> frozenset[str]:
    """Addresses as proof keys, domains in lower case."""
    found = [(text, read_address(text)) for text in listed]
    return frozenset(address.proof_key if address else text.lower().removeprefix("@") for text, address in found)
