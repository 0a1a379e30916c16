"""The demo: a Zendesk of our own on loopback, with the defaults an old account still has; leak, fix, gone.

Nothing leaves this machine, and nothing on it is changed.
"""

import asyncio
import json
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.fix import plan
from stillpost.audit.product import Aim
from stillpost.audit.report import escaped
from stillpost.audit.walk import exposures
from stillpost.audit.witness import Witness
from stillpost.helpdesks.zendesk.behavior import Account
from stillpost.helpdesks.zendesk.live import Live
from stillpost.helpdesks.zendesk.session import opened
from stillpost.helpdesks.zendesk.settings import Zendesk, zendesk
from stillpost.helpdesks.zendesk.stage import Stage
from stillpost.helpdesks.zendesk.writing import calls, carry_out
from stillpost.language import N_

Tell = Callable[[str], object]
Say = Callable[..., str]

CREATED = [
    {"field": "update_type", "operator": "is", "value": "Create"},
    {"field": "status", "operator": "is_not", "value": "solved"},
]
ANSWERED = [
    {"field": "update_type", "operator": "is", "value": "Change"},
    {"field": "comment_is_public", "operator": "is", "value": "requester_can_see_comment"},
    {"field": "role", "operator": "is", "value": "agent"},
]
SUBJECT = "[{{ticket.account}}] Request received: {{ticket.title}}"
TEXT = (
    "Your request (#{{ticket.id}}) is with us, and somebody looks at it.\n\nTo add to it, reply to this mail.\n\n"
    "{{ticket.comments_formatted}}"
)
ATTESTED = {"anybody_can_submit": True, "ask_to_register": False, "api_authentication_required": False}


def settings() -> dict[str, Any]:
    """What a big brand's account of 2014 would still have (words ours, shape as public copies of that time show it)."""
    received = {"field": "notification_user", "value": ["requester_id", SUBJECT, TEXT]}
    answer = {
        "field": "notification_user",
        "value": ["requester_id", "Re: {{ticket.title}}", "{{ticket.latest_comment}}"],
    }
    rules = [
        ("Notify requester of received request", CREATED, received),
        ("Notify requester of an answer", ANSWERED, answer),
    ]
    return {
        "triggers": [
            {
                "id": 2014 + n,
                "title": title,
                "active": True,
                "position": n,
                "conditions": {"all": lines, "any": []},
                "actions": [action],
            }
            for n, (title, lines, action) in enumerate(rules)
        ],
        "automations": [],
        "dynamic_content": [],
        "settings": {"tickets": {"collaboration": False}, "email": {}, "user": {}},
        "brands": [{"id": 1, "name": "Acme", "active": True, "default": True}],
        "targets": [],
        "webhooks": [],
        "ticket_fields": [],
    }


async def demo(tell: Tell, say: Say, clock: Callable[[], datetime], agreed: Callable[[], bool]) -> None:
    """Show the leak, fix it (if that is agreed to), show it gone."""
    stage = Stage(Account(name="Acme", resources=settings()))
    async with _served(stage) as url:
        with tempfile.TemporaryDirectory() as folder:
            token = Path(folder) / "token"
            token.write_text(stage.token, encoding="utf-8")
            await _play(stage, url, str(token), _teller(tell), say, clock, agreed)


def _teller(tell: Tell) -> Tell:
    return lambda text: tell(escaped(text))


async def _play(
    stage: Stage,
    url: str,
    token: str,
    tell: Tell,
    say: Say,
    clock: Callable[[], datetime],
    agreed: Callable[[], bool],
) -> None:
    tell(say(N_("A Zendesk of our own is running at {url}, with the triggers an account of 2014 still has."), url=url))
    async with opened(url, clock=clock, token_file=token, client_id="", client_secret_file="") as session:
        snapshot = await Live(session).snapshot("acme", clock)
        product = zendesk(snapshot, ATTESTED)
        leak = _worst(product)
        tell(
            say(
                N_(
                    "\n1. stillpost audit reads its settings and says: a stranger can make it send this mail to anyone.\n"
                )
            )
        )
        _show(tell, leak.witness)
        tell(
            say(
                N_(
                    "\n2. We are that stranger. The request goes to the small Zendesk; this is the mail that leaves it:\n"
                )
            )
        )
        await _send(url, leak.witness)
        _show_sent(tell, stage)
        made = plan(product, Aim.CONTENT, product.given)
        tell(say(N_("\n3. stillpost audit --fix: the fewest fields, {count} of them.\n"), count=len(made.edits)))
        for edit in made.edits:
            tell(f"    {edit.path}\n    - {_flat(edit.old)}\n    + {_flat(edit.new)}")
        if not agreed():
            return
        changed = made.product
        assert isinstance(changed, Zendesk)  # a plan's product is of the kind it was made from
        puts = calls(snapshot.resources, changed.snapshot.resources, made.edits)
        await carry_out(session, puts, lambda _call: True, _nothing)
    tell(say(N_("\n4. stillpost audit --apply made the change. The same request again; this is the mail now:\n")))
    await _send(url, leak.witness)
    _show_sent(tell, stage)
    tell(
        say(
            N_(
                "\nThe stranger's words are gone. One mail to an unproven address is left; that is what the form is for."
            )
        )
    )
    tell(say(N_("Your own account: stillpost audit zendesk --subdomain NAME --token-file FILE")))


async def _nothing(_call: object) -> None:
    return None


def _worst(product: Zendesk) -> Exposure:
    found = exposures(product.desk, product, product.given)
    return next(exposure for exposure in found if exposure.kind is Kind.CONTENT)


def _show(tell: Tell, witness: Witness) -> None:
    tell(f"    To: {', '.join(witness.mail.to)}\n    Subject: {witness.mail.subject}\n")
    for line in witness.mail.text.rstrip().splitlines():
        tell(f"    {line}")


def _show_sent(tell: Tell, stage: Stage) -> None:
    sent = stage.account.outbox[-1]
    tell(f"    To: {', '.join(sent.recipients)}\n    Subject: {sent.subject}\n")
    for line in sent.text.rstrip().splitlines():
        tell(f"    {line}")


def _flat(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


async def _send(url: str, witness: Witness) -> None:
    """The witness's request, as anybody could send it: no credentials."""
    request = witness.request
    body = {
        "request": {
            "requester": {"name": request.name, "email": request.email},
            "subject": request.subject,
            "comment": {"body": request.text},
        }
    }
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{url}api/v2/requests", json=body)
        answer.raise_for_status()


@asynccontextmanager
async def _served(stage: Stage) -> AsyncIterator[str]:
    """The stage on a free port of the loopback interface."""
    config = uvicorn.Config(stage.application(), log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # who connects before the server is up waits in the queue
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = True
            await task
