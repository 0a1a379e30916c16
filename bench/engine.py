"""Ask and judge with every detector, without a store: events a second of one core's processor time.

``python -m bench.engine``. The aim is 20,000. A third of the events each are calm, a burst, and a wave.
"""

import random
import time
from datetime import UTC, datetime, timedelta

from stillpost.engine.detectors import PORTAL_DETECTORS
from stillpost.engine.engine import Engine
from stillpost.engine.policy import Policy
from stillpost.mail.addresses import parse
from stillpost.mail.fingerprint import fingerprint
from stillpost.model import Guards, Reading, Source, Submission

START = datetime(2026, 1, 18, tzinfo=UTC)
EVENTS = 20_000


def events() -> list[Submission]:
    """Made before the clock starts, as a door makes them."""
    chance = random.Random(1)
    made = []
    for number in range(EVENTS):
        text = " ".join(f"word{chance.randrange(5000)}" for _ in range(60))
        made.append(
            Submission(
                event_id=f"e{number}",
                portal="support",
                at=START + timedelta(seconds=number),
                requester=parse(f"p{number % 5000}@company-{number % 700}.example"),
                source=Source(f"198.51.{number % 200}.7", (f"198.51.{number % 200}.0/24",)),
                fingerprint=fingerprint(f"Question {number}", text),
                guards=Guards(fill_time=timedelta(seconds=40), honeypot=number % 97 == 0),
                copies=number % 5,
            )
        )
    return made


def main() -> None:
    """Measure and print."""
    engine, policy = Engine(PORTAL_DETECTORS), Policy()
    given = events()
    loud = [Reading((count, 4 * count)) for count in (0, 3, 40)]
    best, meters = 0.0, 0
    for _ in range(5):
        started = time.process_time()
        for number, event in enumerate(given):
            question = engine.ask(event)
            engine.judge(question, [loud[number % 3]] * len(question.meters), policy)
            meters += len(question.meters)
        best = max(best, EVENTS / (time.process_time() - started))
    each = meters / 5 / EVENTS
    print(f"ask and judge, {len(PORTAL_DETECTORS)} detectors, {each:.1f} meters an event: {best:,.0f} events/s")


if __name__ == "__main__":
    main()
