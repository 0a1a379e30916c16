"""Nothing that names anybody reaches a log line or a metric, over every flow and every failure."""

import re

import pytest

from stillpost.lab.world import World, build_world, lab_config, lab_portal, link_in
from stillpost.mailer import MailerError
from stillpost.model import ProofMode, ProofOfWork
from tests.fakes import broken_store
from tests.worlds import FORM, HOME, REQUEST, call, code_of, fill_in, ids_on, secret_of, world

pytestmark = pytest.mark.anyio
OWNER = "203.0.113.9"
EMAIL, NAME, SUBJECT, WORDS = (
    "magda.unique@secret-domain.example",
    "Zaphod Unique",
    "Peculiar subject",
    "Remarkable text",
)
ASKED = {"email": EMAIL, "name": NAME, "subject": SUBJECT, "message": WORDS}


async def every_flow(home: World) -> list[str]:
    """Lives through all there is; what must not be told."""
    page = await fill_in(home, ASKED)
    secrets = [EMAIL, "secret-domain", NAME, SUBJECT, WORDS, HOME, OWNER, secret_of(page), code_of(page)]
    await home.work()
    mail = home.mailer.sent[0]
    link, off = link_in(mail, "confirm"), link_in(mail, "not-me")
    secrets += [link.rpartition("/")[2], off.rpartition("/")[2]]
    await home.get(f"/r/{secret_of(page)}", HOME)
    ids = ids_on(await home.get(link, OWNER))
    done = await home.post(link, [("shown", ids[0]), ("mine", ids[0])], OWNER)
    secrets.append(re.findall(r"[0-9a-f]{32}", done.headers["set-cookie"])[0])
    await home.post(off, {}, OWNER)
    for path in (
        f"{link}x",
        f"/r/{'0' * 32}",
        f"/not-me/{EMAIL}",
        f"/{EMAIL}",
        f"/p/{EMAIL}",
        f"/p/support?voucher={EMAIL}",
    ):
        await home.get(path, HOME)
    voucher = home.voucher(EMAIL)
    secrets.append(voucher)
    await fill_in(home, {**ASKED, "voucher": voucher})
    await fill_in(home, {**ASKED, "fax_number": "1"})
    await fill_in(home, {**ASKED, "email": EMAIL + "\x00"})
    key = {"idempotency-key": "a key of one's own"}
    secrets += ["a key of one's own", home.house.keys["support"].decode()]
    for keyed in (True, False):
        await call(
            home, {**REQUEST, "requester": {"email": EMAIL, "name": NAME}, "cc": [EMAIL]}, headers=key, keyed=keyed
        )
    await call(home, {"x": EMAIL}, headers=key)
    await call(home, {**REQUEST, "voucher": voucher})
    await call(home, EMAIL.encode())
    first = await fill_in(home, {**ASKED, "page": ""})
    code = code_of(first)
    secrets.append(code)
    await home.mail(f"From: {EMAIL}\r\nTo: prove+{code}@x.example\r\n\r\n".encode(), EMAIL, f"prove+{code}@x.example")
    vouched = f"Authentication-Results: mx.lab.example; spf=pass smtp.mailfrom={EMAIL}\r\nReceived: from x\r\n"
    raw = f"{vouched}From: {EMAIL}\r\nTo: prove+{code}@x.example\r\n\r\n"
    assert (await home.mail(raw.encode(), EMAIL, f"prove+{code}@x.example")).startswith("250")
    await home.work()
    await home.house.agent.release((await home.house.agent.held())[0].id, home.clock(), vouched=True)
    await home.work()
    return secrets


@pytest.mark.parametrize("proof", [ProofMode.ADAPTIVE, ProofMode.LINK])
async def test_no_address_no_token_and_no_word_of_a_visitor_is_told(proof: ProofMode) -> None:
    lines: list[str] = []
    options = lab_portal(proof=proof, proof_of_work=ProofOfWork.OFF)
    home = build_world(lab_config({"support": options}), write=lines.append)
    secrets = await every_flow(home)
    told = "\n".join([*lines, home.house.journal.exposition().decode()])
    assert len(lines) > 15
    assert [secret for secret in secrets if secret in told] == []
    assert "@" not in told


class Quoting:
    """A relay, or a helpdesk, whose errors quote what they were given."""

    product, can_be_quiet, exactly_once = "quoting", True, True

    async def connect(self) -> "Quoting":
        return self

    async def offer(self, mail: object) -> None:
        pass

    async def send(self, mail: object) -> None:
        raise MailerError("the relay did not take a challenge: SMTPRecipientsRefused") from ValueError(str(mail))

    async def close(self) -> None:
        pass

    async def deliver(self, ticket: object, files: object) -> str:
        raise RuntimeError(f"cannot digest {ticket}")

    async def check(self) -> str:
        return ""

    async def aclose(self) -> None:
        pass


async def test_errors_of_others_that_quote_a_visitor_are_told_without_their_text() -> None:
    lines: list[str] = []
    home = build_world(lab_config({"support": lab_portal()}), write=lines.append, relay=Quoting(), desk=Quoting())
    await fill_in(home, ASKED)
    await fill_in(home, {**ASKED, "voucher": home.voucher(EMAIL)})
    await home.work()
    places = [line for line in lines if '"failed"' in line]
    assert len(places) == 2
    assert all("where" in line for line in places)
    assert not [line for line in lines for word in (EMAIL, NAME, SUBJECT, WORDS) if word in line]


@pytest.mark.parametrize("part", ["ledger", "lists", "meters", "holds"])
async def test_failures_of_the_store_are_told_without_what_was_to_be_written(part: str) -> None:
    lines: list[str] = []
    error = RuntimeError(f"cannot write {EMAIL}, {WORDS}")
    home = build_world(lab_config({"support": lab_portal()}), write=lines.append, store=broken_store(part, error=error))
    await fill_in(home, ASKED)
    assert not [line for line in lines for word in (EMAIL, WORDS) if word in line]


async def test_metrics_have_no_label_that_a_stranger_fills() -> None:
    home = world()
    for number in range(30):
        await fill_in(home, {**FORM, "email": f"p{number}@d{number}.example"}, ip=f"192.0.{number}.2")
        await home.get(f"/p/p{number}", f"192.0.{number}.2")
        await call(home, portal=f"p{number}")
    before = len(home.house.journal.exposition().splitlines())
    for number in range(30, 90):
        await fill_in(home, {**FORM, "email": f"p{number}@d{number}.example"}, ip=f"192.0.{number}.2")
        await call(home, portal=f"p{number}")
    assert len(home.house.journal.exposition().splitlines()) <= before + 30
