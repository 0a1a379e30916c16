"""What ``docs/your-own-form.md`` tells a site to do, done: its code runs as it stands there, against a real Stillpost."""

import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from tests.e2e.stillposts import Stillpost, eventually, install, prove_address, running, tickets

pytestmark = pytest.mark.e2e

PAGE = Path(__file__).parents[3] / "docs/your-own-form.md"
KEY = "a made-up key of forty characters, no less"
NAMED = re.compile(r"^(?:# |<!-- )([a-z_]+\.(?:py|html))(?: -->)?$")
WORDS = {"name": "Ada", "email": "ada@people.example", "subject": "The bell", "message": "It does not ring."}


def blocks() -> dict[str, str]:
    """The page's code by file name; each file is there once."""
    found: dict[str, str] = {}
    for code in re.findall(
        r"^```(?:python|html)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        name = NAMED.match(code.splitlines()[0])
        if name is not None:
            assert name[1] not in found
            found[name[1]] = code
    return found


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the page's files, from which they are imported."""
    folder = tmp_path / "site"
    (folder / "templates").mkdir(parents=True)
    for name, code in blocks().items():
        (folder / ("templates" if name.endswith(".html") else "") / name).write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in blocks():
        sys.modules.pop(name.partition(".")[0], None)


@pytest.fixture
def stillpost(tmp_path: Path) -> Iterator[Stillpost]:
    """A real service whose portal has the site's key."""
    key = tmp_path / "support.key"
    key.write_text(KEY)
    with running(install(tmp_path / "stillpost", portals={"support": {"api_key_file": str(key)}})) as made:
        yield made


def url(stillpost: Stillpost) -> str:
    return f"{stillpost.url}/api/v1/portals/support/requests"


Post = Callable[[Mapping[str, str], str], tuple[int, str]]


def django_site(site: Path, stillpost: Stillpost) -> Post:
    import django
    from django.conf import settings
    from django.template import engines
    from django.test import Client
    from django.urls import path

    if not settings.configured:
        settings.configure(
            SECRET_KEY="made up",
            ROOT_URLCONF=__name__,
            ALLOWED_HOSTS=["testserver"],
            TEMPLATES=[
                {
                    "BACKEND": "django.template.backends.django.DjangoTemplates",
                    "DIRS": [],
                    "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
                }
            ],
        )
        django.setup()
    settings.STILLPOST_URL, settings.STILLPOST_KEY = url(stillpost), KEY
    engines["django"].engine.dirs = [site / "templates"]
    for loader in engines["django"].engine.template_loaders:
        loader.reset()
    view = importlib.import_module("views").contact
    sys.modules[__name__].urlpatterns = [path("contact", view)]  # type: ignore[attr-defined]  # where Django looks
    client = Client()

    def post(fields: Mapping[str, str], language: str) -> tuple[int, str]:
        answer = client.post("/contact", fields, headers={"Accept-Language": language})
        return answer.status_code, answer.content.decode()

    assert 'name="email"' in client.get("/contact").content.decode()
    return post


def flask_site(site: Path, stillpost: Stillpost) -> Post:
    template = site / "templates/contact.html"
    template.write_text(template.read_text().replace("{% csrf_token %}\n", "").replace("request.POST", "request.form"))
    module: ModuleType = importlib.import_module("app")
    module.app.config.update(STILLPOST_URL=url(stillpost), STILLPOST_KEY=KEY)
    client = module.app.test_client()

    def post(fields: Mapping[str, str], language: str) -> tuple[int, str]:
        answer = client.post("/contact", data=fields, headers={"Accept-Language": language})
        return answer.status_code, answer.get_data(as_text=True)

    assert 'name="email"' in client.get("/contact").get_data(as_text=True)
    return post


each = pytest.mark.parametrize("make", [pytest.param(django_site, id="Django"), pytest.param(flask_site, id="Flask")])


@each
def test_a_request_goes_all_the_way(make: Callable[[Path, Stillpost], Post], site: Path, stillpost: Stillpost) -> None:
    post = make(site, stillpost)
    status, page = post(WORDS, "en")
    assert status == 200
    assert re.search(r"reference number: <strong>[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}</strong>", page)
    assert "open the link in the mail we sent you" in page
    code = re.search(r"with the subject <b>([a-z2-7]{26})</b>", page)
    assert code is not None
    assert prove_address(code[1]) in page
    secret = re.search(rf'href="{stillpost.url}/r/([0-9a-f]{{32}})"', page)
    assert secret is not None
    assert stillpost.stands(secret[1]) == "waiting"
    assert stillpost.first_mail("ada@people.example", code[1])[0] == 250
    (ticket,) = eventually(lambda: tickets(stillpost.state), "no ticket")
    assert b"It does not ring." in ticket


@each
@pytest.mark.parametrize(
    ("wrong", "language", "said"),
    [
        pytest.param({"email": "ada"}, "en", "An e-mail address has an @", id="address"),
        pytest.param({"email": "ada"}, "de", "Eine E-Mail-Adresse hat ein @", id="address, in German"),
        pytest.param({"subject": ""}, "de", "Bitte füllen Sie dieses Feld aus.", id="empty subject, in German"),
        pytest.param({"subject": "x" * 201}, "en", "This is longer than 200 characters.", id="long subject"),
    ],
)
def test_what_is_wrong_is_shown_and_nothing_typed_is_lost(
    make: Callable[[Path, Stillpost], Post],
    site: Path,
    stillpost: Stillpost,
    wrong: dict[str, str],
    language: str,
    said: str,
) -> None:
    status, page = make(site, stillpost)(WORDS | wrong, language)
    assert status == 200
    assert f'<p role="alert">{said}' in page
    assert "It does not ring." in page


@each
def test_an_outage_is_told_and_nothing_typed_is_lost(
    make: Callable[[Path, Stillpost], Post], site: Path, stillpost: Stillpost
) -> None:
    post = make(site, stillpost)
    stillpost.stop()
    status, page = post(WORDS, "en")
    assert status == 200
    assert "nothing was kept" in page
    assert "It does not ring." in page


def test_a_voucher_goes_straight_in_and_works_once(site: Path, stillpost: Stillpost) -> None:
    ask = importlib.import_module("ask_stillpost").ask
    made = importlib.import_module("voucher").voucher(KEY, "support", "Ada@People.example")
    answer = ask(url(stillpost), KEY, WORDS, voucher=made)
    assert answer.get("state") == "accepted", answer
    assert ask(url(stillpost), KEY, WORDS, voucher=made).get("state") != "accepted"


def test_a_wrong_key_is_the_sites_mistake_not_the_visitors(site: Path, stillpost: Stillpost) -> None:
    ask = importlib.import_module("ask_stillpost").ask
    assert "nothing was kept" in ask(url(stillpost), "not the key", WORDS)["problem"]


def test_the_page_says_how_long_its_code_is() -> None:
    """Lines that are not empty, imports and all, without the one that names the file."""
    code = {name: sum(bool(line.strip()) for line in text.splitlines()) - 1 for name, text in blocks().items()}
    assert (code["views.py"], code["app.py"]) == (9, 10)
    assert f"one file of {code['ask_stillpost.py']} lines" in PAGE.read_text(encoding="utf-8")
