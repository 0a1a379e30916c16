"""Packets and what is in them: byte tables, and everything that is refused."""

import pytest

from stillpost.doors.milter import codec
from stillpost.doors.milter.codec import MilterError, Options, Packets, Peer
from tests.doors.milter import dialogue


def split(reader: Packets, data: bytes) -> list[tuple[int, bytes]]:
    commands, payloads = reader.feed(data)
    return list(zip(commands, payloads, strict=True))


def length(size: int) -> bytes:
    return size.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("data", "packets"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"\0\0\0\1Q", [(codec.QUIT, b"")], id="a command without payload"),
        pytest.param(b"\0\0\0\3Hx\0", [(codec.HELO, b"x\0")], id="a command with payload"),
        pytest.param(b"\0\0\0\1A\0\0\0\1Q", [(codec.ABORT, b""), (codec.QUIT, b"")], id="two at once"),
        pytest.param(b"\0\0\0\1A\0\0\0", [(codec.ABORT, b"")], id="one and the beginning of another"),
        pytest.param(b"\0\0\0\5H\0\0\0\0", [(codec.HELO, b"\0\0\0\0")], id="NULs in a payload"),
    ],
)
def test_a_stream_is_split_into_packets(data: bytes, packets: list[tuple[int, bytes]]) -> None:
    assert split(Packets(), data) == packets


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 7, 64])
def test_a_stream_split_anywhere_gives_the_same_packets(step: int) -> None:
    stream = dialogue.greeting() + dialogue.message() + dialogue.packet("Q")
    whole = split(Packets(), stream)
    reader = Packets()
    parts = [packet for at in range(0, len(stream), step) for packet in split(reader, stream[at : at + step])]
    assert parts == whole
    assert len(whole) == 18


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(length(0) + b"A", id="a packet without a command"),
        pytest.param(length(codec.PACKET_MAX + 1) + b"B", id="one byte more than the bound"),
        pytest.param(length(64 << 20) + b"B", id="64 megabytes"),
        pytest.param(length(0xFFFFFFFF) + b"B", id="a negative length"),
        pytest.param(length(0), id="the length alone, nothing behind it"),
        pytest.param(b"\0\0\0\1A" + length(0) + b"A", id="behind a good one"),
        pytest.param(b"GET / HTTP/1.1\r\n", id="another protocol"),
    ],
)
@pytest.mark.parametrize("split", [False, True], ids=["in one read", "byte by byte"])
def test_a_length_out_of_bounds_is_refused_before_anything_is_kept(data: bytes, split: bool) -> None:
    reader = Packets()
    pieces = [data[at : at + 1] for at in range(len(data))] if split else [data]
    with pytest.raises(MilterError, match="lengths are 1 to"):
        list(map(reader.feed, pieces))


def test_the_largest_packet_passes() -> None:
    payload = bytes(codec.PACKET_MAX - 1)
    assert split(Packets(), length(codec.PACKET_MAX) + b"B" + payload) == [(codec.BODY, payload)]


@pytest.mark.parametrize(
    ("payload", "peer"),
    [
        pytest.param(b"mx\x004\x9c\x40192.0.2.7\0", Peer(b"mx", "inet", b"192.0.2.7", 40_000), id="IPv4"),
        pytest.param(b"mx\x006\0\x19IPv6:2001:db8::7\0", Peer(b"mx", "inet6", b"IPv6:2001:db8::7", 25), id="IPv6"),
        pytest.param(b"localhost\0L\0\0/run/x\0", Peer(b"localhost", "unix", b"/run/x", 0), id="a Unix socket"),
        pytest.param(b"unknown\0U", Peer(b"unknown"), id="unknown"),
    ],
)
def test_who_connected_is_read(payload: bytes, peer: Peer) -> None:
    assert codec.read_connect(payload) == peer


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"mx",
        b"mx\0",
        b"mx\0X\0\x19a\0",
        b"mx\x004",
        b"mx\x004\0",
        b"mx\x004\0\x19",
        b"mx\x004\0\x19a",
        b"mx\x004\0\x19a\0b\0",
    ],
)
def test_a_malformed_connection_is_refused(payload: bytes) -> None:
    with pytest.raises(MilterError):
        codec.read_connect(payload)


@pytest.mark.parametrize(
    ("payload", "arguments"),
    [
        pytest.param(b"<>\0", (b"<>",), id="the null sender"),
        pytest.param(b"<a@b>\0SIZE=12\0BODY=8BITMIME\0", (b"<a@b>", b"SIZE=12", b"BODY=8BITMIME"), id="with arguments"),
        pytest.param(
            "<jörg@bücher.example>\0SMTPUTF8\0".encode(), ("<jörg@bücher.example>".encode(), b"SMTPUTF8"), id="EAI"
        ),
        pytest.param(b"<\xff\xfe@x>\0", (b"<\xff\xfe@x>",), id="no charset at all"),
        pytest.param(b"\0", (b"",), id="empty"),
    ],
)
def test_envelope_addresses_are_read_in_any_charset(payload: bytes, arguments: tuple[bytes, ...]) -> None:
    assert codec.read_arguments(payload) == arguments


@pytest.mark.parametrize("payload", [b"", b"<a@b>", b"<a@b>\0SIZE=1"])
def test_an_envelope_address_that_does_not_end_is_refused(payload: bytes) -> None:
    with pytest.raises(MilterError):
        codec.read_arguments(payload)


def test_header_fields_are_read_in_order_with_duplicates_and_any_bytes() -> None:
    payloads = [b"A\0 1\0", b"a\0\xff\n\tfold\0", b"A\0\0", b"\0\0"]
    assert codec.read_headers(payloads) == ((b"A", b" 1"), (b"a", b"\xff\n\tfold"), (b"A", b""), (b"", b""))


@pytest.mark.parametrize("payload", [b"", b"A", b"A\0", b"A\0b", b"A\0b\0c", b"A\0b\0c\0", b"\0\0\0"])
def test_a_header_field_that_is_not_two_strings_is_refused(payload: bytes) -> None:
    with pytest.raises(MilterError):
        codec.read_headers([b"Fine\0 yes\0", payload])


@pytest.mark.parametrize(
    ("payload", "macros"),
    [
        pytest.param(b"E", {}, id="none"),
        pytest.param(b"Ei\x004W1\0", {b"i": b"4W1"}, id="a short name"),
        pytest.param(
            b"M{auth_authen}\0j\xc3\xb6rg\0{x}\0\xff\0",
            {b"{auth_authen}": b"j\xc3\xb6rg", b"{x}": b"\xff"},
            id="any charset",
        ),
        pytest.param(b"Mi\x001\0i\x002\0", {b"i": b"2"}, id="twice"),
        pytest.param(b"M{}\0\0", {b"{}": b""}, id="empty braces"),
    ],
)
def test_macros_are_read(payload: bytes, macros: dict[bytes, bytes]) -> None:
    assert codec.read_macros(payload) == macros


@pytest.mark.parametrize("payload", [b"", b"Ei", b"Ei\0", b"Ei\x001", b"E\0\0\0"])
def test_macros_that_are_not_pairs_are_refused(payload: bytes) -> None:
    with pytest.raises(MilterError):
        codec.read_macros(payload)


@pytest.mark.parametrize("payload", [b"", b"\0" * 11, b"\0\0\0\1" + b"\0" * 8, b"\0\0\0\0" + b"\0" * 8])
def test_an_offer_that_is_too_short_or_too_old_is_refused(payload: bytes) -> None:
    with pytest.raises(MilterError):
        codec.read_options(payload)


def test_an_offer_may_be_longer_than_we_know() -> None:
    assert codec.read_options(b"\0\0\0\7\0\0\1\xff\0\x1f\xff\xff future") == Options(7, 0x1FF, 0x1FFFFF)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(codec.CONTINUE, b"\0\0\0\1c", id="continue"),
        pytest.param(codec.DISCARD, b"\0\0\0\1d", id="discard"),
        pytest.param(codec.PROGRESS, b"\0\0\0\1p", id="progress"),
        pytest.param(codec.insert_header(1, "X-A", b" b"), b"\0\0\0\x0ci\0\0\0\1X-A\0 b\0", id="insert a field"),
        pytest.param(codec.add_header("X-A", b" b"), b"\0\0\0\x08hX-A\0 b\0", id="add a field"),
        pytest.param(codec.change_header(2, "Cc", b""), b"\0\0\0\x09m\0\0\0\2Cc\0\0", id="take out a field"),
        pytest.param(
            codec.delete_recipient("<jörg@x>".encode()),
            "\0\0\0\x0b-<jörg@x>\0".encode(),
            id="take out an EAI recipient",
        ),
        pytest.param(codec.quarantine("held"), b"\0\0\0\6qheld\0", id="quarantine"),
        pytest.param(codec.reply(550, "5.7.1", "No"), b"\0\0\0\x0ey550 5.7.1 No\0", id="a reply"),
        pytest.param(codec.options(Options(6, 1, 2), {}), b"\0\0\0\rO\0\0\0\6\0\0\0\1\0\0\0\2", id="options"),
    ],
)
def test_what_we_say_is_spelled_as_the_protocol_wants(made: bytes, expected: bytes) -> None:
    assert made == expected


def test_macros_are_chosen_for_every_stage() -> None:
    made = codec.options(Options(6, codec.CHOOSE_MACROS, 0), {codec.MAIL: ("i", "{auth_authen}")})
    assert made[17:] == (b"\0\0\0\0\0\0\0\0\1\0\0\0\0\2i {auth_authen}\0\0\0\0\3\0\0\0\0\4\0\0\0\0\5\0\0\0\0\6\0")


@pytest.mark.parametrize(
    ("code", "enhanced", "text"),
    [
        pytest.param(250, "2.0.0", "Ok", id="no refusal"),
        pytest.param(550, "4.7.1", "No", id="codes that differ"),
        pytest.param(550, "5.7.1", "100 %", id="a percent sign"),
        pytest.param(550, "5.7.1", "a\r\nb", id="a line break"),
        pytest.param(550, "5.7.1", "nein, jörg", id="not ASCII"),
        pytest.param(550, "5.7.1", "x" * 600, id="too long"),
    ],
)
def test_a_reply_that_smtp_cannot_carry_is_our_own_mistake(code: int, enhanced: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"refusal|one line"):
        codec.reply(code, enhanced, text)


@pytest.mark.parametrize("value", [b"a\r\nBcc: x", b"a\nBcc: x", b"a\n", b"a\n\n b", b"a\0b"])
def test_a_value_cannot_break_out_of_its_field(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"stays in its field|NUL"):
        codec.insert_header(1, "X-A", value)


@pytest.mark.parametrize("name", ["", "X A", "X:", "Xä", "X\n"])
def test_a_field_of_ours_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="plain name"):
        codec.insert_header(1, name, b" x")
