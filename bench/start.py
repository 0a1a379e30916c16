"""Starts: the processor time of ``stillpost --help`` and of ``serve`` until it answers; ``python -m bench.start``.

The peers: an interpreter that does nothing, and the bare Starlette handler of ``bench.intake`` until it answers. Each is
the best of some interleaved rounds; processor time, because the wall belongs to whoever else uses the machine.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.intake import cpu_seconds, free_port, wait_for

ROUNDS = 7


def command_seconds(*command: str) -> float:
    """User and system time of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def server_seconds(kind: str) -> tuple[float, float]:
    """Processor time and wall time until a server accepts connections."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        if kind == "peer":
            command = ["-m", "bench.intake", "--peer", str(port), folder]
        else:
            config = Path(folder) / "stillpost.toml"
            config.write_text(
                f'[serve]\nlisten = "127.0.0.1:{port}"\nstate = "{folder}/state"\n[inbound]\nlisten = ""\n'
                f'[portals.support]\nbase_url = "http://127.0.0.1:{port}"\n',
                encoding="ascii",
            )
            command = ["-m", "stillpost", "serve", "--config", str(config)]
        began = time.perf_counter()
        quiet = subprocess.DEVNULL
        server = subprocess.Popen([sys.executable, *command], stdout=quiet, stderr=quiet, env=os.environ)
        try:
            wait_for(port)
            return cpu_seconds(server.pid), time.perf_counter() - began
        finally:
            server.terminate()
            server.wait(30)


def main() -> None:
    """Measure and print."""
    commands = {"interpreter": ("-c", "pass"), "stillpost --help": ("-m", "stillpost", "--help")}
    spent = {name: min(command_seconds(*commands[name]) for _ in range(ROUNDS)) for name in commands}
    for name, seconds in spent.items():
        print(f"{name:18} {seconds:.3f} s of processor time")
    kinds = {"bare handler": "peer", "stillpost serve": "ours"}
    rounds = [{name: server_seconds(kind) for name, kind in kinds.items()} for _ in range(3)]
    for name in kinds:
        processor, wall = (min(taken[name][index] for taken in rounds) for index in (0, 1))
        print(f"{name:18} answers after {processor:.2f} s of processor time, {wall:.2f} s by the wall")


if __name__ == "__main__":
    main()
