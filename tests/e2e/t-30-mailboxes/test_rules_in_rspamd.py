"""A real Rspamd applies the rules: to who took part, and to nobody whose name only looks alike."""

import shutil
import subprocess
from collections.abc import Iterator

import httpx2
import pytest
from tests.e2e.conftest import need
from tests.e2e.stillposts import eventually, free_port
from tests.scan.test_rules import MARKS

from stillpost.scan.rules import rspamd

pytestmark = pytest.mark.e2e

_CONFIG = """
options {{ pidfile = "{folder}/pid"; tempdir = "{folder}"; dns {{ nameserver = "127.0.0.1:{nobody}"; }} }}
logging {{ type = "file"; filename = "{folder}/log"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
lua = "/usr/share/rspamd/rules/rspamd.lua";
modules {{ path = "/usr/share/rspamd/plugins/multimap.lua"; }}
multimap {{ .include "{folder}/multimap.conf" }}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    need("rspamd")
    folder, port = tmp_path_factory.mktemp("rspamd"), free_port()
    (folder / "multimap.conf").write_text("\n".join(rspamd(MARKS, "en")) + "\n", encoding="utf-8")
    (folder / "rspamd.conf").write_text(_CONFIG.format(folder=folder, port=port, nobody=free_port()), encoding="utf-8")
    command = [shutil.which("rspamd") or "", "-f", "-i", "-c", str(folder / "rspamd.conf")]
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _is_up(url) or process.poll() is not None, "Rspamd is up", seconds=60)
        assert process.poll() is None, (folder / "out").read_text() + (folder / "log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _is_up(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/ping").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize(
    ("header", "symbol"),
    [
        pytest.param("From: a@acme.example\n", "DOMAIN", id="domain"),
        pytest.param("From: A <a@mail.ACME.example>\n", "DOMAIN", id="below it"),
        pytest.param("From: a@notacme.example\n", "", id="another domain"),
        pytest.param('From: "a@acme.example" <a@x.example>\n', "", id="only in the name"),
        pytest.param(
            "From: a@x.example\nX-Zendesk-From-Account-Id: 1A00001\n", "X_ZENDESK_FROM_ACCOUNT_ID", id="tenant"
        ),
        pytest.param("From: a@x.example\nX-Zendesk-From-Account-Id: 1a000011\n", "", id="another tenant"),
        pytest.param("From: a@x.example\nMessage-ID: <reply-10001-2@helpscout.net>\n", "MESSAGE_ID", id="inside"),
        pytest.param("From: a@x.example\nMessage-ID: <reply-100012-2@helpscout.net>\n", "", id="longer"),
    ],
)
def test_rspamd_marks_who_took_part(server: str, header: str, symbol: str) -> None:
    mail = f"{header}Subject: a\nDate: Mon, 23 Nov 2026 10:00:00 +0000\n\nhello\n"
    symbols = httpx2.post(f"{server}/checkv2", content=mail.encode()).json()["symbols"]
    found = {
        name.removeprefix("STILLPOST_WAVE_"): each["score"] for name, each in symbols.items() if "STILLPOST" in name
    }
    assert found == ({symbol: 6.0} if symbol else {})
