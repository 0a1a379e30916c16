"""Records: what is written is read again, nothing else is, and a concealed record names nobody."""

import contextlib
import json
import typing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.engine.record import (
    RecordError,
    read_event,
    read_meters,
    read_readings,
    read_verdict,
    write_event,
    write_meters,
    write_readings,
    write_verdict,
)
from stillpost.mail.roles import is_automatic
from stillpost.model import (
    Address,
    Direction,
    Envelope,
    Event,
    Feedback,
    Mail,
    Meter,
    Reading,
    Source,
    Submission,
    Verdict,
)

texts = st.text(max_size=30)
times = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 2), max_value=datetime(2500, 1, 1))
spans = st.integers(1, 10**15).map(lambda micros: timedelta(microseconds=micros))
numbers = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)

st.register_type_strategy(datetime, times)
st.register_type_strategy(timedelta, spans)


def whole(cls: type) -> st.SearchStrategy[typing.Any]:
    """Objects with every field drawn, defaulted ones too: a new field of the model is tested without a change here."""
    hints = typing.get_type_hints(cls)
    return st.builds(cls, **{name: drawn(hint) for name, hint in hints.items()})


def drawn(hint: typing.Any) -> st.SearchStrategy[typing.Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is str:
        return texts
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if origin is tuple:
        return st.lists(drawn(inner[0]), max_size=3).map(tuple)
    if origin is not None and type(None) in inner:
        return st.none() | drawn(inner[0])
    if origin is not None and inner and inner[0] is str:
        return st.dictionaries(texts, texts | numbers, max_size=3)
    if hasattr(hint, "__dataclass_fields__"):
        return whole(hint)
    return st.from_type(hint)


events: st.SearchStrategy[Event] = st.one_of(whole(Submission), whole(Mail), whole(Feedback))


def over_the_wire(value: object) -> object:
    return json.loads(json.dumps(value, allow_nan=False))


@given(events)
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    assert read_event(over_the_wire(write_event(event))) == event


@given(whole(Verdict))
def test_a_verdict_is_read_as_it_was_written(verdict: Verdict) -> None:
    assert read_verdict(over_the_wire(write_verdict(verdict))) == verdict


@given(st.lists(whole(Meter) | st.just(Meter("a", "b", (timedelta(hours=1),))), max_size=8))
def test_meters_are_read_as_they_were_written(meters: list[Meter]) -> None:
    assert read_meters(over_the_wire(write_meters(meters))) == tuple(meters)


@given(st.lists(whole(Reading), max_size=8), times)
def test_readings_are_read_as_they_were_written(readings: list[Reading], at: datetime) -> None:
    assert read_readings(over_the_wire(write_readings(readings, at)), at) == tuple(readings)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_anything_else_is_refused_with_the_one_error(value: object) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for read in (read_event, read_verdict, read_meters, lambda item: read_readings(item, at)):
        with contextlib.suppress(RecordError):
            read(value)


@given(events, st.data())
def test_a_record_with_one_thing_changed_is_read_or_refused(event: Event, data: st.DataObject) -> None:
    record = over_the_wire(write_event(event))
    assert isinstance(record, dict)
    name = data.draw(st.sampled_from(sorted(record)) | texts)
    record[name] = data.draw(json_values)
    with contextlib.suppress(RecordError):
        read_event(record)


PLAIN = {"mailbox": "a", "proof_key": "b", "limit_key": "c", "domain": "d", "organization": "e"}
GOOD = {
    "event": "feedback",
    "event_id": "e",
    "portal": "p",
    "at": "2026-01-01T00:00:00Z",
    "kind": "bounce",
    "requester": PLAIN,
}


@pytest.mark.parametrize(
    ("record", "why"),
    [
        pytest.param([], "event is not an object", id="a list"),
        pytest.param({}, "event is none of submission, mail, feedback", id="no kind"),
        pytest.param({"event": []}, "event is none of", id="a kind that cannot be one"),
        pytest.param({"event": "feedback"}, "feedback.event_id is missing", id="nothing else"),
        pytest.param(GOOD | {"evil": 1}, "feedback has a key that is none of about, at", id="unknown key"),
        pytest.param(GOOD | {"kind": "evil"}, "feedback.kind is none of bounce, complaint", id="no such kind"),
        pytest.param(GOOD | {"at": "2026-01-01T00:00:00"}, "feedback.at is a time without a zone", id="no zone"),
        pytest.param(GOOD | {"at": "yesterday"}, "feedback.at is not a time like 2026-", id="no time"),
        pytest.param(GOOD | {"at": "0001-01-01T00:00:00+23:59"}, "feedback.at is not a time", id="before all time"),
        pytest.param(GOOD | {"at": 5}, "feedback.at is not a text", id="a number for a time"),
        pytest.param(GOOD | {"requester": PLAIN | {"x": 5}}, "feedback.requester has a key", id="inside"),
        pytest.param(GOOD | {"requester": None}, "feedback.requester is not an object", id="nobody"),
        pytest.param(GOOD | {"about": "x" * 100_001}, "feedback.about is longer than", id="too long"),
        pytest.param(GOOD | {"event_id": None}, "feedback.event_id is not a text", id="null"),
    ],
)
def test_the_error_says_where_and_why(record: object, why: str) -> None:
    with pytest.raises(RecordError, match=why):
        read_event(record)


def pseudonym(kind: str, key: str) -> str:
    return f"x{abs(hash((kind, key))):016x}"


secret = "Zz-secret-zZ"  # no pseudonym contains it
named = st.builds(
    Address,
    mailbox=st.just(f"{secret}@{secret}.example"),
    proof_key=st.sampled_from([f"{secret}@{secret}.example", f"noreply@{secret}.example", f"bob@{secret}.example"]),
    limit_key=st.just(f"{secret}@{secret}.example"),
    domain=st.just(f"{secret}.example"),
    organization=st.just(f"{secret}.example"),
)
from_somewhere = st.builds(Source, st.just(secret), st.just((secret, secret + "/48")))


@given(whole(Submission), named, from_somewhere)
def test_a_concealed_submission_names_nobody_and_tells_as_much(event: Submission, who: Address, where: Source) -> None:
    event = replace(event, requester=who, source=where)
    record = over_the_wire(write_event(event, pseudonym))
    assert secret not in json.dumps(record)
    read = read_event(record)
    assert isinstance(read, Submission)
    assert replace(read, requester=who, source=where) == event
    assert is_automatic(read.requester) == is_automatic(who)
    assert len(read.source.networks) == 2
    assert read_event(over_the_wire(write_event(event, pseudonym))) == read


@given(whole(Mail), named)
def test_a_concealed_mail_names_nobody(event: Mail, who: Address) -> None:
    envelope = replace(event.envelope, sender=secret, recipients=(secret, secret), client_ip=secret, helo=secret)
    event = replace(
        event,
        recipient=who,
        header_from=who,
        envelope=envelope,
        message_id=secret,
        thread=(secret,),
        subject=secret,
    )
    record = over_the_wire(write_event(event, pseudonym))
    assert secret not in json.dumps(record)
    read = read_event(record)
    assert isinstance(read, Mail)
    assert read.recipient == read.header_from
    assert read.message_id == read.thread[0]
    assert (read.identity, read.tenant, read.auth) == (event.identity, event.tenant, event.auth)


def test_a_null_sender_stays_one() -> None:
    who = Address(mailbox="a", proof_key="a", limit_key="a", domain="d", organization="d")
    mail = Mail(
        event_id="e",
        portal="p",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        direction=Direction.PORTAL_IN,
        recipient=who,
        envelope=Envelope(),
        header_from=None,
        identity="d",
    )
    read = read_event(over_the_wire(write_event(mail, pseudonym)))
    assert isinstance(read, Mail)
    assert replace(read, recipient=who) == mail


def test_symbols_with_scores_that_are_no_numbers_are_refused() -> None:
    symbol = {"name": "X", "score": 1e999, "scope": "text", "reason": "r"}
    record = {"event_id": "e", "action": "tag", "advised": "tag", "score": 1, "symbols": [symbol]}
    with pytest.raises(RecordError, match=r"verdict.symbols.score is not a number"):
        read_verdict(record)
    assert read_verdict(record | {"symbols": [symbol | {"score": 1}]}).symbols[0].score == 1.0
