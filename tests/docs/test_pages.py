"""What the pages tell people to type works, and prints what the pages say it prints."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillpost.cli.main import COMMANDS, cli
from stillpost.cli.serve import announce
from stillpost.config import embedded_default
from stillpost.service.wiring import open_house

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
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


def test_make_run_prints_what_the_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    async def show() -> None:
        async with open_house(embedded_default(), write=lambda line: None) as house:
            announce(house)

    asyncio.run(show())
    assert capsys.readouterr().out.strip() == printed(ROOT / "README.md", "make run")


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
    checks = {"README.md": "stillpost.toml", "operators.md": "/etc/stillpost/stillpost.toml"}
    assert done.output.strip() == printed(page, f"stillpost config check --config {checks[page.name]}")


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
