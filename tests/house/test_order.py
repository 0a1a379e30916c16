"""The house keeps its own order."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src/stillpost").rglob("*.py"))


def test_rooms_import_downwards_only() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_file_is_over_400_lines(source: Path) -> None:
    assert len(source.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("word", ["utils", "common", "helpers", "core", "manager", "handler", "base", "impl"])
def test_no_room_is_called_by_a_word_that_says_nothing(word: str) -> None:
    assert not [source for source in SOURCES if source.stem == word or word in source.parent.relative_to(ROOT).parts]


def test_no_test_sleeps_or_mocks_our_own_code() -> None:
    forbidden = ("time" + ".sleep(", "mock" + ".patch", "Magic" + "Mock")
    offenders = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in (ROOT / "tests").rglob("*.py")
        for word in forbidden
        if word in path.read_text(encoding="utf-8")
    ]
    assert offenders == []


def test_nothing_committed_names_this_machine_or_an_index() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    words = ("index" + "-url", "files.python" + "hosted", "/wo" + "rk/", "/ro" + "ot/")
    offenders = []
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".png", ".mo", ".woff2"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        offenders += [f"{name}: {word}" for word in words if word in text and "--no-emit-" + word not in text]
    assert offenders == []
