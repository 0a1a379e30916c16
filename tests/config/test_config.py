"""A configuration is read as it is written, or refused in one line that says which key, what is wrong, what to write."""

from datetime import timedelta
from pathlib import Path

import pytest

from stillpost.config import embedded_default, load_config
from stillpost.config.reader import ConfigError
from stillpost.model import Mode, ProofMode, Rate

PORTAL = "[portals.support]\n"


def problem(tmp_path: Path, text: str | bytes) -> str:
    """What is said of a file with this text."""
    file = tmp_path / "stillpost.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    said = str(caught.value)
    assert said.startswith(f"{file}: ")
    assert "\n" not in said
    assert len(said) < 400
    return said.removeprefix(f"{file}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "[serve]\nlisten_on = 'x'\n" + PORTAL, 'serve.listen_on: unknown key; did you mean "listen"?', id="near"
        ),
        pytest.param("[serve]\ntrusted_proxy = []\n" + PORTAL, 'did you mean "trusted_proxies"?', id="singular"),
        pytest.param("[portal.support]\n", 'portal: unknown key; did you mean "portals"?', id="a section"),
        pytest.param("[serve]\nqqq = 1\n" + PORTAL, "unknown key; known keys: listen, ", id="nothing near"),
        pytest.param(PORTAL + "proof = 'links'\n", "'links' is not known; did you mean \"link\"?", id="a choice"),
        pytest.param(PORTAL + "mode = 'strict'\n", "portals.support.mode: 'strict' is not known", id="no choice"),
        pytest.param(PORTAL + "proof = ['link']\n", "portals.support.proof", id="a list for a choice"),
        pytest.param(
            PORTAL + "[portals.support.helpdesk]\nproduct = 'zendesc'\n", 'did you mean "zendesk"?', id="a product"
        ),
        pytest.param(PORTAL + "[portals.support.helpdesk]\nproduct = 5\n", "unknown product", id="a product's number"),
        pytest.param(
            PORTAL + "[portals.support.helpdesk]\nmaildir = 'x'\n", "unknown key", id="an option of a product"
        ),
        pytest.param("", "portals: at least one [portals.NAME] is needed", id="nothing"),
        pytest.param("portals = 5\n", "portals: at least one [portals.NAME] is needed", id="portals is no table"),
        pytest.param("[portals]\nsupport = 5\n", "portals.support: must be a table", id="a portal is no table"),
        pytest.param("serve = 5\n" + PORTAL, "serve: must be a table", id="a section is no table"),
        pytest.param("[[serve]]\nlisten = 'x'\n" + PORTAL, "serve: must be a table", id="a section twice"),
        pytest.param(
            PORTAL + "helpdesk = 5\n", "portals.support.helpdesk: must be a table", id="a helpdesk is no table"
        ),
        pytest.param('[portals."Sup/port"]\n', "a name is made of a-z, 0-9 and hyphens", id="a portal's name"),
        pytest.param(f"[portals.{'a' * 41}]\n", "40 at most", id="a long name"),
        pytest.param("[portals.-]\n", "a name is made of", id="a name of hyphens"),
        pytest.param("x = [[[", "at end of document", id="no TOML"),
        pytest.param("x = " + "[" * 100_000, "nested too deeply", id="deeply nested"),
        pytest.param(b"\xff\xfe", "must be UTF-8", id="no UTF-8"),
        pytest.param(b"#" * 1_000_001, "larger than a megabyte", id="too large"),
        pytest.param("[serve]\nlisten = 5\n" + PORTAL, "serve.listen: must be text in quotes", id="no text"),
        pytest.param("[serve]\nworkers = 2\n" + PORTAL, "workers must be 1", id="two workers"),
        pytest.param("[serve]\nworkers = '1'\n" + PORTAL, "must be a whole number", id="no number"),
        pytest.param("[serve]\nworkers = true\n" + PORTAL, "must be a whole number", id="truth is no number"),
        pytest.param("[serve]\nlisten = 'localhost'\n" + PORTAL, "must be host:port", id="no port"),
        pytest.param("[serve]\nlisten = 'localhost:99999'\n" + PORTAL, "must be host:port", id="no such port"),
        pytest.param("[inbound]\nlisten = 'localhost'\n" + PORTAL, "inbound.listen", id="no mail port"),
        pytest.param("[serve]\ntrusted_proxies = ['proxy']\n" + PORTAL, "'proxy' is not a network", id="no network"),
        pytest.param("[serve]\ntrusted_proxies = ['10.0.0.1/8']\n" + PORTAL, "is not a network", id="bits of a host"),
        pytest.param("[inbound]\ntrusted_peers = ['mx']\n" + PORTAL, "'mx' is not a network", id="no peer"),
        pytest.param("[inbound]\naddress = 'prove+x@a.example'\n" + PORTAL, "without a plus", id="a plus"),
        pytest.param("[inbound]\naddress = 'prove'\n" + PORTAL, "inbound: address", id="no address"),
        pytest.param('[relay]\nfrom = "x\\nBcc: a@b"\n' + PORTAL, "relay.from", id="a header in an address"),
        pytest.param(PORTAL + "from = 'Support <a@b.example>'\n", "portals.support.from", id="a name in an address"),
        pytest.param("[relay]\nenvelope_from = 'x'\n" + PORTAL, "relay.envelope_from", id="no envelope sender"),
        pytest.param("[relay]\nsmtp = 'relay'\n" + PORTAL, "must be host:port", id="a relay without a port"),
        pytest.param(
            "[relay]\nsmtp = 'r.example:25'\ntls = 'off'\n" + PORTAL, "use starttls or tls", id="a relay in the clear"
        ),
        pytest.param("[relay]\nuser = 'x'\n" + PORTAL, "go together", id="a user without a password"),
        pytest.param("[limits]\nchallenge_window = 7\n" + PORTAL, 'must be a time such as "30s"', id="no time"),
        pytest.param("[limits]\nchallenge_window = '7'\n" + PORTAL, 'must be a time such as "30s"', id="no unit"),
        pytest.param("[limits]\nchallenges_total = '200'\n" + PORTAL, 'must be a rate such as "200/1h"', id="no rate"),
        pytest.param("[limits]\nchallenges_total = '1/60d'\n" + PORTAL, "further than 31 days", id="too long a window"),
        pytest.param(
            "[limits]\npending_for = '1d'\n" + PORTAL, "shorter than limits.challenge_window", id="contradiction"
        ),
        pytest.param("[limits]\npending_bytes = '1 XB'\n" + PORTAL, 'a size such as "5MB"', id="no size"),
        pytest.param("[limits]\npending_bytes = -1\n" + PORTAL, "0 or more", id="below nothing"),
        pytest.param(PORTAL + "[portals.support.limits]\nchallenges_total = '300/1h'\n", "may only lower", id="raised"),
        pytest.param(PORTAL + "base_url = 'support.example.com'\n", "must be an address such as https", id="no scheme"),
        pytest.param(PORTAL + "base_url = 'https://x.example/a'\n", "must be an address such as https", id="a path"),
        pytest.param(PORTAL + "base_url = 'javascript:alert(1)'\n", "must be an address such as https", id="a script"),
        pytest.param(PORTAL + "base_url = 'https://[x'\n", "must be an address such as https", id="a broken host"),
        pytest.param(PORTAL + "base_url = 'https://x.example:abc'\n", "must be an address such as", id="a broken port"),
        pytest.param(PORTAL + "title = ''\n", "title must be 1 to 80", id="no title"),
        pytest.param(PORTAL + 'title = "a\\nb"\n', "title must be 1 to 80", id="a title of two lines"),
        pytest.param(PORTAL + "languages = ['fr']\n", "languages must be some of", id="no such language"),
        pytest.param(PORTAL + "languages = []\n", "languages must be some of", id="no language"),
        pytest.param(PORTAL + "allow_origins = ['*']\n", "must be an origin such as", id="every origin"),
        pytest.param(
            PORTAL + "allow_origins = ['https://a.example/']\n", "must be an origin such as", id="an origin's path"
        ),
        pytest.param(
            PORTAL + "allow_origins = ['https://a.example b']\n", "must be an origin such as", id="two origins"
        ),
        pytest.param(PORTAL + "allow_origins = ['https://[x']\n", "must be an origin such as", id="a broken origin"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert said in problem(tmp_path, text)


@pytest.mark.parametrize("name", ["gone.toml", "."], ids=["missing", "a folder"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / name)


def test_every_key_others_rely_on_is_read(tmp_path: Path) -> None:
    file = tmp_path / "stillpost.toml"
    file.write_text(
        """
[serve]
listen = "[::1]:8080"
state = "state"
secret_file = "keys.json"
trusted_proxies = ["10.0.0.0/8", "::1"]
workers = 1
[relay]
smtp = "relay.example.com:587"
from = "support@example.com"
envelope_from = "returns@example.com"
tls = "tls"
[inbound]
listen = ""
address = "prove@example.com"
trusted_peers = "192.0.2.7"
[limits]
challenge_window = "7d"
challenges_total = "100/1h"
challenges_per_source = "4/1h"
challenges_per_domain = ["3/1h", "9/7d"]
notices_per_address = ["5/1h"]
proven_for = "30d"
pending_for = "8d"
suppressed_for = "700d"
held_for = "3w"
pending_bytes = "2GB"
pending_bytes_per_source = 1000
[portals.support]
title = "Example"
from = "help@example.com"
base_url = "https://support.example.com"
proof = "mail-first"
mode = "observe"
proof_of_work = "adaptive"
languages = ["de"]
allow_origins = ["https://www.example.com"]
api_key_file = "key"
limits = { challenges_total = "10/1h", challenges_per_source = "1/1h" }
[portals.support.helpdesk]
product = "maildir"
""",
        encoding="utf-8",
    )
    config = load_config(file)
    assert (config.state, config.secret_file) == (Path("state"), Path("keys.json"))
    assert config.inbound.trusted_peers == ("192.0.2.7",)
    assert config.limits.challenges_per_domain == (Rate(3, timedelta(hours=1)), Rate(9, timedelta(days=7)))
    assert (config.limits.held_for, config.limits.pending_bytes) == (timedelta(weeks=3), 2_000_000_000)
    portal = config.portals["support"].options
    assert (portal.proof, portal.mode, portal.languages) == (ProofMode.MAIL_FIRST, Mode.OBSERVE, ("de",))
    assert portal.limits.challenges_total == Rate(10, timedelta(hours=1))
    assert not config.embedded


def test_without_a_file_one_portal_works_on_this_machine_alone() -> None:
    config = embedded_default()
    assert (config.serve.listen, config.inbound.listen) == ("127.0.0.1:8025", "127.0.0.1:8026")
    assert list(config.portals) == ["support"]
    assert (config.relay.smtp, config.state) == ("", Path("var"))
