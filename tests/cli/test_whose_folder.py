"""Root does not write into the folder of a service that runs as somebody else: the service could not open it again."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillpost.cli.main import cli

SOMEBODY = 54321  # a user without a name


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of somebody else, and root in front of it."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    os.chown(tmp_path / "var", SOMEBODY, SOMEBODY)
    return tmp_path / "var"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["doctor"], id="doctor"),
        pytest.param(["forget", "ada@people.example"], id="forget"),
        pytest.param(["config", "rotate"], id="rotate"),
    ],
)
def test_root_is_told_to_start_the_service_or_to_be_its_user(folder: Path, command: list[str]) -> None:
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 2
    assert done.stderr == (
        "stillpost: var belongs to user 54321: start the service first, or run this as that user (sudo -u)\n"
    )
    assert list(folder.iterdir()) == []


def test_looking_at_the_configuration_is_free_to_root(folder: Path) -> None:
    assert CliRunner().invoke(cli, ["config", "check"]).exit_code == 0
    assert list(folder.iterdir()) == []
