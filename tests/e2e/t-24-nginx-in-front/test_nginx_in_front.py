"""A real nginx in front, with the server block that ``docs/operators.md`` prints; only addresses and ports are the test's."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.e2e.conftest import Needs
from tests.e2e.stillposts import Stillpost, eventually, free_port, hidden, install, listed, running, told, words

pytestmark = pytest.mark.e2e

PAGE = Path(__file__).parents[3] / "docs/operators.md"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


@dataclass(frozen=True, slots=True)
class Nginx:
    """An nginx with its own folder."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def access_log(self) -> str:
        return (self.folder / "access.log").read_text()

    def write(self, behind: int) -> None:
        """Its configuration: the page's block, and what every nginx has."""
        certify(self.folder)
        found = re.search(r"^```nginx\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        assert found is not None
        block = (
            found[1]
            .replace("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl")
            .replace("/etc/ssl/support.example.com", str(self.folder / "made"))
            .replace("support.example.com", "localhost")
            .replace("127.0.0.1:8025", f"127.0.0.1:{behind}")
        )
        folders = "".join(f"{name}_temp_path {self.folder}/{name};\n" for name in TEMPORARY)
        http = f"access_log {self.folder}/access.log;\n{folders}{block}"
        (self.folder / "nginx.conf").write_text(
            f"daemon off;\npid {self.folder}/pid;\nerror_log {self.folder}/error.log;\nevents {{}}\nhttp {{\n{http}}}\n"
        )


def certify(folder: Path) -> None:
    """A certificate that signs itself, where the page has it."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/made.key", "-out", f"{folder}/made.pem"]
    subprocess.run([*command, *names], check=True, capture_output=True)


@pytest.fixture
def nginx(needs: Needs, tmp_path: Path) -> Iterator[Callable[[int, int], Nginx]]:
    """``nginx(PORT, BEHIND)``: nginx on a port, with Stillpost on another behind it."""
    needs("nginx", "openssl")
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int, behind: int) -> Nginx:
        made = Nginx(tmp_path / "nginx", port)
        made.folder.mkdir()
        made.write(behind)
        command = [
            str(shutil.which("nginx", path=PATH)),
            "-e",
            f"{made.folder}/early.log",
            "-c",
            f"{made.folder}/nginx.conf",
        ]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        with visitor(made) as client:
            eventually(lambda: answers(client), lambda: (made.folder / "early.log").read_text())
        return made

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=20)


def visitor(nginx: Nginx) -> httpx2.Client:
    """A browser that trusts the certificate."""
    trusted = ssl.create_default_context(cafile=nginx.folder / "made.pem")
    return httpx2.Client(base_url=nginx.url, verify=trusted, trust_env=False, timeout=30)


def answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx2.TransportError:
        return False


def ask(client: httpx2.Client, subject: str, email: str = "ada@people.example") -> str:
    """Send the form; what is said about it."""
    page = client.get("/p/support").text
    fields = {
        "name": "",
        "email": email,
        "subject": subject,
        "message": "Please.",
        "page": hidden(page, "page"),
    }
    return told(client.post("/p/support", data=fields)).state


def outgoing(stillpost: Stillpost) -> bytes:
    """The one mail that went out."""
    (file,) = eventually(lambda: list(stillpost.state.glob("outgoing/new/*")), "no mail")
    return bytes(file.read_bytes())


def test_the_whole_way_through_nginx(tmp_path: Path, nginx: Callable[[int, int], Nginx]) -> None:
    """Links lead through it, the browser is known again, and no secret is in its access log."""
    port = free_port()
    made = install(
        tmp_path / "stillpost", portals={"support": {"base_url": f"https://localhost:{port}", "proof": "link"}}
    )
    with running(made) as stillpost, visitor(front := nginx(port, stillpost.port)) as client:
        assert ask(client, "First") == "challenged"
        found = re.search(rf"{front.url}(/confirm/\S+)", words(outgoing(stillpost)))
        assert found is not None
        numbers = [number for number, _ in listed(client.get(found[1]).text)]
        client.post(found[1], data={"answer": "ticked", "mine": numbers, "shown": numbers})
        assert ask(client, "Second") == "accepted"
        assert "/p/support" in front.access_log
        assert re.search(r"/(confirm|r|not-me)/", front.access_log) is None


def test_a_forged_address_is_not_believed(tmp_path: Path, nginx: Callable[[int, int], Nginx]) -> None:
    """Sixteen requests that each claim another address come from one network all the same."""
    port = free_port()
    made = install(tmp_path / "stillpost", portals={"support": {"base_url": f"https://localhost:{port}"}})
    with running(made) as stillpost, visitor(nginx(port, stillpost.port)) as client:
        for number in range(16):
            client.headers["X-Forwarded-For"] = f"198.51.{number}.7"
            ask(client, f"Request {number}", f"p{number}@company{number}.example")
        decided = stillpost.journal("decided")
        assert len(decided) == 16
        assert "SOURCE_BURST" not in decided[0]
        assert any("SOURCE_BURST" in line for line in decided[10:])  # a slow machine may count one of them too late
