"""How long the real django-helpdesk takes to be asked whether it has a ticket, by follow-ups and by tickets.

``python -m bench.ticket_search``. The peer is the product's own list of tickets, the obvious way to search, in the same
run; each row the best of five interleaved rounds. Every call includes the product's password hash.
"""

import tempfile
import time
from pathlib import Path

import httpx2
from tests.e2e.products import DjangoHelpdesk, listening, running_django_helpdesk

SIZES = (0, 1_000, 10_000, 30_000)
ROUNDS = 5


def best(desk: DjangoHelpdesk) -> tuple[float, float]:
    """Seconds for the last page of follow-ups and of tickets."""
    times: dict[str, list[float]] = {"followups": [], "tickets": []}
    auth = httpx2.BasicAuth(desk.username, desk.password)
    with httpx2.Client(base_url=desk.url, auth=auth, trust_env=False, timeout=60) as client:
        for _ in range(ROUNDS):
            for kind, measured in times.items():
                started = time.perf_counter()
                answer = client.get(f"api/{kind}/", params={"page": "last", "page_size": "20"})
                measured.append(time.perf_counter() - started)
                assert answer.status_code == 200
    return min(times["followups"]), min(times["tickets"])


def main() -> None:
    print("| tickets in the product | by follow-ups | by tickets (the peer) | peer's speed × |")
    print("|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory() as place,
        listening() as sink,
        running_django_helpdesk(Path(place), sink) as desk,
    ):
        there = 0
        for size in SIZES:
            desk.run("grow", str(size - there))
            there = size
            ours, peer = best(desk)
            print(f"| {size:,} | {ours * 1000:.0f} ms | {peer * 1000:.0f} ms | {peer / ours:.1f} |")


if __name__ == "__main__":
    main()
