"""Fingerprints: what a template may change without changing a key, and what makes another text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mail.fingerprint import PARAGRAPHS_MAX, company_names, fingerprint

SUBJECT = "Your parcel could not be delivered"
TEXT = """Hello Anna,

we tried to bring your parcel to the address you gave us, but nobody opened the door.

Please choose another day within the next week, or collect the parcel from the depot in person.

Kind regards
Parcel Desk
"""


def changed(before: str, after: str) -> tuple[str, ...]:
    assert before in TEXT + SUBJECT
    return fingerprint(SUBJECT.replace(before, after), TEXT.replace(before, after))


def test_a_text_is_its_subject_and_its_paragraphs() -> None:
    keys = fingerprint(SUBJECT, TEXT)
    assert [key[0] for key in keys] == ["s", "p", "p"]
    assert all(len(key) == 17 for key in keys)


def test_keys_are_the_same_on_every_machine_and_in_every_version() -> None:
    assert fingerprint(SUBJECT, TEXT) == ("s28194b094e8bc214", "p445a82f24b2e287f", "p2aadbbcb5eab194f")
    assert fingerprint("", "Grüße aus Köln: ein Päckchen wartet in der Filiale auf seine Empfängerin.") == (
        "pcddc7edc7379f201",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("Hello Anna,", "Dear Mr. and Mrs. Muster,", id="greeting"),
        pytest.param("Hello Anna,\n\n", "Dear Bob,\n", id="greeting on the line above"),
        pytest.param("Hello Anna,\n\n", "Hi Bob\n", id="greeting without a mark"),
        pytest.param("Hello Anna,\n\n", "Hi Bob! ", id="greeting in the same line"),
        pytest.param("Hello Anna,\n\n", "", id="no greeting"),
        pytest.param("Your parcel", "Re: Your parcel", id="reply"),
        pytest.param("Your parcel", "AW: Re[2]: Your parcel", id="replies in two languages"),
        pytest.param("Your parcel", "[Acme Desk] Your parcel", id="brackets"),
        pytest.param("Your parcel", "YOUR PARCEL", id="case"),
        pytest.param("delivered", "delivered [#8812-AB]", id="ticket id in brackets"),
        pytest.param("we tried", "We  tried", id="blanks"),
        pytest.param(" but nobody", "\nbut nobody", id="line break"),
        pytest.param("the door.", "the door.\r", id="carriage return"),
        pytest.param("parcel from", "p\u200bar\u00adcel from", id="invisible characters"),
        pytest.param("Kind regards\nParcel Desk", "Bye\nThe team of Beta", id="signature"),
    ],
)
def test_what_a_template_changes_changes_no_key(before: str, after: str) -> None:
    assert changed(before, after) == fingerprint(SUBJECT, TEXT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("#12345", "#7", id="ticket number"),
        pytest.param("ABC-12345", "KEY-9", id="ticket key"),
        pytest.param("3 May 2026", "14. November 2027", id="date"),
        pytest.param("May 3, 2026", "November 14, 2027", id="American date"),
        pytest.param("2026-05-03T10:00:00Z", "2027-11-14T23:59:59Z", id="machine date"),
        pytest.param("10:30 am", "7:15 pm", id="time"),
        pytest.param("1,250.00 USD", "30 EUR", id="amount"),
        pytest.param("https://acme.example/t/12", "http://help.beta.example/x?y=z", id="link"),
        pytest.param("www.acme.example", "beta.example", id="host"),
        pytest.param("anna@example.org", "<bob.muster@example.com>", id="address"),
        pytest.param("01M3Q58ZAN3JJ0", "5f0c1a9e-3f", id="opaque id"),
    ],
)
@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(
            "We wrote down everything that you told us {} and somebody will read it soon.", id="in the middle"
        ),
        pytest.param("We wrote down everything that you told us and will read it soon: {}", id="at the end"),
        pytest.param("Wir haben alles notiert ({}), was Sie gesagt haben, und prüfen es für Sie.", id="German"),
    ],
)
def test_numbers_links_and_addresses_are_masked(frame: str, one: str, other: str) -> None:
    keys = fingerprint(frame.format(one), frame.format(one))
    assert len(keys) == 2
    assert fingerprint(frame.format(other), frame.format(other)) == keys


@pytest.mark.parametrize(
    ("company", "display_name", "domain"),
    [
        pytest.param("Acme", "Acme", "acme.example", id="one word"),
        pytest.param("ACME", "Acme Support", "acme.example", id="in capitals"),
        pytest.param("Acme Widgets", "Acme Widgets Support", "help.example", id="beginning of the display name"),
        pytest.param("Acme Widgets", "Support", "acmewidgets.example", id="as the domain spells it"),
        pytest.param("Acme-Widgets", "Support", "acme-widgets.example", id="with a hyphen"),
        pytest.param("The Washington Courier", "The Washington Courier", "courier.example", id="three words"),
        pytest.param("Müller & Söhne", "Müller & Söhne", "mueller.example", id="with umlauts"),
        pytest.param("Studio54", "Studio54", "studio54.example", id="with a number"),
    ],
)
def test_the_company_that_is_told_is_masked(company: str, display_name: str, domain: str) -> None:
    frame = "Thanks for writing to {}; somebody of {} reads your letter today, and {}'s answer will come by mail."
    keys = fingerprint(f"A letter to {company}", frame.format(*[company] * 3), company_names(display_name, domain))
    plain = fingerprint("A letter to", frame.format("", "", "").replace("'s", ""))
    assert keys == plain


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("delivered", "found", id="subject"),
        pytest.param("nobody", "somebody", id="a word"),
        pytest.param("choose another day", "choose another day soon", id="one word more"),
    ],
)
def test_other_words_make_another_key(before: str, after: str) -> None:
    assert changed(before, after) != fingerprint(SUBJECT, TEXT)


def test_one_paragraph_is_found_inside_other_texts() -> None:
    paragraph = "Call the number below at once, or the prize goes to the next person on our list."
    in_one = fingerprint("Ticket received", f"Thanks for asking Acme.\n\n{paragraph}\n\nAcme")
    quoted = "> " + paragraph.replace(" or the", "\n> or the")
    in_other = fingerprint("Wir haben Ihre Anfrage", f"Guten Tag,\n\nSie schrieben uns:\n\n{quoted}\n")
    assert set(in_one) & set(in_other)


def test_short_lines_are_taken_together() -> None:
    lines = "Hello {},\n\nyour parcel waits\n\nat the depot\n\nuntil next week"
    assert fingerprint("", lines.format("Anna")) == fingerprint("", lines.format("Bob")) != ()


def test_ideographs_have_keys_though_they_know_no_blanks() -> None:
    one = fingerprint("", "您的请求（#12345）已收到，我们的支持团队正在处理。请访问https://acme.example/1查看。")
    other = fingerprint("", "您的请求（#7）已收到，我们的支持团队正在处理。请访问http://beta.example/x查看。")
    assert one == other != ()


@pytest.mark.parametrize("subject", ["", "Question", "Re: help", "[#123]", "12345", "?!"])
def test_too_little_text_has_no_key(subject: str) -> None:
    assert fingerprint(subject, "Hello") == ()


def test_a_text_has_a_bounded_number_of_keys() -> None:
    many = "\n\n".join(
        f"paragraph {chr(97 + n % 26) * (n + 1)} says something that is long enough to be one" for n in range(99)
    )
    assert len(fingerprint("", many)) == PARAGRAPHS_MAX


@given(st.text(max_size=2000), st.text(max_size=5000), st.lists(st.text(max_size=80), max_size=20))
def test_any_text_has_keys_or_none(subject: str, text: str, names: list[str]) -> None:
    keys = fingerprint(subject, text, tuple(names))
    assert len(keys) == len(set(keys)) <= PARAGRAPHS_MAX + 1
    assert keys == fingerprint(subject, text, tuple(names))


@given(st.text(max_size=300), st.text(max_size=300))
def test_company_names_are_few_whatever_the_header_says(display_name: str, domain: str) -> None:
    assert len(company_names(display_name, domain)) <= 18
