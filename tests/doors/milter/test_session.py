"""One conversation: what is kept of it, what is answered, what is refused."""

import pytest

from stillpost.doors.milter import codec
from stillpost.doors.milter.answer import Answer, ChangeField, InsertField, Quarantine, Refuse, RemoveRecipient, Say
from stillpost.doors.milter.codec import MilterError
from stillpost.doors.milter.session import HEADER_MAX_BYTES, RECIPIENTS_MAX, Arrived, Profile, Session
from tests.doors.milter import dialogue

PROFILE = Profile(actions=codec.ADD_HEADERS | codec.DELETE_RECIPIENTS | codec.QUARANTINE, body_max_bytes=1_000_000)
HEADERS_ONLY = Profile(actions=codec.ADD_HEADERS)


def opened(profile: Profile = PROFILE, data: bytes = b"") -> Session:
    session = Session(profile)
    session.receive(data or dialogue.greeting())
    return session


def arrive(session: Session, data: bytes) -> Arrived:
    _, arrived = session.receive(data)
    assert arrived is not None
    return arrived


def test_a_message_arrives_whole() -> None:
    arrived = arrive(opened(), dialogue.message(login=b"ann", body=(b"Hello\r\n", b"again\r\n")))
    assert arrived.peer.address == b"192.0.2.7"
    assert arrived.helo == b"client.example.com"
    assert arrived.sender == b"<ann@example.com>"
    assert arrived.recipients == (b"<support@helpdesk.example>",)
    assert arrived.fields == dialogue.FIELDS
    assert arrived.body == b"Hello\r\nagain\r\n"
    assert (arrived.queue_id, arrived.login) == (b"4Wabc123", b"ann")
    assert arrived.leading_space
    assert not arrived.overfull


def test_only_rcpt_data_and_the_end_are_answered() -> None:
    session = Session(PROFILE)
    replies, _ = session.receive(dialogue.greeting())
    assert [command for command, _ in dialogue.answers(replies)] == ["O"]
    replies, arrived = session.receive(dialogue.message(recipients=(b"<a@example.com>", b"<b@example.com>")))
    assert [command for command, _ in dialogue.answers(replies)] == ["c", "c", "c"]
    assert arrived is not None
    assert session.answer(0, Answer()) == codec.CONTINUE


def options_of(offer: bytes, profile: Profile = PROFILE) -> tuple[int, int, int]:
    replies, _ = Session(profile).receive(offer)
    ((command, payload),) = dialogue.answers(replies)
    assert command == "O"
    version, actions, steps = (int.from_bytes(payload[at : at + 4], "big") for at in (0, 4, 8))
    return version, actions, steps


@pytest.mark.parametrize(
    ("offer", "profile", "chosen"),
    [
        pytest.param(dialogue.offer(), PROFILE, (6, 0x129, 0x1C7180), id="all of version 6"),
        pytest.param(dialogue.offer(), HEADERS_ONLY, (6, 0x101, 0x1C7190), id="no body where none is needed"),
        pytest.param(dialogue.offer(7, 0xFFFF, 0xFFFFFFFF), HEADERS_ONLY, (6, 0x101, 0x1C7190), id="a later version"),
        pytest.param(dialogue.offer(2, 0x3F, 0x7F), PROFILE, (2, 0x29, 0), id="version 2"),
        pytest.param(dialogue.offer(6, 0x3F, 0), PROFILE, (6, 0x29, 0), id="no steps at all"),
    ],
)
def test_options_are_negotiated_down_to_what_the_server_offers(
    offer: bytes, profile: Profile, chosen: tuple[int, int, int]
) -> None:
    assert options_of(offer, profile) == chosen


def test_a_server_without_the_actions_a_role_needs_is_refused() -> None:
    with pytest.raises(MilterError, match="actions"):
        Session(PROFILE).receive(dialogue.offer(actions=codec.ADD_HEADERS))


def test_a_server_that_waits_for_everything_is_answered_everywhere() -> None:
    session = Session(PROFILE)
    session.receive(dialogue.offer(steps=0))
    stages = [
        (dialogue.macros("C", j=b"mx") + dialogue.connect(), 1),
        (dialogue.packet("H", b"x\0"), 1),
        (dialogue.macros("M", i=b"1") + dialogue.mail(), 1),
        (dialogue.recipient(), 1),
        (dialogue.packet("U", b"XYZZY\0"), 1),
        (dialogue.packet("T"), 1),
        (dialogue.header(b"A", b"1") + dialogue.header(b"B", b"2"), 2),
        (dialogue.packet("N"), 1),
        (dialogue.packet("B", b"x"), 1),
        (dialogue.packet("E"), 0),
    ]
    for data, count in stages:
        replies, _ = session.receive(data)
        assert replies == codec.CONTINUE * count
    assert session.answer(0, Answer()) == codec.CONTINUE


def test_several_messages_on_one_connection_have_nothing_of_each_other() -> None:
    session = opened()
    first = arrive(session, dialogue.message(login=b"ann", body=(b"one",)))
    assert session.answer(0, Answer(Say.TEMPFAIL)) == codec.TEMPFAIL
    second = arrive(
        session,
        dialogue.message(b"<bob@example.com>", [b"<x@example.com>"], [(b"From", b" bob")], (), queue_id=b"2"),
    )
    assert (first.sender, first.body, first.login) == (b"<ann@example.com>", b"one", b"ann")
    assert (second.sender, second.recipients, second.fields) == (
        b"<bob@example.com>",
        (b"<x@example.com>",),
        ((b"From", b" bob"),),
    )
    assert (second.body, second.queue_id, second.login) == (b"", b"2", b"")
    assert second.peer == first.peer
    assert second.helo == first.helo


@pytest.mark.parametrize("cut", range(18))
def test_an_abort_anywhere_leaves_a_clean_message_scope(cut: int) -> None:
    split = zip(*codec.Packets().feed(dialogue.message()), strict=True)
    packets = [dialogue.packet(chr(command), payload) for command, payload in split]
    session = opened()
    session.receive(b"".join(packets[:cut]) + dialogue.packet("A"))
    arrived = arrive(session, dialogue.message(fields=[(b"A", b" b")]))
    assert arrived.fields == ((b"A", b" b"),)
    assert arrived.recipients == (b"<support@helpdesk.example>",)


def test_an_answer_that_comes_after_an_abort_is_not_said() -> None:
    session = opened()
    arrive(session, dialogue.message())
    number = session.served
    session.receive(dialogue.packet("A"))
    assert session.answer(number, Answer(Say.DISCARD)) == b""
    arrive(session, dialogue.message())
    assert session.answer(number, Answer(Say.DISCARD)) == b""
    assert session.answer(session.served, Answer()) == codec.CONTINUE


def test_the_next_client_may_come_over_the_same_connection() -> None:
    session = opened()
    session.receive(dialogue.packet("K") + dialogue.connect(b"other", b"198.51.100.7"))
    arrived = arrive(session, dialogue.message())
    assert arrived.peer.address == b"198.51.100.7"
    assert arrived.helo == b""


def test_quit_closes() -> None:
    session = opened()
    session.receive(dialogue.packet("Q"))
    assert session.closed
    with pytest.raises(MilterError):
        session.receive(dialogue.packet("A"))


GOOD = [
    ("O", dialogue.offer()),
    ("C", dialogue.connect()),
    ("H", dialogue.packet("H", b"x\0")),
    ("M", dialogue.mail()),
    ("R", dialogue.recipient()),
    ("T", dialogue.packet("T")),
    ("L", dialogue.header(b"A", b" b")),
    ("N", dialogue.packet("N")),
    ("B", dialogue.packet("B", b"x")),
    ("E", dialogue.packet("E")),
]
FOLLOWING = {
    "": "O",
    "O": "CDAQK",
    "C": "HMDAQUK",
    "H": "HMDAQUK",
    "M": "RDAQUK",
    "R": "RTLNDAQUK",
    "T": "LNDAQK",
    "L": "LNDAQK",
    "N": "BEDAQK",
    "B": "BEDAQK",
    "E": "AQK",
}
OTHERS = {
    "D": dialogue.macros("M", i=b"1"),
    "A": dialogue.packet("A"),
    "Q": dialogue.packet("Q"),
    "K": dialogue.packet("K"),
    "U": dialogue.packet("U", b"x\0"),
}


@pytest.mark.parametrize("command", [command for command, _ in GOOD] + list(OTHERS) + ["?", "\0", "\xff"])
@pytest.mark.parametrize("after", list(FOLLOWING))
def test_each_command_comes_only_where_it_has_a_place(after: str, command: str) -> None:
    known = dict(GOOD) | OTHERS
    session = Session(PROFILE)
    for name, data in GOOD:
        if not after:
            break
        session.receive(data)
        if name == after:
            break
    data = known.get(command) or b"\0\0\0\1" + command.encode("latin-1")
    if command in FOLLOWING[after]:
        session.receive(data)
    else:
        with pytest.raises(MilterError, match="no place"):
            session.receive(data)


def test_a_header_beyond_the_bound_makes_this_message_overfull_and_no_other() -> None:
    session = opened()
    field = (b"X-Long", b" " + b"x" * 60_000)
    arrived = arrive(session, dialogue.message(fields=[field] * 5))
    assert arrived.overfull
    assert arrived.fields == ()
    assert arrived.body is None
    session.answer(0, Answer())
    arrived = arrive(session, dialogue.message(fields=[field] * 4))
    assert not arrived.overfull
    assert len(arrived.fields) == 4


def test_the_bound_of_the_header_counts_what_comes_in_any_pieces() -> None:
    field = dialogue.header(b"X", b"y" * 1000)
    session = opened()
    session.receive(dialogue.macros("M", i=b"1") + dialogue.mail() + dialogue.recipient() + dialogue.packet("T"))
    for _ in range(HEADER_MAX_BYTES // 1000 + 1):
        session.receive(field)
    arrived = arrive(session, dialogue.packet("N") + dialogue.packet("E"))
    assert arrived.overfull


def test_ten_thousand_recipients_pass_and_more_are_overfull() -> None:
    addresses = [b"<p%d@example.com>" % number for number in range(RECIPIENTS_MAX + 1)]
    session = opened()
    assert arrive(session, dialogue.message(recipients=addresses[:-1])).recipients == tuple(addresses[:-1])
    session.answer(0, Answer())
    arrived = arrive(session, dialogue.message(recipients=addresses))
    assert arrived.overfull
    assert len(arrived.recipients) == RECIPIENTS_MAX


@pytest.mark.parametrize("place", ["sender", "recipient"])
def test_an_endless_envelope_address_is_overfull(place: str) -> None:
    long = b"<" + b"x" * 5000 + b"@example.com>"
    data = dialogue.message(sender=long) if place == "sender" else dialogue.message(recipients=[long])
    assert arrive(opened(), data).overfull


@pytest.mark.parametrize(
    ("profile", "body"),
    [
        pytest.param(HEADERS_ONLY, None, id="the role needs none"),
        pytest.param(Profile(actions=1, body_max_bytes=9), None, id="longer than the role keeps"),
        pytest.param(Profile(actions=1, body_max_bytes=10), b"0123456789", id="as long as the role keeps"),
        pytest.param(
            Profile(actions=1, body_max_bytes=99, wants_body=lambda fields: len(fields) > 9), None, id="not this one"
        ),
    ],
)
def test_a_body_is_kept_as_far_as_the_role_wants(profile: Profile, body: bytes | None) -> None:
    arrived = arrive(opened(profile), dialogue.message(body=(b"01234", b"56789")))
    assert arrived.body == body


def test_the_last_chunk_may_come_with_the_end() -> None:
    data = dialogue.message(body=(b"one",)).removesuffix(dialogue.packet("E")) + dialogue.packet("E", b"two")
    assert arrive(opened(), data).body == b"onetwo"


def test_a_message_may_have_no_header_and_no_body() -> None:
    arrived = arrive(opened(), dialogue.message(fields=(), body=()))
    assert (arrived.fields, arrived.body) == ((), b"")


def test_macros_too_long_to_read_are_passed_over() -> None:
    data = dialogue.message().replace(dialogue.macros("E", i=b"4Wabc123"), dialogue.macros("E", i=b"x" * 20_000))
    assert arrive(opened(), data).queue_id == b"4Wabc123"


@pytest.mark.parametrize("leading", [True, False])
def test_edits_and_verdict_are_one_piece(leading: bool) -> None:
    session = Session(Profile(actions=0x39))
    session.receive(dialogue.offer(steps=dialogue.POSTFIX_STEPS if leading else 0))
    session.receive(dialogue.greeting().removeprefix(dialogue.offer()))
    arrive(session, dialogue.message(body=()))
    encoded = session.answer(
        0,
        Answer(
            Refuse(550, "5.7.1", "No"),
            (InsertField("X-A", b"1"), ChangeField("Cc", 2), RemoveRecipient(b"<a@b>"), Quarantine("why")),
        ),
    )
    space = b" " if leading else b""
    assert list(dialogue.answers(encoded)) == [
        ("i", b"\0\0\0\1X-A\0" + space + b"1\0"),
        ("m", b"\0\0\0\2Cc\0\0"),
        ("-", b"<a@b>\0"),
        ("q", b"why\0"),
        ("y", b"550 5.7.1 No\0"),
    ]


def test_an_answer_that_cannot_be_said_leaves_room_for_one_that_can() -> None:
    session = opened()
    arrive(session, dialogue.message())
    with pytest.raises(ValueError, match="stays in its field"):
        session.answer(0, Answer(edits=(InsertField("X", b"a\nb"),)))
    assert session.answer(0, Answer()) == codec.CONTINUE
