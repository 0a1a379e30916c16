"""The milter protocol: our server with a no-op verdict beside its floor and the C library, in one run.

``python -m bench.milter_codec [MESSAGES]``. Needs gcc and Debian's libmilter-dev. The load generator (``bench/milter/load.c``)
sends what Postfix 3.7 sends and obeys what a milter negotiates; it runs on one core, the server on the other. Each row is
the median of interleaved rounds.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent / "milter"
ROUNDS = 3
ROWS = ("floor", "ours", "C library", "C library, all answered")


def build(place: Path) -> tuple[Path, Path]:
    """The load generator and the C milter."""
    flags = {"load": [], "noop": ["-lmilter", "-lpthread"]}
    for name, libraries in flags.items():
        subprocess.run(["gcc", "-O2", "-o", str(place / name), str(HERE / f"{name}.c"), *libraries], check=True)
    return place / "load", place / "noop"


def cpus() -> tuple[int, int]:
    """A core for the server and one for the load."""
    there = sorted(os.sched_getaffinity(0))
    return there[0], there[-1]


@contextmanager
def serving(command: list[str], path: Path) -> Iterator[int]:
    """A milter on its own core; its process id."""
    process = subprocess.Popen(["taskset", "-c", str(cpus()[0]), *command])
    try:
        for _ in range(1000):
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(path))
                    break
                except OSError:
                    time.sleep(0.01)
        else:
            raise RuntimeError(f"{command} does not listen")
        yield process.pid
    finally:
        process.terminate()
        process.wait()
        path.unlink(missing_ok=True)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_bytes(pid: int) -> int:
    """Memory a process has now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def load(generator: Path, path: Path, connections: int, messages: int, per: int, body: int) -> tuple[float, ...]:
    """Messages a second, p50 and p99 in microseconds, CPU seconds of the generator."""
    command = [str(generator), str(path), *map(str, (connections, messages, per, body))]
    done = subprocess.run(
        ["taskset", "-c", str(cpus()[1]), *command], capture_output=True, text=True, check=True, timeout=300
    )
    return tuple(map(float, done.stdout.split()))


def commands(noop: Path, path: Path) -> dict[str, list[str]]:
    return {
        "floor": [sys.executable, "-m", "bench.milter_floor", str(path)],
        "ours": [sys.executable, "-O", "-m", "bench.milter_noop", str(path)],
        "C library": [str(noop), str(path)],
        "C library, all answered": [str(noop), str(path), "all"],
    }


def main() -> None:
    """Measure and print."""
    if not (shutil.which("gcc") and Path("/usr/include/libmilter/mfapi.h").exists()):
        print("skipped: needs gcc and libmilter-dev")
        return
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        generator, noop = build(place)
        path = place / "socket"
        for per in (10, 1):
            found: dict[str, list[tuple[float, ...]]] = {row: [] for row in ROWS}
            for _ in range(ROUNDS):
                for row, command in commands(noop, path).items():
                    with serving(command, path) as pid:
                        load(generator, path, 16, messages // 20, per, 2_000)
                        before = cpu_seconds(pid)
                        figures = load(generator, path, 16, messages // (5 if "all" in row else 1), per, 2_000)
                        used = (cpu_seconds(pid) - before) / (messages // (5 if "all" in row else 1)) * 1e6
                        found[row].append((*figures, used))
            print(f"\n{per} messages a connection, 16 connections, 2 KB:")
            middle = {
                row: [statistics.median(column) for column in zip(*rows, strict=True)] for row, rows in found.items()
            }
            for row, (rate, p50, p99, _, used) in middle.items():
                ratio = rate / middle["floor"][0]
                print(
                    f"{row:26} {ratio:5.2f} of the floor  {rate:9,.0f}/s  p50 {p50:6.0f} us  p99 {p99:6.0f} us  CPU {used:5.1f} us"
                )
        memory(generator, noop, path)


def memory(generator: Path, noop: Path, path: Path) -> None:
    """10,000 connections in turn and 1,000 at once: what our process holds afterwards."""
    with serving(commands(noop, path)["ours"], path) as pid:
        load(generator, path, 16, 1_000, 10, 2_000)
        start = rss_bytes(pid)
        for _ in range(3):
            load(generator, path, 16, 10_000, 1, 2_000)
            print(f"after 10,000 connections in turn: {(rss_bytes(pid) - start) / 1e6:+.2f} MB")
        for _ in range(3):
            load(generator, path, 1_000, 10_000, 10, 2_000)
            print(f"after 1,000 connections at once: {(rss_bytes(pid) - start) / 1e6:+.2f} MB")


if __name__ == "__main__":
    main()
