"""Drift: what an audit says that an earlier one did not, finding by finding and unknown by unknown.

The baseline is an earlier report as JSON. A finding is the same while its id is; an unknown is the same while its rule
and its reason are.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Outcome, Status
from stillpost.audit.logic import Tri

VERSION = 1


class BaselineError(Exception):
    """The text is no earlier report; the message says what to do."""


@final
@dataclass(frozen=True, slots=True)
class Held:
    """What an earlier report holds of one finding: how bad, whether sure, and what it said."""

    severity: str
    holds: str
    message: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """An earlier report: its findings by id, the reasons of its unknown rules, when its settings were taken."""

    taken_at: str = ""
    findings: Mapping[str, Held] = field(default_factory=dict)
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What changed since a baseline. ``worse``: known findings that are now more severe or no longer only perhaps."""

    since: str
    new: tuple[Finding, ...]
    worse: tuple[Finding, ...]
    gone: Mapping[str, Held]
    unknown: tuple[Outcome, ...]

    @property
    def weight(self) -> Severity | None:
        """What counts for ``--fail-on`` now: new and worse findings, and unknowns the baseline did not hold."""
        found = [finding.severity for finding in (*self.new, *self.worse)]
        found += [outcome.rule.severity for outcome in self.unknown]
        return max(found, default=None)

    @property
    def nothing(self) -> bool:
        """Whether everything is as it was."""
        return not (self.new or self.worse or self.gone or self.unknown)


def baseline(text: str) -> Baseline:
    """Read an earlier report (``--format json``). Raises BaselineError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise BaselineError("the baseline is not JSON; write one with --format json") from None
    if not isinstance(document, dict) or document.get("version") != VERSION or "outcomes" not in document:
        raise BaselineError("the baseline is no report of this program; write one with --format json")
    try:
        return _baseline(document)
    except (KeyError, TypeError, AttributeError):
        raise BaselineError("the baseline is damaged; write it again with --format json") from None


def _baseline(document: Mapping[str, Any]) -> Baseline:
    findings: dict[str, Held] = {}
    unknown: dict[str, tuple[str, ...]] = {}
    for outcome in document["outcomes"]:
        if outcome["status"] == Status.UNKNOWN.value and not outcome["findings"]:
            unknown[str(outcome["rule"])] = tuple(str(why) for why in outcome["why"])
        for finding in outcome["findings"]:
            held = Held(str(finding["severity"]), str(finding["holds"]), str(finding["message"]))
            findings[str(finding["id"])] = held
    return Baseline(taken_at=str(document["taken_at"]), findings=findings, unknown=unknown)


def drift(before: Baseline, now: Sequence[Outcome]) -> Drift:
    """What the outcomes say that the baseline does not, and what it held that they do not."""
    findings = {finding.id: finding for outcome in now for finding in outcome.findings}
    return Drift(
        since=before.taken_at,
        new=tuple(finding for ident, finding in findings.items() if ident not in before.findings),
        worse=tuple(
            f for ident, f in findings.items() if ident in before.findings and _worse(before.findings[ident], f)
        ),
        gone={ident: held for ident, held in before.findings.items() if ident not in findings},
        unknown=tuple(outcome for outcome in now if _newly_unknown(before, outcome)),
    )


def _worse(before: Held, now: Finding) -> bool:
    ranks = {severity.word: severity for severity in Severity}
    firmer = before.holds != Tri.YES.word and now.tri is Tri.YES
    return firmer or now.severity > ranks.get(before.severity, Severity.INFO)


def _newly_unknown(before: Baseline, outcome: Outcome) -> bool:
    if outcome.status is not Status.UNKNOWN or outcome.findings:
        return False
    return tuple(str(why) for why in outcome.why) != before.unknown.get(outcome.rule.id)
