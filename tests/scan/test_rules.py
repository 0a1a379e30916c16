"""Rules name who took part and nobody else, and the programs they are for can read them."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stillpost.scan.result import Finding, Result
from stillpost.scan.rules import EXCHANGE_WORDS, Marks, exchange, marks_of, rspamd, sieve
from tests.e2e.conftest import need
from tests.scan.boxes import bombed, scanned

MARKS = Marks(
    domains=("acme.example", "a-b.example"),
    exact={"X-Zendesk-From-Account-Id": ("1a00001", "1a00002"), "X-Intercom-App-Id": ("a1b2c3",)},
    inside={"Message-ID": ("reply-10001-", "@acme.atlassian.net>")},
    left_out=3,
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    path = tmp_path_factory.mktemp("box") / "inbox"
    bombed(path)
    return scanned(path)


def changed(result: Result, **fields: Any) -> Result:
    """The result with every sender's detail changed."""
    (finding,) = result.findings
    for sender in finding.wave.senders.values():
        sender.detail = sender.detail._replace(**fields)
    return replace(result, findings=(Finding(finding.wave),))


def test_each_vouched_sender_is_named_once_and_no_platform_is(result: Result) -> None:
    marks = marks_of([result])
    named = len(marks.domains) + sum(map(len, marks.exact.values())) + sum(map(len, marks.inside.values()))
    assert named + marks.left_out == len(result.findings[0].senders)
    assert named > marks.left_out
    assert "X-Zendesk-From-Account-Id" in marks.exact
    assert not {"zendesk.com", "intercom-mail.com", "helpscout.net"} & set(marks.domains)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"authenticated": False}, id="nobody vouches"),
        pytest.param({"platform": "", "tenant": "", "organization": "gmail.com"}, id="free mail"),
        pytest.param({"platform": "zendesk", "tenant": "", "organization": "zendesk.com"}, id="the platform itself"),
        pytest.param(
            {"platform": "", "tenant": "", "organization": 'a"]; stop; #'}, id="words that would end a string"
        ),
        pytest.param({"platform": "zendesk", "tenant": "x'\n$(reboot)", "organization": "a.example"}, id="a line end"),
        pytest.param({"platform": "", "tenant": "", "organization": ""}, id="no name"),
    ],
)
def test_who_cannot_be_told_from_others_is_left_out(tmp_path: Path, fields: dict[str, Any]) -> None:
    bombed(tmp_path / "inbox")
    marks = marks_of([changed(scanned(tmp_path / "inbox"), **fields)])
    assert (marks.domains, marks.exact, marks.inside) == ((), {}, {})
    assert marks.left_out > 50


def test_no_wave_makes_no_rule() -> None:
    for lines in (sieve(Marks(), "en"), rspamd(Marks(), "en"), exchange(Marks(), "en")):
        assert lines == ["# No rule: no wave was found, or nobody vouches for who sent it."]


@pytest.mark.parametrize("language", ["en", "de"])
def test_sieve_is_compiled_by_sievec(tmp_path: Path, language: str) -> None:
    need("sievec")
    script = tmp_path / "wave.sieve"
    script.write_text("\n".join(sieve(MARKS, language)) + "\n", encoding="utf-8")
    done = subprocess.run([shutil.which("sievec") or "", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("header", "is_filed"),
    [
        pytest.param("From: a@acme.example\n", True, id="domain"),
        pytest.param("From: A <a@mail.ACME.example>\n", True, id="below it"),
        pytest.param("From: a@notacme.example\n", False, id="another domain"),
        pytest.param("From: a@x.example\nX-Zendesk-From-Account-Id: 1A00001\n", True, id="tenant"),
        pytest.param("From: a@x.example\nX-Zendesk-From-Account-Id: 1a000011\n", False, id="another tenant"),
        pytest.param("From: a@x.example\nMessage-ID: <reply-10001-2-3@helpscout.net>\n", True, id="inside"),
        pytest.param("From: a@x.example\nMessage-ID: <reply-100012-2-3@helpscout.net>\n", False, id="longer"),
    ],
)
def test_sieve_files_what_it_should(header: str, is_filed: bool) -> None:
    need("sieve-test")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)  # as root, Dovecot's programs become somebody else
        (folder / "wave.sieve").write_text("\n".join(sieve(MARKS, "en")) + "\n", encoding="utf-8")
        (folder / "a.eml").write_text(f"{header}Subject: a\n\nhello\n", encoding="utf-8")
        uid, gid = (65534, 65534) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
        command = [shutil.which("sieve-test") or "", "-o", f"mail_uid={uid}", "-o", f"mail_gid={gid}"]
        command += ["-o", f"mail_home={name}", str(folder / "wave.sieve"), str(folder / "a.eml")]
        environment = {"PATH": os.environ["PATH"], "HOME": name, "USER": "nobody"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert ("store message in folder: Wave" in done.stdout) is is_filed


def test_rspamd_reads_its_rules(tmp_path: Path) -> None:
    need("rspamadm")
    lines = rspamd(MARKS, "en")
    config = tmp_path / "rspamd.conf"
    config.write_text("multimap {\n" + "\n".join(lines) + "\n}\n", encoding="utf-8")
    command = [shutil.which("rspamadm") or "", "configdump", "-c", str(config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "STILLPOST_WAVE_DOMAIN" in done.stdout
    assert "1a00001|1a00002" in done.stdout


def test_exchange_rules_are_cut_to_a_length_it_takes() -> None:
    many = Marks(exact={"X-Zendesk-From-Account-Id": tuple(f"{number:07x}" for number in range(120))})
    lines = exchange(many, "en", "anna@example.org")
    rules = [line for line in lines if line.startswith("New-TransportRule")]
    assert len(rules) == -(-120 // EXCHANGE_WORDS)
    assert sum(len(re.findall(r"'[0-9a-f]{7}'", rule)) for rule in rules) == 120
    assert all("-SentTo 'anna@example.org'" in rule for rule in rules)
    assert all(rule.endswith("-SetSCL 6") for rule in rules)


def test_an_address_that_would_end_a_string_is_left_out_of_the_rule() -> None:
    assert "-SentTo" not in "\n".join(exchange(MARKS, "en", "a'; rm@example.org"))
