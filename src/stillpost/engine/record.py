"""Events, meters, readings and verdicts as plain JSON values, and back: the ledger's entries, ``replay F.jsonl``.

What is written is read again as an equal object; what is left out is the default. Reading is strict: an unknown key, a
wrong type, a time without a zone, a number that is none raise ``RecordError``, and nothing else does.

A record that is kept names nobody. Given a ``Pseudonym``, writing puts one for every address, network, host and message
id, and leaves out the subject. Equal keys stay equal, and an address that machines write from stays one, so the record
still gets the verdict that the event got.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

from stillpost.engine.shapes import RecordError, read_as, refuse, write_plain
from stillpost.mail.roles import is_automatic
from stillpost.model import Address, Envelope, Event, Feedback, Mail, Meter, Reading, Source, Submission, Verdict

__all__ = [
    "Pseudonym",
    "RecordError",
    "conceal_address",
    "read_event",
    "read_meters",
    "read_readings",
    "read_verdict",
    "write_event",
    "write_meters",
    "write_readings",
    "write_verdict",
]

Pseudonym: TypeAlias = Callable[[str, str], str]
"""From the kind of a key and the key to what stands for it: letters and digits only, equal for equal keys."""

_KINDS: Final[dict[str, type[Event]]] = {"submission": Submission, "mail": Mail, "feedback": Feedback}
_NAMES: Final = {cls: name for name, cls in _KINDS.items()}
_FIRST, _PEEK, _MEMBERS = 1, 2, 4
_PARTS: Final = 5
_MICROSECOND: Final = timedelta(microseconds=1)
_NOWHERE: Final = "example"  # RFC 2606: nobody can be mailed there


def write_event(event: Event, pseudonym: Pseudonym | None = None) -> dict[str, object]:
    """The event as a JSON object; its ``event`` is submission, mail or feedback."""
    instead = {} if pseudonym is None else _concealed(event, pseudonym)
    return {"event": _NAMES[type(event)], **write_plain(event, instead)}


def read_event(value: object) -> Event:
    """The event that was written. Raises RecordError."""
    if not isinstance(value, dict):
        refuse("event", "is not an object")
    kind = value.get("event")
    if not isinstance(kind, str) or kind not in _KINDS:
        refuse("event", f"is none of {', '.join(_KINDS)}")
    return read_as(_KINDS[kind], {key: item for key, item in value.items() if key != "event"}, kind)


def write_verdict(verdict: Verdict) -> dict[str, object]:
    """The verdict as a JSON object."""
    return write_plain(verdict, {})


def read_verdict(value: object) -> Verdict:
    """The verdict that was written. Raises RecordError."""
    return read_as(Verdict, value, "verdict")


def write_meters(meters: Sequence[Meter], pseudonym: Pseudonym | None = None) -> list[object]:
    """Meters in their order, like neighbors together: ``[name, [seconds], cap, flags, [[key, distinct], …]]``."""
    groups: list[object] = []
    like: Meter | None = None
    keys: list[object] = []
    value = hidden = None  # of the meter before: one event mostly has one
    for meter in meters:
        if like is None or not _is_like(meter, like):
            like, keys = meter, []
            flags = _FIRST * meter.first | _PEEK * meter.peek | _MEMBERS * meter.members
            groups.append([meter.name, list(_seconds(meter.windows)), meter.cap, flags, keys])
        key, distinct = meter.key, meter.distinct
        if pseudonym is not None:
            key = pseudonym("meter", key)
            if distinct is not None:
                if distinct != value:
                    value, hidden = distinct, pseudonym("value", distinct)
                distinct = hidden
        keys.append([key] if distinct is None else [key, distinct])
    return groups


def _is_like(meter: Meter, other: Meter) -> bool:
    return (
        meter.name == other.name
        and meter.windows == other.windows
        and meter.cap == other.cap
        and meter.first == other.first
        and meter.peek == other.peek
        and meter.members == other.members
    )


@lru_cache(256)
def _seconds(windows: tuple[timedelta, ...]) -> tuple[float, ...]:
    seconds = [window.total_seconds() for window in windows]
    return tuple(int(span) if span == int(span) else span for span in seconds)


def read_meters(value: object) -> tuple[Meter, ...]:
    """The meters that were written. Raises RecordError."""
    meters: list[Meter] = []
    for group in _items(value, "meters", 0):
        name, windows, cap, flags, keys = _items(group, "meters", _PARTS)
        if not isinstance(flags, int) or isinstance(flags, bool) or not 0 <= flags <= _FIRST | _PEEK | _MEMBERS:
            refuse("meters", "have flags that mean nothing")
        for pair in _items(keys, "meters", 0):
            key, *distinct = _items(pair, "meters", 1)
            if len(distinct) > 1:
                refuse("meters", "have a key of more than two parts")
            record = {"name": name, "windows": windows, "cap": cap, "key": key}
            record |= {"first": bool(flags & _FIRST), "peek": bool(flags & _PEEK), "members": bool(flags & _MEMBERS)}
            meters.append(read_as(Meter, record | ({"distinct": distinct[0]} if distinct else {}), "meters"))
    return tuple(meters)


def write_readings(readings: Sequence[Reading], at: datetime) -> list[object]:
    """Readings in their order: ``[[counts], first seen, new, usual, [members]]``, cut after the last that says much.

    First seen is in microseconds before the event's ``at``; null if the key was never seen.
    """
    return [_reading(reading, at) for reading in readings]


def read_readings(value: object, at: datetime) -> tuple[Reading, ...]:
    """The readings that were written for an event at this time. Raises RecordError."""
    readings = []
    for item in _items(value, "readings", 0):
        said = _items(item, "readings", 1)
        if len(said) > len(_UNSAID):
            refuse("readings", "have more parts than five")
        counts, before, new, usual, members = [*said, *_UNSAID[len(said) :]]
        record = {"counts": counts, "is_new": new, "usual": usual, "members": members}
        if before is not None:
            record["first_seen"] = _before(before, at)
        readings.append(read_as(Reading, record, "readings"))
    return tuple(readings)


_UNSAID: Final[tuple[object, ...]] = ((), 0, False, 0, [])


def _reading(reading: Reading, at: datetime) -> list[object]:
    first = reading.first_seen
    before = None if first is None else 0 if first is at else (at - first) // _MICROSECOND
    counts = list(reading.counts)
    if reading.members:
        return [counts, before, reading.is_new, reading.usual, list(reading.members)]
    if reading.usual:
        return [counts, before, reading.is_new, reading.usual]
    if reading.is_new:
        return [counts, before, True]
    return [counts] if before == 0 else [counts, before]


def _before(value: object, at: datetime) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        refuse("readings.first_seen", "is not a whole number of microseconds")
    try:
        return (at - timedelta(microseconds=value)).isoformat()
    except OverflowError:
        refuse("readings.first_seen", "is no time")


def _items(value: object, where: str, least: int) -> list[object]:
    """The items of a list of at least so many; 5 means exactly 5, the parts of a group of meters."""
    if not isinstance(value, list) or len(value) < least or (least == _PARTS and len(value) != least):
        refuse(where, "are not the lists that were written")
    return value


def conceal_address(address: Address, pseudonym: Pseudonym) -> dict[str, str]:
    """The address as a record keeps it."""
    local = pseudonym("proof", address.proof_key)
    if is_automatic(address):
        local = f"noreply+{local}"  # what its name told stays told
    domain = f"{pseudonym('domain', address.domain)}.{_NOWHERE}"
    return {
        "mailbox": f"{local}@{domain}",
        "proof_key": f"{local}@{domain}",
        "limit_key": f"{pseudonym('limit', address.limit_key)}@{domain}",
        "domain": domain,
        "organization": f"{pseudonym('domain', address.organization)}.{_NOWHERE}",
    }


def _concealed(event: Event, pseudonym: Pseudonym) -> dict[str, object]:
    """What to write for the fields of an event that name somebody."""
    if isinstance(event, Submission):
        return {
            "requester": conceal_address(event.requester, pseudonym),
            "source": _source(event.source, pseudonym),
        }
    if isinstance(event, Feedback):
        return {"requester": conceal_address(event.requester, pseudonym)}
    author = None if event.header_from is None else conceal_address(event.header_from, pseudonym)
    return {
        "recipient": conceal_address(event.recipient, pseudonym),
        "header_from": author,
        "envelope": _envelope(event.envelope, pseudonym),
        "message_id": _named("message", event.message_id, pseudonym),
        "thread": [_named("message", message_id, pseudonym) for message_id in event.thread],
        "subject": "",
    }


def _source(source: Source, pseudonym: Pseudonym) -> dict[str, object]:
    networks = [pseudonym("network", network) for network in source.networks]
    return {"ip": _named("network", source.ip, pseudonym), "networks": networks}


def _envelope(envelope: Envelope, pseudonym: Pseudonym) -> dict[str, object]:
    return {
        "sender": envelope.sender and _typed(envelope.sender, pseudonym),
        "recipients": [_typed(recipient, pseudonym) for recipient in envelope.recipients],
        "client_ip": envelope.client_ip and pseudonym("network", envelope.client_ip),
        "helo": envelope.helo and pseudonym("network", envelope.helo),
    }


def _typed(text: str, pseudonym: Pseudonym) -> str:
    """An address as somebody typed it, recognizable where that is how its owner proves it."""
    return f"{pseudonym('proof', text.lower())}@{_NOWHERE}"


def _named(kind: str, text: str, pseudonym: Pseudonym) -> str:
    return pseudonym(kind, text) if text else ""
