"""What a scan found, and how it is told to programs (docs/scan.md; the shape does not change without a new version)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, final

from stillpost.mail.border import Clock
from stillpost.mailboxes.protocol import Unreadable, Where
from stillpost.scan.needle import Needle, Reason
from stillpost.scan.replay import Counts
from stillpost.scan.wave import Sender, Text, Wave, shared_texts

VERSION: Final = 1
HISTORY: Final = timedelta(days=14)
SENDERS_MIN: Final = 3  # an alarm that leaves fewer was made by people


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """A wave and what lies hidden in it, the most likely needle first."""

    wave: Wave
    hidden: tuple[Needle, ...] = ()

    @property
    def senders(self) -> list[Sender]:
        """Who took part, the most mails first."""
        return sorted(self.wave.senders.values(), key=lambda sender: (-sender.messages, sender.first, sender.identity))

    @property
    def texts(self) -> list[Text]:
        """The texts that came from several senders."""
        return shared_texts(self.wave)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One mailbox scanned. ``source`` says where a mail is; ``unreadable_count`` counts what is not listed, too."""

    mailbox: str
    counts: Counts
    findings: tuple[Finding, ...]
    unreadable: tuple[Unreadable, ...]
    unreadable_count: int
    source: Callable[[Where], str] = field(compare=False)

    @property
    def cold(self) -> bool:
        """Whether limits were doubled because too little of the mailbox's past is known."""
        counts = self.counts
        short = counts.first is None or counts.last is None or counts.last - counts.first < HISTORY.total_seconds()
        return short or any(finding.wave.is_cold for finding in self.findings)

    @property
    def claimed_times(self) -> int:
        """How many mails are told in time by nothing but what their senders claim."""
        return self.counts.clocks.get(tuple(Clock).index(Clock.DATE), 0)


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """The report for programs."""
    return {"version": VERSION, "mailboxes": [_mailbox(result) for result in results]}


def stamp(at: float) -> str:
    """A time as programs and people read it: RFC 3339, UTC, whole seconds."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def reason_in_english(reason: Reason) -> str:
    """A reason as the JSON report gives it, whatever the reader's language."""
    return reason.text.format(word=reason.word)


def _mailbox(result: Result) -> dict[str, Any]:
    counts = result.counts
    return {
        "mailbox": result.mailbox,
        "messages": counts.messages,
        "cold": result.cold,
        "unreadable": [{"source": each.source, "why": each.why} for each in result.unreadable],
        "span": [] if counts.first is None or counts.last is None else [stamp(counts.first), stamp(counts.last)],
        "waves": [_wave(result, finding) for finding in result.findings],
    }


def _wave(result: Result, finding: Finding) -> dict[str, Any]:
    wave = finding.wave
    return {
        "id": wave.number,
        "first": stamp(wave.first),
        "alarm": stamp(wave.alarm),
        "last": stamp(wave.last),
        "messages": wave.messages,
        "organizations": wave.organizations,
        "before_alarm": wave.before_alarm,
        "tenants": [_sender(sender) for sender in finding.senders],
        "members": [
            {
                "source": result.source(Where(*member.note.where)),
                "message_id": member.note.message_id,
                "at": stamp(member.note.at),
                "tenant": member.tenant,
            }
            for member in sorted(wave.members, key=lambda member: member.note)
        ],
        "hidden": [_hidden(result, needle) for needle in finding.hidden],
        "texts": [
            {"tenants": len(text.senders), "messages": text.messages, "sample": text.sample} for text in finding.texts
        ],
    }


def _sender(sender: Sender) -> dict[str, Any]:
    detail = sender.detail
    return {
        "platform": detail.platform,
        "tenant": detail.tenant or sender.identity,
        "organization": detail.organization,
        "messages": sender.messages,
        "authenticated": detail.authenticated,
    }


def _hidden(result: Result, needle: Needle) -> dict[str, Any]:
    return {
        "source": result.source(Where(*needle.note.where)),
        "message_id": needle.note.message_id,
        "at": stamp(needle.note.at),
        "from": needle.detail.sender,
        "subject": needle.detail.subject,
        "why": "; ".join(map(reason_in_english, needle.reasons)),
    }
