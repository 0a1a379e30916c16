"""A whole scan beside a loop that reads six headers of each mail, in one process and in two; memory by size.

``python -m bench.scan [FOLDER [COUNT]]``. The peer is the standard library's ``message_from_bytes`` (compat32) over the
same mbox. The mbox has COUNT mails (100,000): those of FOLDER (``.eml`` and other single mails; without it a made-up
person's), again and again, each time a year later, so that nobody is new twice; and a wave of the lab at its end. Every
measurement is a process of its own. Seconds are the processor's, since machines are shared; the longest way of two
processes is what the first one does alone and half of what its two helpers do.
"""

import email
import email.policy
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from stillpost.lab.background import made_up_mails
from stillpost.lab.injection import Attack, inject
from stillpost.lab.mixing import entry
from stillpost.mailboxes.opening import open_path
from stillpost.scan.scanning import Wish, scan

COUNT = 100_000
ROUNDS = 3
YEAR = 2002
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
SIX = ("from", "to", "subject", "date", "message-id", "received")

_ID = re.compile(rb"^(Message-ID:\s*<)", re.IGNORECASE | re.MULTILINE)
_YEAR = re.compile(rb" ((?:19|20)\d\d) (?=\d\d:)")


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--one"]:
        _one(sys.argv[2], Path(sys.argv[3]))
        return
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    count = int(sys.argv[2]) if len(sys.argv) > 2 else COUNT
    with tempfile.TemporaryDirectory() as place:
        sizes = [count // 10, count // 2, count]
        boxes = [Path(place) / f"{size}.mbox" for size in sizes]
        for size, box in zip(sizes, boxes, strict=True):
            write(box, size, folder)
        best = {kind: [_measured(kind, boxes[-1]) for _ in range(ROUNDS)] for kind in ("peer", "one", "two")}
        peer, one = (min(run.own for run in best[kind]) for kind in ("peer", "one"))
        shared = min(run.own + run.others / 2 for run in best["two"])
        clock = {kind: min(run.clock for run in best[kind]) for kind in ("one", "two")}
        print(f"{count:,} mails, {boxes[-1].stat().st_size / count:,.0f} bytes each; seconds of the processor")
        print(f"compat32 and six headers (the peer)  {peer:7.2f} s  {peer / count * 1e6:6.1f} us a mail")
        print(f"the whole scan, one process          {one:7.2f} s  {peer / one:6.2f} of the peer's speed")
        print(f"two processes, the longest way       {shared:7.2f} s  {one / shared:6.2f} of one process's")
        print(f"  by the clock                       {clock['two']:7.2f} s  {clock['one'] / clock['two']:6.2f}")
        for size, box in zip(sizes, boxes, strict=True):
            print(f"memory of {size:>9,} mails: {_measured('one', box).memory / 1024:,.0f} MB")


def write(box: Path, count: int, folder: Path | None) -> None:
    """The mbox."""
    wave = inject(Attack(start=datetime(2099, 6, 1, tzinfo=UTC), submissions=300, tail=False))
    mails = _mails(folder)
    with box.open("wb") as file:
        for number in range(count - len(wave)):
            again, place = divmod(number, len(mails))
            file.write(entry(_later(mails[place], again) if again else mails[place], 0.0))
        file.writelines(entry(each.raw, each.at.timestamp()) for each in wave)


def _mails(folder: Path | None) -> list[bytes]:
    if folder is None:
        return made_up_mails(1, datetime(YEAR, 12, 1, tzinfo=UTC))
    mails = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    return [raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw for raw in mails]


def _later(raw: bytes, years: int) -> bytes:
    head, empty, body = raw.partition(b"\n\n")
    head = _ID.sub(rb"\g<1>%d." % years, head, count=1)
    return _YEAR.sub(lambda found: b" %d " % (int(found[1]) + years), head) + empty + body


class Run(NamedTuple):
    """Seconds by the clock, of its own processor and of its children's; the most memory of any, in KB."""

    clock: float
    own: float
    others: float
    memory: float


def _measured(kind: str, box: Path) -> Run:
    words = [sys.executable, "-m", "bench.scan", "--one", kind, str(box)]
    told = subprocess.run(words, capture_output=True, check=True, text=True).stdout
    return Run(*map(float, told.split()))


def _one(kind: str, box: Path) -> None:
    clock, processor = time.perf_counter(), time.process_time()
    if kind == "peer":
        for raw in _split(box):
            message = email.message_from_bytes(raw, policy=email.policy.compat32)
            for name in SIX:
                message[name]
    else:
        found = scan(open_path(box), Wish(latest=LATEST, processes=2 if kind == "two" else 1))
        assert len(found.findings) == 1, "the wave at its end"
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(clock, processor, others.ru_utime + others.ru_stime, max(own.ru_maxrss, others.ru_maxrss))


def _split(box: Path) -> Iterator[bytes]:
    """The mails of an mbox, as simply as it can be done."""
    lines: list[bytes] = []
    with box.open("rb") as file:
        for line in file:
            if line.startswith(b"From ") and lines:
                yield b"".join(lines)
                lines = []
            else:
                lines.append(line)
    yield b"".join(lines)


if __name__ == "__main__":
    main()
