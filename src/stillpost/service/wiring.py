"""Builds the rooms from a Config and hands each what it needs."""

import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import final

from stillpost.config import Config, PortalConfig
from stillpost.config.reader import ConfigError
from stillpost.config.secrets import Secrets, load_secrets
from stillpost.engine.detectors import PORTAL_DETECTORS
from stillpost.engine.engine import Engine
from stillpost.engine.policy import Policy
from stillpost.guard import Guard
from stillpost.helpdesks.protocol import Helpdesk, OptionError, Surroundings
from stillpost.intake.token import Signer
from stillpost.journal import Journal, Write
from stillpost.mail.addresses import parse
from stillpost.mailer import MaildirMailer, Mailer, SmtpMailer
from stillpost.reception.acquaintance import Acquaintance
from stillpost.reception.agent import Agent
from stillpost.reception.challenging import Challenging
from stillpost.reception.delivering import Delivering
from stillpost.reception.holding import Holding
from stillpost.reception.outbox import Outbox, Wake
from stillpost.reception.portal import Portal
from stillpost.reception.proving import Proving
from stillpost.reception.second_look import SecondLook
from stillpost.reception.submit import Admission
from stillpost.service.chance import Chance
from stillpost.service.lines import Lines
from stillpost.service.milters import Milter, Rooms, build_milters, build_reinjectors
from stillpost.store.options import StoreOptions
from stillpost.store.protocol import Store
from stillpost.store.sqlite import open_sqlite

MIN_KEY_CHARS = 20


def now() -> datetime:
    """The time, aware UTC."""
    return datetime.now(UTC)


def read_secret(path: str, what: str) -> str:
    """The first line of a file that holds a secret. Raises ConfigError."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            secret = file.readline(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{what} {path} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        raise ConfigError(message) from error
    if not secret:
        message = f"{what} {path} is empty"
        raise ConfigError(message)
    return secret


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """All rooms, built."""

    config: Config
    secrets: Secrets
    store: Store
    journal: Journal
    portals: Mapping[str, Portal]
    admission: Admission
    proving: Proving
    agent: Agent
    outbox: Outbox
    milters: Mapping[str, Milter]
    second_look: SecondLook
    signer: Signer
    keys: Mapping[str, bytes]
    clock: Callable[[], datetime]


@asynccontextmanager
async def open_house(
    config: Config, *, clock: Callable[[], datetime] = now, write: Write | None = None
) -> AsyncIterator[House]:
    """Build everything and take the store; let go of it at the end. Raises ConfigError, StoreError."""
    keys = load_secrets(config.secret_file, secrets.token_bytes, clock())
    journal = Journal(write or Lines(), clock)
    async with open_sqlite(config.state, keys.store, _store_options(config)) as store:
        portals = build_portals(config, clock)
        try:
            yield build_house(config, keys, store, journal, portals, _mailer(config), clock)
        finally:
            for portal in portals.values():
                await portal.helpdesk.aclose()


def build_portals(config: Config, clock: Callable[[], datetime]) -> dict[str, Portal]:
    """Every portal with its helpdesk, by name. Raises ConfigError."""
    return {name: _portal(name, portal, config, clock) for name, portal in config.portals.items()}


def build_house(
    config: Config,
    keys: Secrets,
    store: Store,
    journal: Journal,
    portals: Mapping[str, Portal],
    mailer: Mailer,
    clock: Callable[[], datetime],
) -> House:
    """The rooms over a store that is open. Raises ConfigError."""
    wake, fresh = Wake(), Chance()
    guard = Guard(Engine(PORTAL_DETECTORS), store.meters, journal.failed)
    signer = Signer(keys.signing_keys)
    limits = config.limits
    proving = Proving(
        portals=portals,
        limits=limits,
        signer=signer,
        guard=guard,
        store=store,
        journal=journal,
        fresh=fresh,
        wake=wake,
    )
    holding = Holding(store=store, guard=guard, limits=limits, fresh=fresh, wake=wake)
    acquaintance = Acquaintance(store.lists)
    second_look = SecondLook(portals=portals, store=store, holding=holding, journal=journal, clock=clock)
    rooms = Rooms(
        config=config,
        portals=portals,
        store=store,
        guard=guard,
        proving=proving,
        journal=journal,
        clock=clock,
        fresh=fresh,
        holding=holding,
        second_look=second_look,
        acquaintance=acquaintance,
    )
    return House(
        config=config,
        secrets=keys,
        store=store,
        journal=journal,
        portals=portals,
        admission=Admission(
            portals=portals,
            limits=limits,
            guard=guard,
            store=store,
            journal=journal,
            fresh=fresh,
            wake=wake,
            own=frozenset(own_addresses(config)),
            elapsed=time.perf_counter,
        ),
        proving=proving,
        agent=Agent(store=store, acquaintance=acquaintance, journal=journal, wake=wake),
        outbox=Outbox(
            challenging=Challenging(
                portals=portals,
                limits=limits,
                signer=signer,
                store=store,
                journal=journal,
                mailer=mailer,
                clock=clock,
                chance=random.random,
                envelope_from=config.relay.envelope_from,
                through_milters=bool(config.milters),
            ),
            delivering=Delivering(
                portals=portals,
                reinjectors=build_reinjectors(config, store),
                store=store,
                journal=journal,
                clock=clock,
                chance=random.random,
            ),
            journal=journal,
            wake=wake,
        ),
        milters=build_milters(rooms),
        second_look=second_look,
        signer=signer,
        keys=_api_keys(config),
        clock=clock,
    )


async def check_files(config: Config) -> None:
    """Read every file of a secret that the configuration names, as a start would. Raises ConfigError."""
    _mailer(config)
    _api_keys(config)
    for name, portal in config.portals.items():
        helpdesk = _helpdesk(name, portal, Surroundings(clock=now, state=config.state))
        await helpdesk.aclose()


def own_addresses(config: Config) -> set[str]:
    """The limit keys of our own addresses: nobody may ask in their name, or we would talk to ourselves."""
    ours = {config.relay.from_, config.inbound.address, config.relay.envelope_from}
    ours |= {portal.options.from_ for portal in config.portals.values()}
    return {parse(address).limit_key for address in ours if address}


def _portal(name: str, portal: PortalConfig, config: Config, clock: Callable[[], datetime]) -> Portal:
    return Portal(
        name=name,
        options=portal.options,
        policy=Policy(mode=portal.options.mode),
        from_address=portal.options.from_ or config.relay.from_,
        prove_address=config.inbound.address,
        helpdesk=_helpdesk(name, portal, Surroundings(clock=clock, state=config.state)),
    )


def _helpdesk(name: str, portal: PortalConfig, around: Surroundings) -> Helpdesk:
    try:
        return portal.helpdesk.product.build(portal.helpdesk.options, around)
    except OptionError as error:
        message = f"portals.{name}.helpdesk: {error}"
        raise ConfigError(message) from error


def _mailer(config: Config) -> Mailer:
    if not config.relay.smtp:
        return MaildirMailer(config.state / "outgoing")
    password = read_secret(config.relay.password_file, "relay.password_file") if config.relay.password_file else ""
    return SmtpMailer(config.relay, password)


def _store_options(config: Config) -> StoreOptions:
    return StoreOptions(challenges_for=config.limits.suppressed_for)


def _api_keys(config: Config) -> dict[str, bytes]:
    keys = {}
    for name, portal in config.portals.items():
        if portal.options.api_key_file:
            key = read_secret(portal.options.api_key_file, f"portals.{name}.api_key_file")
            if len(key) < MIN_KEY_CHARS:
                message = f"portals.{name}.api_key_file: a key has at least {MIN_KEY_CHARS} characters"
                raise ConfigError(message)
            keys[name] = key.encode()
    return keys
