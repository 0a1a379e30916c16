"""Whatever comes, and however it is cut: the same messages, or MilterError and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from stillpost.doors.milter import codec
from stillpost.doors.milter.answer import Answer
from stillpost.doors.milter.codec import MilterError, Packets
from stillpost.doors.milter.session import Arrived, Profile, Session
from tests.doors.milter import dialogue

PROFILE = Profile(actions=codec.ADD_HEADERS, body_max_bytes=10_000)
text = st.binary(max_size=30).map(lambda raw: raw.replace(b"\0", b"?"))
messages = st.builds(
    dialogue.message,
    sender=text,
    recipients=st.lists(text, min_size=1, max_size=4),
    fields=st.lists(st.tuples(text, text), max_size=6),
    body=st.lists(st.binary(max_size=40), max_size=3),
    queue_id=text,
    login=text,
)


def talk(session: Session, pieces: list[bytes]) -> tuple[bytes, list[Arrived]]:
    """Everything said and every message, answered at once."""
    said, arrived = b"", []
    for piece in pieces:
        replies, message = session.receive(piece)
        said += replies
        if message is not None:
            arrived.append(message)
            said += session.answer(session.served, Answer())
    return said, arrived


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(st.lists(messages, min_size=1, max_size=3), st.lists(st.integers(0, 10_000), max_size=12))
def test_cuts_change_nothing(made: list[bytes], places: list[int]) -> None:
    whole = talk(Session(PROFILE), [dialogue.greeting(), *made])
    cut_up = talk(Session(PROFILE), [piece for part in (dialogue.greeting(), *made) for piece in cut(part, places)])
    assert cut_up == whole
    assert len(whole[1]) == len(made)


def test_a_cut_at_every_single_byte_changes_nothing() -> None:
    data = dialogue.greeting() + dialogue.message(login="jörg".encode())
    whole = talk(Session(PROFILE), [data])
    for at in range(len(data) + 1):
        assert talk(Session(PROFILE), [data[:at], data[at:]]) == whole


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_bytes_are_read_or_refused(pieces: list[bytes]) -> None:
    for start in (b"", dialogue.greeting(), dialogue.greeting() + dialogue.message()[:60]):
        try:
            talk(Session(PROFILE), [start, *pieces])
        except MilterError:
            continue


commands = st.sampled_from([*b"ABCDEHLMNOQRTUK", 0, 255])
packets = st.lists(st.tuples(commands, st.binary(max_size=30)), max_size=20).map(
    lambda listed: b"".join(
        (len(payload) + 1).to_bytes(4, "big") + bytes([command]) + payload for command, payload in listed
    )
)


@given(packets)
def test_any_packets_are_read_or_refused(data: bytes) -> None:
    session = Session(PROFILE)
    try:
        talk(session, [dialogue.offer(), data])
    except MilterError:
        return
    Packets().feed(data)


@given(packets, messages)
def test_after_an_abort_the_next_message_is_read_as_if_nothing_had_been(data: bytes, made: bytes) -> None:
    session = Session(PROFILE)
    clean = talk(Session(PROFILE), [dialogue.greeting(), made])[1]
    talk(session, [dialogue.greeting()])
    try:
        talk(session, [data])
        talk(session, [dialogue.packet("A")])
    except MilterError:
        return
    if session.closed:
        return
    try:
        arrived = talk(
            session, [dialogue.packet("K") + dialogue.connect() + dialogue.packet("H", b"client.example.com\0") + made]
        )[1]
    except MilterError:
        return
    assert arrived == clean
