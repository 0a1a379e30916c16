"""The only writer of decision logs and metrics: one method for each thing worth telling.

Fields, not sentences; no body, no subject, no address, no network: an id leads to the ledger, which holds keyed hashes.
Metric labels come from the configuration (portals, products) or from enums, never from a stranger.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from stillpost.model import FeedbackKind, Verdict, Way

Write = Callable[[str], None]

_encode: Final = msgspec.json.Encoder(enc_hook=str).encode


def _line(fields: Mapping[str, object]) -> str:
    """One line of JSON, all of it ASCII: whatever else is in a text is escaped, direction marks too."""
    try:
        line = _encode(fields)
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(fields, default=str)
    return line.decode() if line.isascii() else json.dumps(fields, default=str)


def _where(error: BaseException) -> str:
    """The last line of our own code that the error went through, as ``module:line``; empty if it was never raised."""
    where, trace = "", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith("stillpost."):
            where = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return where


@final
@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name without the prefix, what it says, and its labels (enums and configured names only)."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


COUNTERS = (
    Metric("requests", "Requests by what their caller was told", ("portal", "told")),
    Metric("verdicts", "Verdicts by action and by what enforce mode advised", ("action", "advised")),
    Metric("symbols", "Symbols seen", ("symbol",)),
    Metric("claims_refused", "Claims on a limit that were refused", ("claim",)),
    Metric("proofs", "Proofs by way", ("portal", "way")),
    Metric("not_a_proof", "Mails to the mail-first address that prove nothing, refused", ("reason",)),
    Metric("challenges", "Challenges by what became of the mail", ("portal", "outcome")),
    Metric("tickets", "Tickets handed to a helpdesk", ("product", "outcome")),
    Metric(
        "mails",
        "Mails (per recipient) at a milter, by what was done and why",
        ("listener", "action", "advised", "reason"),
    ),
    Metric(
        "milter", "Events of a milter itself: broken peers, failed decisions, quarantined mails", ("listener", "what")
    ),
    Metric("reinjected", "Released mails handed to the mail server", ("listener", "outcome")),
    Metric("feedback", "Feedback about challenges and requests", ("kind",)),
    Metric(
        "audits", "Audits of a portal's helpdesk by what they saw: first, same, drift, failed", ("portal", "outcome")
    ),
    Metric("errors", "Our own failures", ("place",)),
)
GAUGES = (
    Metric("requests_waiting", "Requests that wait for proof"),
    Metric("requests_held", "Requests held for an agent"),
    Metric("pending_bytes", "Disk taken by unproven requests"),
    Metric("outbox", "Challenges and tickets on their way out"),
    Metric("audit_findings", "What the last audit of a portal's helpdesk found", ("portal", "severity")),
    Metric("audit_drift", "What of it is new, worse or no longer known since the baseline", ("portal",)),
)
DECIDE = Metric("decide_seconds", "Time to ask, read, judge and commit")


@final
class Journal:
    """Writes JSON lines through ``write`` and keeps the metrics that ``/metrics`` shows."""

    def __init__(self, write: Write, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._line = write
        self.registry = CollectorRegistry()
        self._counters = {
            metric.name: Counter(f"stillpost_{metric.name}", metric.help, metric.labels, registry=self.registry)
            for metric in COUNTERS
        }
        self._labeled: dict[tuple[str, ...], Counter] = {}
        self._gauges = {
            metric.name: Gauge(f"stillpost_{metric.name}", metric.help, metric.labels, registry=self.registry)
            for metric in GAUGES
        }
        self._decide = Histogram(
            f"stillpost_{DECIDE.name}",
            DECIDE.help,
            registry=self.registry,
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3),
        )

    def _count(self, name: str, *labels: str) -> None:
        counter = self._labeled.get((name, *labels))
        if counter is None:  # as many as there are combinations of enums and configured names
            counter = self._labeled[name, *labels] = self._counters[name].labels(*labels)
        counter.inc()

    def _write(self, event: str, **fields: object) -> None:
        at = self._clock().isoformat(timespec="milliseconds")
        self._line(_line({"at": at, **fields, "event": event}))

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def started(self, **fields: object) -> None:
        """The service is ready."""
        self._write("started", **fields)

    def stopped(self) -> None:
        """The service is down, nothing left undone."""
        self._write("stopped")

    def decided(
        self, portal: str, request_id: str, told: str, verdict: Verdict, refused: tuple[str, ...], took: float
    ) -> None:
        """A request was answered; ``took`` in seconds."""
        self._count("requests", portal, told)
        self._count("verdicts", verdict.action.value, verdict.advised.value)
        self._decide.observe(took)
        for symbol in verdict.symbols:
            self._count("symbols", symbol.name)
        for claim in set(refused):
            self._count("claims_refused", claim)
        self._write(
            "decided",
            portal=portal,
            id=request_id,
            told=told,
            action=verdict.action,
            advised=verdict.advised,
            score=verdict.score,
            symbols=[symbol.name for symbol in verdict.symbols],
            refused=list(refused),
        )

    def mailed(self, listener: str, event_id: str, action: str, verdict: Verdict, reason: str) -> None:
        """A mail, or one of its recipients, was decided upon at a milter; ``reason`` is one of our own words."""
        self._count("mails", listener, action, verdict.advised.value, reason)
        for symbol in verdict.symbols:
            self._count("symbols", symbol.name)
        self._write(
            "mailed",
            listener=listener,
            id=event_id,
            action=action,
            advised=verdict.advised,
            reason=reason,
            score=verdict.score,
            symbols=[symbol.name for symbol in verdict.symbols],
        )

    def milter(self, listener: str, what: str, **fields: object) -> None:
        """Something about a milter itself: ``broken`` peer, ``failed`` decision, ``quarantined`` mail, ``returned`` hold."""
        self._count("milter", listener, what)
        self._write("milter", listener=listener, what=what, **fields)

    def reinjected(self, listener: str, request_id: str, outcome: str, **fields: object) -> None:
        """A released mail was handed to the mail server (``delivered``) or will be later (``later``)."""
        self._count("reinjected", listener, outcome)
        self._write("reinjected", listener=listener, id=request_id, outcome=outcome, **fields)

    def proved(self, portal: str, request_id: str, way: Way) -> None:
        """A request was proven."""
        self._count("proofs", portal, way.value)
        self._write("proved", portal=portal, id=request_id, way=way)

    def not_a_proof(self, reason: str) -> None:
        """A mail to the mail-first address was refused; ``reason`` is one of our own words."""
        self._count("not_a_proof", reason)
        self._write("not-a-proof", reason=reason)

    def challenge(self, portal: str, challenge_id: str, outcome: str) -> None:
        """What became of a challenge's mail.

        ``sent``; ``lost`` after it was spent; ``later``: put off; ``refused``: the relay will not take it for this
        recipient; ``suppressed``: it is not wanted any more.
        """
        self._count("challenges", portal, outcome)
        self._write("challenge", portal=portal, challenge=challenge_id, outcome=outcome)

    def ticket(self, portal: str, request_id: str, product: str, outcome: str, why: str = "") -> None:
        """A ticket was delivered, put off, or refused by the product (``delivered``, ``later``, ``refused``)."""
        self._count("tickets", product, outcome)
        self._write("ticket", portal=portal, id=request_id, product=product, outcome=outcome, why=why)

    def feedback(self, portal: str, kind: FeedbackKind, about: str) -> None:
        """Something came back about an earlier challenge or request."""
        self._count("feedback", kind.value)
        self._write("feedback", portal=portal, kind=kind, about=about)

    def operated(self, operation: str, **fields: object) -> None:
        """An operator did something: a release, a brake, a list, a forgetting."""
        self._write("operated", operation=operation, **fields)

    def audited(
        self, portal: str, outcome: str, severities: Mapping[str, int] | None = None, drift: int = 0, **fields: object
    ) -> None:
        """A portal's helpdesk was audited: ``first``, ``same``, ``drift`` since the baseline, or ``failed``."""
        self._count("audits", portal, outcome)
        if severities is not None:
            for severity in ("critical", "high", "medium", "low", "info"):
                self._gauges["audit_findings"].labels(portal, severity).set(severities.get(severity, 0))
            self._gauges["audit_drift"].labels(portal).set(drift)
        self._write("audited", portal=portal, outcome=outcome, findings=dict(severities or {}), drift=drift, **fields)

    def expired(self, requests: int) -> None:
        """Housekeeping dropped requests nobody proved."""
        if requests:
            self._write("expired", requests=requests)

    def clock_jumped(self, by: timedelta) -> None:
        """The clock was set, or the machine slept: nothing is deleted for an hour."""
        self._count("errors", "clock")
        self._write("clock-jumped", seconds=round(by.total_seconds()))

    def failed(self, place: str, error: BaseException) -> None:
        """Something of ours failed: what and where go to the log (never to a visitor), a text only if it is our own.

        The texts of libraries may quote what a stranger sent: an address, a token, a subject.
        """
        self._count("errors", place)
        ours = type(error).__module__.startswith("stillpost.")
        text = str(error)[:500] if ours else getattr(error, "strerror", None) or ""
        self._write("failed", place=place, error=type(error).__name__, where=_where(error), text=text)

    def standing(self, waiting: int, held: int, pending_bytes: int, outbox: int) -> None:
        """How full we are."""
        self._gauges["requests_waiting"].set(waiting)
        self._gauges["requests_held"].set(held)
        self._gauges["pending_bytes"].set(pending_bytes)
        self._gauges["outbox"].set(outbox)
