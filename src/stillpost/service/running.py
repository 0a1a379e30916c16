"""Runs the service: binds, starts, announces, keeps house, stops without losing anything."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from stillpost.config import Config
from stillpost.doors.http.app import build_app
from stillpost.doors.http.context import Context
from stillpost.doors.http.puzzle import Puzzles
from stillpost.doors.http.server import http_server
from stillpost.doors.http.sources import networks
from stillpost.doors.milter.server import Listener
from stillpost.doors.milter.to_people import ToPeople
from stillpost.doors.smtp.dkim import Resolve, txt_record
from stillpost.doors.smtp.door import FirstMailDoor
from stillpost.doors.smtp.server import serve_smtp
from stillpost.service.control import serve_control
from stillpost.service.housekeeping import keep_house
from stillpost.service.listening import bind, bind_any
from stillpost.service.milters import door_of
from stillpost.service.operations import Operations
from stillpost.service.wiring import House, open_house


def http_context(house: House, ready: Callable[[], str]) -> Context:
    """What the HTTP door gets."""
    return Context(
        portals=house.portals,
        admission=house.admission,
        proving=house.proving,
        ledger=house.store.ledger,
        signer=house.signer,
        puzzles=Puzzles(house.secrets.signing_keys),
        journal=house.journal,
        clock=house.clock,
        trusted=networks(house.config.serve.trusted_proxies),
        keys=house.keys,
        ready=ready,
        abused=lambda: abused_now(house),
    )


def abused_now(house: House) -> list[str]:
    """Who takes part in waves on the mailboxes behind any of our milters."""
    people = [milter.people for milter in house.milters.values() if isinstance(milter, ToPeople)]
    return sorted({each for one in people for each in one.tenants_now(house.clock())})


def mail_door(house: House, resolve: Resolve) -> FirstMailDoor:
    """The mail-first door of a house; ``resolve`` looks up DKIM keys."""
    inbound = house.config.inbound
    return FirstMailDoor(
        proving=house.proving,
        journal=house.journal,
        clock=house.clock,
        resolve=resolve,
        address=inbound.address,
        bounces=house.config.relay.envelope_from,
        trusted=networks(inbound.trusted_peers),
        authserv_ids=inbound.authserv_ids,
        language=next(iter(house.portals.values())).options.languages[0],
    )


async def serve(config: Config, announce: Callable[[House], None]) -> None:
    """Run until SIGTERM or SIGINT. Raises ConfigError or StoreError if it cannot start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    listener = bind(config.serve.listen, "serve.listen")
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listener.close)
        mail_listener = bind(config.inbound.listen, "inbound.listen") if config.inbound.listen else None
        if mail_listener:
            stack.callback(mail_listener.close)
        milter_listeners = {
            name: stack.enter_context(bind_any(options.listen, f"milters.{name}.listen"))
            for name, options in config.milters.items()
        }
        house = await stack.enter_async_context(open_house(config))
        trouble: list[str] = []
        server = http_server(build_app(http_context(house, lambda: "".join(trouble))))
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(house.outbox.run()),
                tasks.create_task(keep_house(house, trouble)),
                tasks.create_task(serve_control(house, Operations(house))),
            ]
            running += [tasks.create_task(audits) for audits in scheduled(house)]
            if mail_listener:
                host = config.inbound.address.rpartition("@")[2]
                running.append(tasks.create_task(serve_smtp(mail_door(house, txt_record), mail_listener, host)))
            if house.milters:
                running.append(tasks.create_task(house.second_look.run()))
            for name, milter in house.milters.items():
                running.append(tasks.create_task(Listener(door_of(milter)).serve(milter_listeners[name])))
            serving = tasks.create_task(server._serve([listener]))  # noqa: SLF001  # serve() would take the signals
            settle_memory()
            announce(house)
            house.journal.started(portals=list(house.portals), listen=config.serve.listen)
            await stop.wait()
            server.should_exit = True
            await serving
            for task in running:
                task.cancel()
        house.journal.stopped()


def scheduled(house: House) -> list[Coroutine[Any, Any, None]]:
    """The audits that run by themselves, one for each portal that has one."""
    configured = {name: portal.audit for name, portal in house.config.portals.items() if portal.audit is not None}
    if not configured:
        return []
    from stillpost.service.audits import Watch, keep_auditing  # the template parsers are loaded only where it is wanted

    state, clock = house.config.state, house.clock
    return [
        keep_auditing(Watch(portal=name, config=audit, state=state, clock=clock), house.journal)
        for name, audit in configured.items()
    ]


def settle_memory() -> None:
    """What is loaded stays: the collector need not walk it again and again (a fifth of the time of a request)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
