"""What the pages tell people to type works, and prints what the pages say it prints."""

import asyncio
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillpost.cli.main import COMMANDS, cli
from stillpost.cli.serve import announce
from stillpost.config import embedded_default
from stillpost.engine.engine import Engine
from stillpost.engine.policy import Policy
from stillpost.guard import Guard
from stillpost.helpdesks.auditing import AUDITED
from stillpost.mail.addresses import parse
from stillpost.model import Source, Submission
from stillpost.service.wiring import open_house
from stillpost.store.memory import memory_store

ROOT = Path(__file__).parents[2]
HACKING = ROOT / "docs/hacking.md"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
in_both = pytest.mark.parametrize(
    ("page", "typed", "locale"),
    [
        pytest.param("README.md", "", "C.UTF-8", id="English"),
        pytest.param("docs/de/README.md", "LANG=de_DE.UTF-8 ", "de_DE.UTF-8", id="German"),
    ],
)
each = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def printed(page: Path, command: str) -> str:
    """What a page says a command prints."""
    for block in blocks(page, "console"):
        for part in re.split(r"^[$#] ", block, flags=re.MULTILINE)[1:]:
            typed, _, output = part.partition("\n")
            if typed == command:
                return output.strip()
    raise AssertionError(f"{page.name} has no {command!r}")


def shows(told: str, page: Path, command: str) -> None:
    """A command told what a page says it prints; ``[...]`` stands for lines left out. Ports differ from run to run."""
    found = _bare(told)
    for part in _bare(printed(page, command)).split("[...]\n"):
        assert part in found, f"{page.name}, {command}: {part}\n--- told:\n{told}"
        found = found[found.index(part) + len(part) :]


def _bare(text: str) -> str:
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", "\n".join(line.rstrip() for line in text.splitlines()) + "\n")


def stillpost(*words: str, folder: Path, locale: str = "C.UTF-8") -> str:
    """What the program tells, run as people run it."""
    command = [sys.executable, "-m", "stillpost", *words]
    environment = os.environ | {"LC_ALL": locale, "LANGUAGE": ""}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@in_both
def test_make_run_prints_what_the_readme_says(
    page: str,
    typed: str,
    locale: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", locale)

    async def show() -> None:
        async with open_house(embedded_default(), write=lambda line: None) as house:
            announce(house)

    asyncio.run(show())
    assert capsys.readouterr().out.strip() == printed(ROOT / page, f"{typed}make run")


@in_both
def test_the_audit_tells_what_the_readme_says(page: str, typed: str, locale: str, tmp_path: Path) -> None:
    told = stillpost("audit", "demo", folder=tmp_path, locale=locale)
    shows(told, ROOT / page, f"{typed}.venv/bin/stillpost audit demo")


@in_both
def test_the_scan_tells_what_the_readme_says(page: str, typed: str, locale: str, tmp_path: Path) -> None:
    for words in ("lab inject bombed --start 2025-10-20T18:00:00Z", "scan bombed"):
        told = stillpost(*words.split(), folder=tmp_path, locale=locale)
        shows(told, ROOT / page, f"{typed}.venv/bin/stillpost {words}")


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any("[serve]" in toml for toml in blocks(page, "toml"))],
    ids=lambda page: page.name,
)
def test_a_whole_configuration_on_a_page_is_good(page: Path, tmp_path: Path) -> None:
    (config,) = [toml for toml in blocks(page, "toml") if "[serve]" in toml]
    (tmp_path / "stillpost.toml").write_text(config, encoding="utf-8")
    done = CliRunner().invoke(cli, ["config", "check", "--config", str(tmp_path / "stillpost.toml")])
    assert done.exit_code == 0, done.output
    commands = {
        "README.md": ".venv/bin/stillpost config check --config stillpost.toml",
        "operators.md": "stillpost config check --config /etc/stillpost/stillpost.toml",
    }
    assert done.output.strip() == printed(page, commands[page.name])


@each
def test_every_command_on_a_page_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for command, rest in re.findall(r"`(?:[a-z./]*/)?stillpost ([a-z]+)([^`\n]*)`", text):
        assert command in COMMANDS, f"{page.name}: stillpost {command}"
        options = [word.partition("=")[0] for word in shlex.split(rest.replace("'", "")) if word.startswith("--")]
        shown = CliRunner().invoke(cli, [command, "--help"]).output
        inner = [word for word in rest.split() if word.isalpha() and word.islower()][:1]
        shown += "".join(CliRunner().invoke(cli, [command, word, "--help"]).output for word in inner)
        assert [option for option in options if option not in shown] == [], f"{page.name}: stillpost {command}{rest}"


@each
def test_every_link_leads_to_something_here(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, heading = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), f"{page.name}: {target}"
        if heading:
            titles = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), flags=re.MULTILINE)
            slugs = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
            assert heading in slugs, f"{page.name}: {target}"


def test_every_page_is_on_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    folders = {page.parent.name for page in (ROOT / "docs").glob("*/README.md")}
    assert [name for name in pages if f"({name})" not in index] == []
    assert [name for name in folders if f"({name}/README.md)" not in index] == []


def test_make_targets_on_the_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for page in PAGES:
        named = re.findall(
            r"`make ([a-z0-9-]+)`|^\$ make ([a-z0-9-]+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE
        )
        assert [name for pair in named for name in pair if name and name not in targets] == [], page.name


def test_the_readme_says_what_was_measured() -> None:
    """Its few figures are those of the page that a test measures."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    measured = (ROOT / "docs/before-and-with.md").read_text(encoding="utf-8")
    assert "| forms: 15 in a row for one address | 15, 15 with words | - | 1 | 0 |" in measured
    assert "| mails: 15 in a row for one address | 15, 15 with words | 15, 15 with words | 1 | 0 |" in measured
    assert "| django-helpdesk, its own form | 15 | 15 |" in readme
    assert "| Roundup, 15 mails, automatic answer on | 15 | 15 |" in readme


def test_the_readme_says_what_was_measured_of_mail() -> None:
    """As above, for the mail server."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    measured = (ROOT / "docs/before-and-with-mail.md").read_text(encoding="utf-8")
    row = "| mails: 15 in a row for one address | 15, 15 with words | 0 | 1, 1 our question | 15, 15 with words | 1, 1 our question |"
    assert row in measured
    assert "| django-helpdesk, or Roundup with its automatic answer on | 15 | 15 |" in readme
    assert '| django-helpdesk with Stillpost, `unproven = "quiet"` | 0 | 0 |' in readme
    assert '| either with Stillpost, `unproven = "challenge"` | 1 fixed question | 0 |' in readme


def test_audited_products_on_the_readme_are_audited() -> None:
    named = re.search(r"reads a helpdesk's settings \(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert named is not None
    known = {entry.name for entry in AUDITED}
    assert {name.strip().lower().replace(" ", "-") for name in named[1].split(",")} <= known


@each
def test_files_named_on_a_page_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    named = re.findall(r"`((?:src|tests|bench|packaging|docs)/[a-z0-9_./-]+)`", text)
    new = "src/stillpost/engine/detectors/organization_sprayed.py"
    assert [name for name in named if name != new and not (ROOT / name).exists()] == []


@pytest.mark.anyio
async def test_the_detector_on_the_page_for_developers_works(tmp_path: Path) -> None:
    """Eleven people of one company are named; the eleventh request is asked for the first mail."""
    file = tmp_path / "organization_sprayed.py"
    file.write_text(blocks(HACKING, "python")[0], encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    failures: list[BaseException] = []
    engine = Engine((module.OrganizationSprayed(),))
    guard = Guard(engine, memory_store(bytes(32)).meters, lambda place, error: failures.append(error))
    actions = []
    for number in range(11):
        event = Submission(
            event_id=f"event {number}",
            portal="support",
            at=datetime(2026, 11, 23, 9, 0, number, tzinfo=UTC),
            requester=parse(f"person{number}@company.example"),
            source=Source("198.51.100.7", ("198.51.100.0/24",)),
        )
        actions.append((await guard.decide(event, Policy())).verdict.action.value)
    assert failures == []
    assert actions == ["accept"] * 10 + ["challenge"]
