"""What is installed has everything the service needs: pages, static files, compiled catalogues."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GERMAN = """
import stillpost, sys
assert stillpost.__file__.startswith(sys.argv.pop(1)), stillpost.__file__
from stillpost.doors.http.pages import render
assert "Das hat nicht geklappt" in render("problem.html", "de", message="")
from stillpost.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this tree, unpacked as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_every_file_of_the_package_is_in_the_wheel(installed: Path) -> None:
    source = ROOT / "src"
    kept = {".py", ".html", ".css", ".js", ".toml", ".txt", ".md", ".po"}
    ours = {path.relative_to(source) for path in source.rglob("*") if path.suffix in kept}
    theirs = {path.relative_to(installed) for path in installed.rglob("*") if path.is_file()}
    assert ours - theirs == set()
    assert Path("stillpost/locale/de/LC_MESSAGES/stillpost.mo") in theirs
    assert not [path for path in theirs if path.parts[0] != "stillpost" and ".dist-info" not in path.parts[0]]


def test_the_installed_program_and_its_pages_speak_german(installed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GERMAN, str(installed), "--help"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "LC_ALL": "de_DE.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Befehle:" in done.stdout
    assert "Diese Hilfe zeigen." in done.stdout
