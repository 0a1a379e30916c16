"""The milter protocol: any bytes are read or raise MilterError, in one piece as in two; an answer always fits in."""

from stillpost.doors.milter import codec
from stillpost.doors.milter.answer import CONTINUE
from stillpost.doors.milter.codec import MilterError
from stillpost.doors.milter.session import Arrived, Profile, Session
from tests.doors.milter import dialogue

SEEDS = (
    dialogue.greeting() + dialogue.message(),
    dialogue.greeting() + dialogue.message(login="jörg".encode(), body=(b"a", b"b")) + dialogue.packet("Q"),
    dialogue.offer(2, 0x3F, 0) + dialogue.connect() + dialogue.message(fields=[(b"A", b" b\n\tc"), (b"a", b"")]),
    dialogue.greeting() + dialogue.mail(b"<>") + dialogue.packet("A") + dialogue.packet("K"),
)
PROFILE = Profile(actions=codec.ADD_HEADERS, body_max_bytes=4_000)


def talk(*pieces: bytes) -> tuple[bytes, list[Arrived], bool]:
    """Everything said, every message, and whether the peer was hung up on."""
    session, said, arrived = Session(PROFILE), b"", []
    for piece in pieces:
        try:
            replies, message = session.receive(piece)
        except MilterError:
            return said, arrived, True
        said += replies
        if message is not None:
            arrived.append(message)
            said += session.answer(session.served, CONTINUE)
    return said, arrived, False


def check(data: bytes) -> None:
    """Read ``data`` whole and in two pieces."""
    _, arrived, _ = talk(data)
    for message in arrived:
        assert len(message.recipients) >= 1
        assert message.body is None or len(message.body) <= PROFILE.body_max_bytes
    half = len(data) // 2
    talk(data[:half], data[half:])
