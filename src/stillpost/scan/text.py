"""The report for a terminal: was there a wave, when, how many mails of whom, what is hidden in it, what to do next."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from stillpost.language import N_, translate
from stillpost.mailboxes.protocol import Where
from stillpost.scan.needle import Reason
from stillpost.scan.result import Finding, Result
from stillpost.scan.wave import Sender

SENDERS_SHOWN: Final = 15
HIDDEN_SHOWN: Final = 20
TEXTS_SHOWN: Final = 5
UNREADABLE_SHOWN: Final = 10
SAMPLE_SHOWN: Final = 160

Say = Callable[..., str]


def lines(result: Result, language: str) -> list[str]:
    """The report in the reader's language; mail's own words in it are as they came, so escape what is shown."""

    def say(text: str, **values: object) -> str:
        told = translate(text, language)
        return told.format(**values) if values else told

    return list(_lines(result, say))


def _lines(result: Result, say: Say) -> Iterator[str]:
    counts = result.counts
    yield result.mailbox
    if counts.first is None or counts.last is None:
        yield say(N_("No mail in it could be read."))
    else:
        yield say(
            N_("{messages} mails from {first} to {last}, {sent} of them sent by you."),
            messages=counts.messages,
            first=day(counts.first),
            last=day(counts.last),
            sent=counts.sent,
        )
    yield ""
    if not result.findings:
        yield say(N_("No wave: at no time did many senders that are new to this mailbox write to it at once."))
    for finding in result.findings:
        yield from _finding(result, finding, say)
    yield from _doubts(result, say)


def _finding(result: Result, finding: Finding, say: Say) -> Iterator[str]:
    wave = finding.wave
    yield say(N_("WAVE {number}: this mailbox was bombed."), number=wave.number)
    yield say(
        N_("  {messages} mails of {organizations} senders that you never wrote to."),
        messages=wave.messages,
        organizations=wave.organizations,
    )
    yield say(N_("  first mail  {at}"), at=moment(wave.first))
    yield say(
        N_("  alarm       {at}, after {before} mails: {why}"),
        at=moment(wave.alarm),
        before=wave.before_alarm,
        why=say(wave.reason, **wave.evidence),
    )
    yield say(N_("  last mail   {at}"), at=moment(wave.last))
    yield ""
    yield from _hidden(result, finding, say)
    yield from _senders(finding, say)
    yield from _texts(finding, say)


def _hidden(result: Result, finding: Finding, say: Say) -> Iterator[str]:
    if not finding.hidden:
        yield say(N_("  Hidden in it: nothing that looks important."))
        yield ""
        return
    yield say(N_("  HIDDEN IN IT, look at these first: {count}"), count=len(finding.hidden))
    for needle in finding.hidden[:HIDDEN_SHOWN]:
        yield f"    {moment(needle.note.at)}  {needle.detail.sender}"
        yield f"      {needle.detail.subject}"
        yield f"      {reasons(needle.reasons, say)}"
        yield f"      {result.source(Where(*needle.note.where))}"
    yield from _more(len(finding.hidden) - HIDDEN_SHOWN, say)
    yield ""


def _senders(finding: Finding, say: Say) -> Iterator[str]:
    yield say(N_("  Who sent it:"))
    for sender in finding.senders[:SENDERS_SHOWN]:
        yield say(
            N_("    {messages:>5}  {who}"),
            messages=sender.messages,
            who=who(sender, say),
        )
    yield from _more(len(finding.senders) - SENDERS_SHOWN, say)
    yield ""


def _texts(finding: Finding, say: Say) -> Iterator[str]:
    texts = finding.texts
    if not texts:
        return
    yield say(N_("  The same text came from several senders:"))
    for text in texts[:TEXTS_SHOWN]:
        yield say(
            N_("    from {senders} senders: {sample}"), senders=len(text.senders), sample=text.sample[:SAMPLE_SHOWN]
        )
    yield from _more(len(texts) - TEXTS_SHOWN, say)
    yield ""


def _doubts(result: Result, say: Say) -> Iterator[str]:
    """What the reader should know about how far to trust this."""
    if result.cold:
        yield say(
            N_(
                "Less than two weeks of this mailbox's past are known before it mattered, so only large waves were looked for."
            )
        )
    if result.claimed_times:
        yield say(
            N_("{count} mails are placed in time only by what their senders claim (no server of yours dated them)."),
            count=result.claimed_times,
        )
    if result.unreadable_count:
        yield say(N_("{count} things could not be read:"), count=result.unreadable_count)
        for each in result.unreadable[:UNREADABLE_SHOWN]:
            yield f"  {each.source}: {say(each.why)}"
        yield from _more(result.unreadable_count - UNREADABLE_SHOWN, say)


def _more(count: int, say: Say) -> Iterator[str]:
    if count > 0:
        yield say(N_("    and {count} more"), count=count)


def who(sender: Sender, say: Say) -> str:
    """A sender in words: its organization, and its number at a platform."""
    detail = sender.detail
    name = detail.organization or sender.identity
    if detail.platform and detail.tenant and detail.tenant != name:
        return say(
            N_("{name} ({platform} customer {tenant})"), name=name, platform=detail.platform, tenant=detail.tenant
        )
    if detail.platform:
        return say(N_("{name} ({platform})"), name=name, platform=detail.platform)
    return name


def reasons(given: tuple[Reason, ...], say: Say) -> str:
    """Why a mail may matter, in one line."""
    return "; ".join(say(reason.text, word=reason.word) for reason in given)


def day(at: float) -> str:
    """A day, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def moment(at: float) -> str:
    """A minute, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
