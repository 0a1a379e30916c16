"""The systemd unit is one that systemd understands, and keeps the service away from the rest of the machine."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.e2e.conftest import Needs

pytestmark = pytest.mark.e2e

UNIT = Path(__file__).parents[3] / "packaging/stillpost.service"
MOST_EXPOSED = 1.5  # of 10; the network is the rest: the service is there to be reached


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that is on every machine."""
    made = tmp_path / UNIT.name
    made.write_text(UNIT.read_text().replace("/opt/stillpost/bin/stillpost", "/bin/true"))
    return made


def analyze(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def test_systemd_understands_every_line(needs: Needs, unit: Path) -> None:
    needs("systemd-analyze")
    done = analyze("verify", str(unit))
    complaints = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, complaints) == (0, [])


def test_the_service_is_locked_in(needs: Needs, unit: Path) -> None:
    needs("systemd-analyze")
    done = analyze("security", "--offline=yes", str(unit))
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert level is not None, done.stderr
    assert float(level[1]) <= MOST_EXPOSED, done.stdout
