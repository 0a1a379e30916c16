"""A real Dovecot account is read whole: nothing lost, nothing twice, over a connection that is cut again and again."""

import json
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.e2e.dovecot import PASSWORD, Dovecot, running_dovecot
from tests.mailboxes.boxes import mail, subjects
from tests.scan.boxes import bombed

from stillpost.mailboxes.account import Account
from stillpost.mailboxes.imap import open_account
from stillpost.mailboxes.place import place_of
from stillpost.mailboxes.protocol import Kind, MailboxError

pytestmark = pytest.mark.e2e
COUNT = 450


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    from tests.e2e.conftest import need

    need("dovecot", "openssl")
    with running_dovecot(tmp_path_factory.mktemp("dovecot")) as server:
        server.deliver(*(mail(number) for number in range(COUNT)))
        server.put("Gesendet", mail(9001))
        server.put("Archiv.Älter", mail(9002))
        yield server


def account(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, port: int = 0, folder: str = "") -> Account:
    monkeypatch.setenv("SSL_CERT_FILE", dovecot.environment["SSL_CERT_FILE"])
    place = replace(place_of(f"{dovecot.place}/{folder}"), password=PASSWORD)
    return Account(replace(place, port=port or place.port), pause=lambda _: None)


def test_every_mail_of_every_folder_is_read_once(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(account(dovecot, monkeypatch)) as there:
        mailbox = open_account(there)
        numbered = [each for each in subjects(mailbox, Kind.MAIL) if each.isdigit()]
        assert sorted(numbered, key=int) == [*map(str, range(COUNT)), "9002"]
        assert subjects(mailbox, Kind.SENT) == ["9001"]


@contextmanager
def cut_after(target: int, lengths: Callable[[int], int]) -> Iterator[int]:
    """A proxy on loopback that cuts each connection after so many bytes of the server's; its port."""
    connections: list[int] = []

    class Proxy(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            left = lengths(len(connections))
            connections.append(left)
            with socket.create_connection(("127.0.0.1", target)) as server:
                upward = threading.Thread(target=pump, args=(self.request, server, 1 << 60), daemon=True)
                upward.start()
                pump(server, self.request, left)
                self.request.shutdown(socket.SHUT_RDWR)

    def pump(source: socket.socket, sink: socket.socket, left: int) -> None:
        try:
            while left > 0 and (data := source.recv(min(left, 65_536))):
                sink.sendall(data)
                left -= len(data)
        except OSError:
            return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_a_reading_that_is_cut_again_and_again_goes_on_where_it_was(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        cut_after(dovecot.imaps, lambda number: 60_000 + 997 * number) as port,
        closing(account(dovecot, monkeypatch, port, "INBOX")) as there,
    ):
        assert subjects(open_account(there), Kind.MAIL) == [str(number) for number in range(COUNT)]


def test_a_certificate_nobody_vouches_for_is_refused(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    place = replace(place_of(dovecot.place), password=PASSWORD)
    with pytest.raises(MailboxError, match="certificate"):
        open_account(Account(place))


def test_a_bombed_account_is_told_from_the_command_line(dovecot: Dovecot, tmp_path: Path) -> None:
    truth = bombed(tmp_path / "inbox")
    raw = (tmp_path / "inbox").read_bytes()
    mails = raw.split(b"From x@example.org Mon Nov 23 10:00:00 2026\n")[1:]
    dovecot.put("Bombed", *mails)
    command = [sys.executable, "-m", "stillpost", "scan", f"{dovecot.place}/Bombed", "--format", "json"]
    command += ["--password-file", str(dovecot.password_file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dovecot.environment)
    assert done.returncode == 0, done.stderr
    (mailbox,) = json.loads(done.stdout)["mailboxes"]
    assert mailbox["messages"] == len(mails) + 1
    assert len(mailbox["waves"]) == 1
    found = {member["message_id"] for member in mailbox["waves"][0]["members"]}
    assert found == {each.message_id for each in truth if each.role in {"wave", "tail"}}
