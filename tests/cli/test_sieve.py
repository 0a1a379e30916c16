"""The Sieve rule: what it says, and that the mailbox server's own compiler takes it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillpost.cli.main import cli
from stillpost.cli.sieve import script
from tests.e2e.conftest import need

NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
"""The program reads no mail for root."""
PAGE = Path(__file__).parents[2] / "docs/sieve.md"


def test_the_command_prints_what_its_page_shows() -> None:
    told = CliRunner().invoke(cli, ["sieve"]).output
    assert f"$ stillpost sieve\n{told}```" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "folder", ['a"b', "a\\b", "a\nb", "", "x" * 201], ids=["quote", "backslash", "line", "empty", "long"]
)
def test_a_folder_that_would_break_out_is_refused_in_one_line(folder: str) -> None:
    done = CliRunner().invoke(cli, ["sieve", "--folder", folder])
    assert done.exit_code == 2
    assert "none of them a quote" in done.output


@pytest.mark.parametrize("folder", ["Stillpost", "Junk/Waves", "Entwürfe & mehr"])
def test_dovecots_compiler_takes_it(folder: str, tmp_path: Path) -> None:
    need("sievec")
    rule = tmp_path / "stillpost.sieve"
    rule.write_text(script(folder), encoding="utf-8")
    done = subprocess.run(["sievec", rule, tmp_path / "out"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("advice", "filed"),
    [
        pytest.param("hold; reason=NEWCOMER_BURST", True, id="hold"),
        pytest.param("tag; reason=NEWCOMER_BURST", False, id="only tagged"),
        pytest.param("", False, id="no field"),
    ],
)
def test_it_files_what_the_milter_marked_and_nothing_else(advice: str, filed: bool) -> None:
    need("sieve-test")
    place = Path(tempfile.mkdtemp(prefix="stillpost-sieve-"))
    place.chmod(0o777)
    rule, mail = place / "stillpost.sieve", place / "mail.eml"
    rule.write_text(script("Stillpost"), encoding="utf-8")
    field = f"Stillpost-Advice: {advice}\n" if advice else ""
    mail.write_text(f"{field}From: a@example.com\nSubject: one\n\ntext\n")
    command: list[str | Path] = ["sieve-test", f"-omail_home={place}", rule, mail]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place, **NOBODY)
    finally:
        shutil.rmtree(place)
    assert done.returncode == 0, done.stderr
    assert ("store message in folder: Stillpost" in done.stdout) is filed, done.stdout
