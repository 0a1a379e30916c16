"""Form intake with every detector, durable before the answer, against a bare handler; ``python -m bench.intake``.

The peer is Starlette on the same uvicorn that parses the same form with ``request.form()`` and makes one durable insert
(SQLite, WAL, synchronous=FULL, a writer thread with group commit). Both run in a process of their own pinned to one
core; wrk (Debian) posts from the other. Rounds alternate. The form comes as browsers send it, multipart with an empty
file, or with ``--encoding urlencoded``. The aim: at least 0.5 of the peer.
"""

import argparse
import asyncio
import os
import queue
import re
import secrets
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROUNDS, SECONDS, CONNECTIONS = 4, 4, 32

_WRK = """
local n = 0
local fields = {"name", "email", "subject", "message", "fax_number", "page"}
function request()
  n = n + 1
  local id = n * 7919 %% 1000003
  local values = {name = "Visitor " .. id, email = "visitor." .. id .. "@company-" .. (id %% 4001) .. ".example",
    subject = "Question " .. id, message = string.rep("The printer on floor " .. id .. " shows an error again. ", 8),
    fax_number = "", page = "%(token)s"}
  local parts = {}
  local kind = "application/x-www-form-urlencoded"
  if "%(encoding)s" == "multipart" then
    local boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
    kind = "multipart/form-data; boundary=" .. boundary
    local begin = "--" .. boundary .. "\\r\\nContent-Disposition: form-data; name="
    for _, name in ipairs(fields) do
      parts[#parts + 1] = begin .. '"' .. name .. '"\\r\\n\\r\\n' .. values[name] .. "\\r\\n"
    end
    parts[#parts + 1] = begin .. '"attachments"; filename=""\\r\\nContent-Type: application/octet-stream\\r\\n\\r\\n\\r\\n'
    parts[#parts + 1] = "--" .. boundary .. "--\\r\\n"
    body = table.concat(parts)
  else
    for _, name in ipairs(fields) do
      parts[#parts + 1] = name .. "=" .. values[name]:gsub("@", "%%%%40"):gsub(" ", "+")
    end
    body = table.concat(parts, "&")
  end
  local ip = "31." .. (id %% 250) .. "." .. (id %% 199) .. ".7"
  return wrk.format("POST", "/p/support", {["Content-Type"] = kind, ["X-Forwarded-For"] = ip}, body)
end
"""


class GroupCommit:
    """One thread, one transaction for all that waits."""

    def __init__(self, path: Path) -> None:
        self.waiting: queue.SimpleQueue[tuple[tuple[str, ...], asyncio.Future[None]]] = queue.SimpleQueue()
        self.path = path
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(
            "CREATE TABLE request (id TEXT PRIMARY KEY, name TEXT, email TEXT, subject TEXT, message TEXT)"
        )
        while True:
            batch = [self.waiting.get()]
            while len(batch) < 256 and not self.waiting.empty():
                batch.append(self.waiting.get())
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO request VALUES (?,?,?,?,?)", [row for row, _ in batch])
            connection.execute("COMMIT")
            loop = batch[0][1].get_loop()
            loop.call_soon_threadsafe(lambda done=batch: [future.set_result(None) for _, future in done])

    async def insert(self, row: tuple[str, ...]) -> None:
        future = asyncio.get_running_loop().create_future()
        self.waiting.put((row, future))
        await future


def run_peer(port: int, state: Path) -> None:
    import uvicorn
    import uvloop
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    store = GroupCommit(state / "peer.db")

    async def take(request: Request) -> HTMLResponse:
        form = await request.form()
        row = tuple(str(form[name]) for name in ("name", "email", "subject", "message"))
        reference = secrets.token_hex(8)
        await store.insert((reference, *row))
        return HTMLResponse(f"<!doctype html><title>Thank you</title><h1>Thank you</h1><p>{reference}</p>", 202)

    app = Starlette(routes=[Route("/p/support", take, methods=["POST"])])
    config = uvicorn.Config(app, port=port, http="httptools", access_log=False, log_level="error", loop="none")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit("the server did not start")


def measure(kind: str, encoding: str) -> tuple[float, float]:
    """Requests a second, and CPU milliseconds of the server a request."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        if kind == "peer":
            command = [sys.executable, "-m", "bench.intake", "--peer", str(port), folder]
        else:
            config = state / "stillpost.toml"
            config.write_text(
                f'[serve]\nlisten = "127.0.0.1:{port}"\nstate = "{folder}/state"\ntrusted_proxies = ["127.0.0.1"]\n[inbound]\nlisten = ""\n'
                f'[limits]\npending_bytes = "50GB"\n[portals.support]\nbase_url = "http://127.0.0.1:{port}"\nproof = "{kind}"\n',
                encoding="ascii",
            )
            command = [sys.executable, "-m", "stillpost", "serve", "--config", str(config)]
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(["taskset", "-c", "0", *command], stdout=quiet, stderr=quiet)
        try:
            wait_for(port)
            token = page_token(port) if kind != "peer" else "x" * 60
            script = state / "post.lua"
            script.write_text(_WRK % {"token": token, "encoding": encoding}, encoding="ascii")
            wrk(port, script, 2)
            before = cpu_seconds(server.pid)
            rate, count = wrk(port, script, SECONDS)
            return rate, (cpu_seconds(server.pid) - before) / count * 1000
        finally:
            server.terminate()
            server.wait(30)


def page_token(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/p/support") as answer:
        found = re.search(rb'name="page" value="([^"]+)"', answer.read())
    time.sleep(3.5)
    return found[1].decode() if found else ""


def wrk(port: int, script: Path, seconds: int) -> tuple[float, int]:
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in done:
        print("   ", re.search(r"Non-2xx.*", done)[0])  # type: ignore[index]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])  # type: ignore[index]
    return rate, int(re.search(r"(\d+) requests in", done)[1])  # type: ignore[index]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", nargs=2)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--encoding", choices=["multipart", "urlencoded"], default="multipart")
    arguments = parser.parse_args()
    if arguments.peer:
        run_peer(int(arguments.peer[0]), Path(arguments.peer[1]))
        return
    kinds = ("peer", "adaptive", "mail-first")
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    costs: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(arguments.rounds):
        for kind in kinds:
            rate, cost = measure(kind, arguments.encoding)
            rates[kind].append(rate)
            costs[kind].append(cost)
            print(f"{kind:12} {rate:8,.0f} requests/s  {cost:.3f} ms CPU each", flush=True)
    for kind in kinds[1:]:
        rate = statistics.median(mine / peer for mine, peer in zip(rates[kind], rates["peer"], strict=True))
        cost = statistics.median(peer / mine for mine, peer in zip(costs[kind], costs["peer"], strict=True))
        print(
            f"{kind}: {rate:.2f} of the bare handler's rate, {cost:.2f} by processor time (median of {arguments.rounds})"
        )


if __name__ == "__main__":
    main()
