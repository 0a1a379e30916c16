"""What an operator may do, whoever calls: the command line on its own store, or through the control socket.

Arguments and answers are plain JSON values. Every change is journalled.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, final

from stillpost.engine.record import read_verdict
from stillpost.mail.addresses import AddressError, parse
from stillpost.model import Address, Request
from stillpost.reception.agent import NotHeldError
from stillpost.reception.submit import BRAKE, SUPPRESSED
from stillpost.service.checks import ATTESTED, examine
from stillpost.service.wiring import House

KNOWN_LISTS = (SUPPRESSED, BRAKE)
ATTESTED_FOR = timedelta(days=180)


class OperationError(Exception):
    """It cannot be done; the message is one line that says why and what to do."""


@final
class Operations:
    """The operations, by name."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: Mapping[str, Callable[..., Awaitable[Any]]] = {
            "explain": self.explain,
            "holds": self.holds,
            "show": self.show,
            "release": self.release,
            "drop": self.drop,
            "listed": self.listed,
            "list-add": self.list_add,
            "list-remove": self.list_remove,
            "brake": self.brake,
            "forget": self.forget,
            "doctor": self.doctor,
            "attest": self.attest,
        }

    async def do(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Do it. Raises OperationError, StoreError."""
        if name not in self._known:
            message = f"unknown operation {name}; is the running service of another version?"
            raise OperationError(message)
        try:
            return await self._known[name](**arguments)
        except NotHeldError as error:
            raise OperationError(str(error)) from error

    async def explain(self, event_id: str) -> dict[str, Any]:
        """Why an event was answered as it was: event, readings, symbols, verdict, refused claims, and where it stands."""
        ledger = self._house.store.ledger
        entry = await ledger.entry(event_id)
        if entry is None:
            message = f"nothing is known of {event_id}; entries are kept for 30 days"
            raise OperationError(message)
        request = await ledger.request(event_id)
        verdict = read_verdict(entry.verdict)
        return {
            "version": 1,
            "id": entry.event_id,
            "portal": entry.portal,
            "at": entry.at.isoformat(),
            "event": entry.event,
            "meters": entry.meters,
            "readings": entry.readings,
            "verdict": {
                "action": verdict.action,
                "advised": verdict.advised,
                "score": verdict.score,
                "policy": verdict.policy,
                "symbols": [
                    {
                        "name": symbol.name,
                        "score": symbol.score,
                        "scope": symbol.scope,
                        "spoofable": symbol.spoofable,
                        "reason": symbol.reason,
                        "evidence": dict(symbol.evidence),
                    }
                    for symbol in verdict.symbols
                ],
            },
            "refused": list(entry.refused),
            "state": request.state.value if request else "refused",
        }

    async def holds(self) -> list[dict[str, Any]]:
        """What is held, oldest first."""
        return [_summary(request) for request in await self._house.agent.held()]

    async def show(self, request_id: str) -> dict[str, Any]:
        """A held request with its words."""
        request = await self._house.store.ledger.request(request_id)
        if request is None:
            message = f"there is no request {request_id}"
            raise OperationError(message)
        attachments = [f"{item.name} ({item.size_bytes} bytes)" for item in request.attachments]
        return _summary(request) | {"text": request.text, "copies": list(request.copies), "attachments": attachments}

    async def release(self, request_id: str, *, vouched: bool) -> dict[str, Any]:
        """Take a held request in, quietly or with the agent's word."""
        return _summary(await self._house.agent.release(request_id, self._house.clock(), vouched=vouched))

    async def drop(self, request_id: str) -> dict[str, Any]:
        """Delete a held request."""
        return _summary(await self._house.agent.drop(request_id, self._house.clock()))

    async def listed(self, name: str) -> list[dict[str, Any]]:
        """The lines of a list; keys are keyed hashes, so nobody can read the addresses back."""
        return [
            {
                "key": line.key_hash,
                "until": line.until.isoformat() if line.until else None,
                "since": line.since.isoformat(),
                "note": line.note,
            }
            for line in await self._house.store.lists.listed(_known(name))
        ]

    async def list_add(self, name: str, key: str, seconds: int | None, note: str) -> None:
        """Put an address on ``suppressed``, or a portal (or ``*``) on ``brake``."""
        at = self._house.clock()
        until = at + timedelta(seconds=seconds) if seconds else None
        await self._house.store.lists.add(_known(name), self._key(name, key), at, until, note)
        self._house.journal.operated("list-add", list=name, until=until.isoformat() if until else None)

    async def list_remove(self, name: str, key: str) -> bool:
        """Take a key off a list; whether it was there."""
        removed = await self._house.store.lists.remove(_known(name), self._key(name, key))
        self._house.journal.operated("list-remove", list=name, removed=removed)
        return removed

    async def brake(self, portal: str, *, on: bool, seconds: int) -> str | None:
        """Stop every challenge of a portal (or of all, ``*``) for a while; until when."""
        if portal != "*" and portal not in self._house.portals:
            message = f"there is no portal {portal}; portals: {', '.join(self._house.portals)}"
            raise OperationError(message)
        at = self._house.clock()
        until = at + timedelta(seconds=seconds)
        if on:
            await self._house.store.lists.add(BRAKE, portal, at, until, "by the operator")
        else:
            await self._house.store.lists.remove(BRAKE, portal)
        self._house.journal.operated("brake", portal=portal, on=on)
        return until.isoformat() if on else None

    async def forget(self, address: str) -> int:
        """Drop all that is kept about an address but its suppression; how many things were dropped."""
        found = _address(address)
        dropped = await self._house.store.ledger.forget(found)
        for key in {found.limit_key, found.proof_key, found.mailbox}:
            dropped += await self._house.store.meters.forget(key)
        self._house.journal.operated("forget", dropped=dropped)
        return dropped

    async def doctor(self) -> list[dict[str, str]]:
        """Every check with its outcome: green, red, or unknown with the reason."""
        return [check.as_json() for check in await examine(self._house)]

    async def attest(self, door: str) -> str:
        """The operator's word that a product's other door is closed; good for half a year."""
        portal, _, door_id = door.partition("/")
        known = self._house.portals.get(portal)
        doors = self._house.config.portals[portal].helpdesk.product.other_doors if known else ()
        if door_id not in {each.id for each in doors}:
            choices = [
                f"{name}/{each.id}"
                for name, other in self._house.config.portals.items()
                for each in other.helpdesk.product.other_doors
            ]
            message = f"there is no door {door}; doors: {', '.join(choices) or 'none'}"
            raise OperationError(message)
        at: datetime = self._house.clock()
        await self._house.store.lists.add(ATTESTED, door, at, at + ATTESTED_FOR, at.date().isoformat())
        self._house.journal.operated("attest", door=door)
        return (at + ATTESTED_FOR).isoformat()

    def _key(self, name: str, key: str) -> str:
        if name == SUPPRESSED:
            return _address(key).limit_key
        if key != "*" and key not in self._house.portals:
            message = f"there is no portal {key}; portals: {', '.join(self._house.portals)}"
            raise OperationError(message)
        return key


def _known(name: str) -> str:
    if name not in KNOWN_LISTS:
        message = f"there is no list {name}; lists: {', '.join(KNOWN_LISTS)}"
        raise OperationError(message)
    return name


def _address(text: str) -> Address:
    try:
        return parse(text)
    except AddressError as error:
        raise OperationError(str(error)) from error


def _summary(request: Request) -> dict[str, Any]:
    return {
        "id": request.id,
        "portal": request.portal,
        "at": request.at.isoformat(),
        "expires": request.expires.isoformat(),
        "state": request.state.value,
        "proven": request.proven.value if request.proven else None,
        "requester": request.requester.mailbox,
        "name": request.name,
        "subject": request.subject,
        "symbols": list(request.tags),
    }
