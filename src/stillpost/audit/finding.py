"""Rules and what they find: one outcome for every rule, always; what could not be checked is one too."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, final

from stillpost.audit.desk import Desk, Provenance, Reach, Sentence
from stillpost.audit.exposure import Confidence, Exposure, Grade, Kind, Severity, graded
from stillpost.audit.logic import Tri
from stillpost.audit.product import Leak
from stillpost.audit.snapshot import Snapshot
from stillpost.audit.sorting import lanes
from stillpost.audit.witness import Witness


class Unknown(Exception):  # noqa: N818  # an answer, not an error
    """Raised by a rule that could not be checked; ``why`` says what is missing and ``how`` to find out."""

    def __init__(self, why: Sentence, how: Sentence | None = None) -> None:
        super().__init__(str(why))
        self.why = why
        self.how = how


class NotApplicable(Exception):  # noqa: N818  # an answer, not an error
    """Raised by a rule whose subject this helpdesk does not have."""

    def __init__(self, why: Sentence) -> None:
        super().__init__(str(why))
        self.why = why


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a rule looks at: the desk, its snapshot, every exposure. Rules see nothing else."""

    desk: Desk
    snapshot: Snapshot
    exposures: tuple[Exposure, ...]
    lanes: Mapping[str, tuple[tuple[Exposure, tuple[Leak, ...]], ...]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lanes", lanes(self.exposures))

    def content(self, telling: "Telling") -> Iterator["Finding"]:
        """What a rule finds: the content exposures that are its own, worded by it."""
        return (told(exposure, telling, leaks) for exposure, leaks in self.lanes.get(telling.rule, ()))

    def resource(self, name: str) -> Any:
        """A resource of the snapshot; raises Unknown where it was not read."""
        if name not in self.snapshot.resources:
            why = self.snapshot.missing.get(name, "not given")
            raise Unknown(Sentence("{name} could not be read: {why}", {"name": name, "why": why}))
        return self.snapshot.resources[name]

    def objects(self, name: str) -> Iterator[dict[str, Any]]:
        """The well-shaped objects of a listed resource; raises Unknown where it was not read."""
        resource = self.resource(name)
        for item in resource if isinstance(resource, list) else ():
            if isinstance(item, dict) and item.get("id") is not None:
                yield item


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault: where it stands, what it lets a stranger do, what to change; the witness shows it.

    ``id`` stays the same while the fault does: rule, place and kind. ``tri`` PERHAPS: ``message`` says why.
    """

    id: str
    rule: str
    exposure: str
    severity: Severity
    confidence: Confidence
    reach: Reach
    provenance: Provenance
    path: str
    title: str
    message: Sentence
    remedy: Sentence
    tri: Tri = Tri.YES
    why: tuple[str, ...] = ()
    line: int = 0
    placeholders: tuple[str, ...] = ()
    witness: Witness | None = None


Check = Callable[[View], Iterable[Finding]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: the fault it names, the products it is about, the severity its *unknown* carries.

    ``page`` is the rule module's docstring: what it does, why it is bad, what to do, what it rests on. ``needs``: the
    resources without which finding nothing means nothing.
    """

    id: str
    title: str
    products: tuple[str, ...]
    severity: Severity
    page: str
    check: Check
    needs: tuple[str, ...] = ()


class Status(StrEnum):
    """How a rule came out."""

    PASS = "pass"  # noqa: S105  # not a word to enter by
    FINDINGS = "findings"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One rule's result. UNKNOWN may still hold findings: those that are only perhaps."""

    rule: Rule
    status: Status
    why: tuple[Sentence, ...] = ()
    how: Sentence | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def weight(self) -> Severity | None:
        """What counts for ``--fail-on``: the worst finding, or the rule's severity while it is unknown."""
        found = [finding.severity for finding in self.findings if finding.tri is Tri.YES]
        if self.status is Status.UNKNOWN:
            found.append(max((f.severity for f in self.findings), default=self.rule.severity))
        return max(found, default=None)


def judge(rules: Sequence[Rule], view: View) -> tuple[Outcome, ...]:
    """Run every rule of the desk's product; each gives exactly one outcome."""
    return tuple(_outcome(rule, view) for rule in rules if view.desk.product in rule.products)


def _outcome(rule: Rule, view: View) -> Outcome:
    findings: list[Finding] = []
    try:
        findings += rule.check(view)
    except Unknown as unknown:
        return Outcome(rule=rule, status=Status.UNKNOWN, why=(unknown.why,), how=unknown.how)
    except NotApplicable as other:
        return Outcome(rule=rule, status=Status.NOT_APPLICABLE, why=(other.why,))
    if any(finding.tri is Tri.YES for finding in findings):
        status = Status.FINDINGS
    else:
        status = Status.UNKNOWN if findings else Status.PASS
    lacking = [name for name in rule.needs if name in view.snapshot.missing]
    if status is Status.PASS and lacking:
        reasons = tuple(_lacks(view, name) for name in lacking)
        return Outcome(rule=rule, status=Status.UNKNOWN, why=reasons)
    because = dict.fromkeys(why for finding in findings if finding.tri is not Tri.YES for why in finding.why)
    told_why = tuple(Sentence("{why}", {"why": reason}) for reason in because)
    return Outcome(rule=rule, status=status, why=told_why, findings=tuple(findings))


def _lacks(view: View, name: str) -> Sentence:
    return Sentence("{name} could not be read: {why}", {"name": name, "why": view.snapshot.missing[name]})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How a rule words an exposure. The text may use ``{title}``, ``{what}``, ``{placeholders}`` and ``{kind}``."""

    rule: str
    message: str
    remedy: str
    severity: Severity | None = None
    values: dict[str, str | int] = field(default_factory=dict)


def told(exposure: Exposure, telling: Telling, leaks: tuple[Leak, ...] | None = None) -> Finding:
    """A rule's finding about one exposure, or about some of its leaks."""
    values: dict[str, str | int] = {"title": exposure.reaction.title, "kind": exposure.reaction.kind, **telling.values}
    own = exposure.leaks if leaks is None else leaks
    first = own[0] if own else None
    placeholders: tuple[str, ...] = ()
    if first is not None:
        placeholders = tuple(dict.fromkeys([leak.placeholder for leak in own if leak.placeholder]))
        values["what"] = ", ".join(dict.fromkeys([leak.source for leak in own]))
        values.setdefault(
            "placeholders",
            ", ".join(
                [
                    name if name[:1] in "#%{" else "{" + name + "}" if name[:1] == "$" else "{{" + name + "}}"
                    for name in placeholders
                ]
            ),
        )
    grade: Exposure | Grade = exposure
    if leaks is not None and len(leaks) < len(exposure.leaks):
        fires, unsure = exposure.fires, exposure.unsure
        grade = graded(exposure.notice, exposure.occasion, exposure.reach, leaks, fires, unsure)
    return Finding(
        id=f"{telling.rule}:{exposure.id}",
        rule=telling.rule,
        exposure=exposure.kind.value,
        severity=grade.severity if telling.severity is None else telling.severity,
        confidence=grade.confidence,
        reach=exposure.reach,
        provenance=exposure.provenance,
        path=first.path if first else exposure.notice.recipient_path or exposure.notice.id,
        title=exposure.reaction.title,
        message=Sentence(telling.message, values),
        remedy=Sentence(telling.remedy, values),
        tri=grade.tri,
        why=grade.why,
        line=first.line if first else 0,
        placeholders=placeholders,
        witness=exposure.witness,
    )


def noted(rule: Rule, path: str, message: Sentence, remedy: Sentence, severity: Severity, exposure: str) -> Finding:
    """A finding about a setting that no single mail shows."""
    return Finding(
        id=f"{rule.id}:{path}",
        rule=rule.id,
        exposure=exposure,
        severity=severity,
        confidence=Confidence.HIGH,
        reach=Reach.ANYONE,
        provenance=Provenance.READ,
        path=path,
        title=path.rpartition("/")[2],
        message=message,
        remedy=remedy,
    )


def of_kind(view: View, *kinds: Kind) -> Iterator[Exposure]:
    """The exposures of these kinds."""
    return (exposure for exposure in view.exposures if exposure.kind in kinds)
