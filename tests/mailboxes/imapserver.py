"""A small IMAP server on loopback whose answers a test can spoil; real servers are in the end-to-end tests."""

import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from stillpost.mailboxes.account import Account
from stillpost.mailboxes.place import Place

CUT = b"\0cut"
"""An answer that hangs up; what stands before it is sent first."""


@dataclass
class Imap:
    """Folders of mails by UID. ``spoil`` sees each command line first; what it returns is sent in place of the answer."""

    folders: dict[str, dict[int, bytes]] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)
    deleted: dict[str, set[int]] = field(default_factory=dict)
    spoil: Callable[[str], bytes | None] = lambda _: None
    greeting: bytes = b"* OK ready\r\n"
    capabilities: str = "IMAP4rev1 UIDPLUS MOVE"
    numbering: int = 1
    idling: bytes = b"+ idling\r\n* 1 EXISTS\r\n"
    last: dict[str, int] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    copied: int = 0

    def account(self, folder: str = "", timeout: float = 5) -> Account:
        """An account here; a broken connection is made again without waiting."""
        place = Place(
            user="anna@example.org", host="127.0.0.1", port=self.port, folder=folder, tls=False, password="secret"
        )
        return Account(place, pause=lambda _: None, timeout=timeout)

    def answer(self, tag: str, line: str, state: dict[str, str]) -> bytes:
        """What a server says to a command."""
        word = line.split()[0].upper()
        done = f"{tag} OK done\r\n".encode()
        if word == "CAPABILITY":
            return f"* CAPABILITY {self.capabilities}\r\n".encode() + done
        if word == "LOGIN":
            return done if line.endswith('"secret"') else f"{tag} NO [AUTHENTICATIONFAILED] no\r\n".encode()
        if word == "LIST":
            listed = "".join(f'* LIST ({self.flags.get(name, "")}) "/" "{name}"\r\n' for name in self.folders)
            return listed.encode() + done
        if word in {"SELECT", "EXAMINE"}:
            name = line.split(" ", 1)[1].strip('"')
            if name not in self.folders:
                return f"{tag} NO no such folder\r\n".encode()
            state["folder"] = name
            count = len(self.folders[name])
            return f"* {count} EXISTS\r\n* OK [UIDVALIDITY {self.numbering}] valid\r\n".encode() + done
        if word == "CREATE":
            self.folders.setdefault(line.split(" ", 1)[1].strip('"'), {})
            return done
        if word == "LOGOUT":
            return b"* BYE\r\n" + done
        if word == "UID":
            return self._uid(line, state["folder"]) + done
        return done if word in {"NOOP", "EXPUNGE"} else f"{tag} BAD what\r\n".encode()

    def _uid(self, line: str, folder: str) -> bytes:
        mails, deleted = self.folders[folder], self.deleted.setdefault(folder, set())
        _, word, rest = line.split(" ", 2)
        if word == "SEARCH":
            after = int(rest.rpartition("UID ")[2].partition(":")[0]) if ":*" in rest else 0
            found = [uid for uid in sorted(mails) if uid not in deleted and (uid >= after or uid == max(mails))]
            return f"* SEARCH {' '.join(map(str, found))}\r\n".encode()
        numbers, _, rest = rest.partition(" ")
        uids = [uid for uid in mails if any(_in(uid, each) for each in numbers.split(","))]
        if word == "STORE":
            deleted.difference_update(uids) if rest.startswith("-") else deleted.update(uids)
        elif word == "EXPUNGE":
            for uid in set(uids) & deleted:
                del mails[uid]
        elif word in {"COPY", "MOVE"}:
            name = rest.strip('"')
            there = self.folders[name]
            for uid in uids:
                self.copied += 1
                self.last[folder] = max(self.last.get(folder, 0), *mails)
                number = self.last[name] = max(self.last.get(name, 0), *there, 0) + 1  # a number is never used twice
                there[number] = mails[uid]
                if word == "MOVE":
                    del mails[uid]
        return b"".join(_fetched(uid, mails[uid], rest) for uid in uids) if word == "FETCH" else b""


def _fetched(uid: int, raw: bytes, asked: str) -> bytes:
    raw = raw.replace(b"\n", b"\r\n")
    body = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in asked else raw
    limit = re.search(r"<0\.(\d+)>", asked)
    body = body[: int(limit[1])] if limit else body
    section = "BODY[HEADER]<0>" if "HEADER" in asked else "BODY[]<0>"
    date = ' INTERNALDATE "23-Nov-2026 10:00:00 +0100"' if "INTERNALDATE" in asked else ""
    return f"* {uid} FETCH (UID {uid}{date} {section} {{{len(body)}}}\r\n".encode() + body + b")\r\n"


def _in(uid: int, wanted: str) -> bool:
    first, _, last = wanted.partition(":")
    return int(first) <= uid <= int(last or first)


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        imap = cast("_Server", self.server).imap
        imap.connections += 1
        state: dict[str, str] = {}
        try:
            self.wfile.write(imap.greeting)
            while line := self.rfile.readline():
                tag, _, command = line.decode().strip().partition(" ")
                imap.seen.append(command)
                answer = imap.spoil(command)
                if answer is None and command == "IDLE":
                    self.wfile.write(imap.idling)
                    self.rfile.readline()
                    self.wfile.write(f"{tag} OK done\r\n".encode())
                    continue
                answer = imap.answer(tag, command, state) if answer is None else answer.replace(b"TAG", tag.encode())
                self.wfile.write(answer.partition(CUT)[0])
                if CUT in answer:
                    return
        except OSError:
            return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, imap: Imap) -> None:
        self.imap = imap
        super().__init__(("127.0.0.1", 0), _Connection)


@contextmanager
def serving(imap: Imap) -> Iterator[Imap]:
    """The server while the block runs."""
    with _Server(imap) as server:
        imap.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield imap
        finally:
            server.shutdown()
            thread.join()
