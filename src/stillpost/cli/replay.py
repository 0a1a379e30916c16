"""``stillpost replay F.jsonl``: judge recorded events again, a line in, a line out."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import IO

import click

from stillpost.cli.asking import Trouble
from stillpost.cli.main import say
from stillpost.language import N_

MAX_LINE = 1_000_000


@click.command(
    "replay",
    help=say(N_("Judge recorded events again, in order, with fresh counters: a line in, a verdict a line out.")),
)
@click.argument("file", type=click.File("rb"))
@click.option(
    "--mode", type=click.Choice(["enforce", "observe"]), default="enforce", help=say(N_("Act or only advise"))
)
def command(file: IO[bytes], mode: str) -> None:
    """Replay; a line that is no event ends it with exit code 2 and says which."""

    async def run() -> None:
        async for line in verdicts(file, mode):
            click.echo(line)

    asyncio.run(run())


async def verdicts(file: IO[bytes], mode: str) -> AsyncIterator[str]:
    """A verdict as JSON for every event. Raises Trouble."""
    from stillpost.engine.detectors import PORTAL_DETECTORS, RECIPIENT_DETECTORS  # loading takes a while
    from stillpost.engine.engine import Engine
    from stillpost.engine.policy import Policy
    from stillpost.engine.record import RecordError, read_event, write_verdict
    from stillpost.guard import Guard
    from stillpost.model import Mode
    from stillpost.store.memory import memory_store

    policy = Policy(mode=Mode(mode))
    failures: list[BaseException] = []
    store = memory_store(bytes(32))
    guard = Guard(
        Engine((*PORTAL_DETECTORS, *RECIPIENT_DETECTORS)), store.meters, lambda place, error: failures.append(error)
    )
    for number, line in lines(file):
        try:
            event = read_event(json.loads(line))
        except (RecordError, ValueError, RecursionError) as error:
            message = say(N_("line {number} is no event: {why}"), number=number, why=error)
            raise Trouble(message) from error
        yield json.dumps({"version": 1, **write_verdict((await guard.decide(event, policy)).verdict)})


def lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Numbered lines, empty ones left out. Raises Trouble for one over a megabyte."""
    for number in range(1, 1 << 62):
        line = file.readline(MAX_LINE + 1)
        if not line:
            return
        if len(line) > MAX_LINE:
            message = say(N_("line {number} is longer than a megabyte"), number=number)
            raise Trouble(message)
        if line.strip():
            yield number, line
