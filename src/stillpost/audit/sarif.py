"""The audit as SARIF 2.1.0 (OASIS), for code-scanning viewers and CI: one result a finding, rules with their pages.

The settings have no files, so a location's URI is the resource's export file and its logical location the place in it.
"""

import json
from typing import Any

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Outcome, Rule, Status
from stillpost.audit.logic import Tri
from stillpost.audit.report import Report, utc

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "3.0"}


def as_sarif(report: Report, version: str) -> str:
    """The report as one SARIF run. ``version`` is this program's."""
    rules = [outcome.rule for outcome in report.outcomes]
    places = {rule.id: place for place, rule in enumerate(rules)}
    results = [_result(f, places) for o in report.outcomes for f in o.findings]
    results += [_unknown(o, places) for o in report.outcomes if o.status is Status.UNKNOWN and not o.findings]
    run = {
        "tool": {"driver": {"name": "stillpost audit", "version": version, "rules": [_rule(rule) for rule in rules]}},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": utc(report.taken_at)}],
        "automationDetails": {"id": f"stillpost-audit/{report.desk.product}/{report.desk.name}"},
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=True) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.id.replace("-", ""),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.page.strip().partition("\n")[0]},
        "help": {"text": rule.page.strip(), "markdown": rule.page.strip()},
        "defaultConfiguration": {"level": _LEVELS.get(rule.severity, "note")},
        "properties": {"security-severity": _SCORES.get(rule.severity, "1.0"), "tags": ["security"]},
    }


def _result(finding: Finding, places: dict[str, int]) -> dict[str, Any]:
    text = str(finding.message)
    if finding.tri is Tri.PERHAPS:
        text = f"Perhaps: {text} (because {'; '.join(finding.why)})"
    return {
        "ruleId": finding.rule,
        "ruleIndex": places[finding.rule],
        "level": "none" if finding.tri is Tri.PERHAPS else _LEVELS.get(finding.severity, "note"),
        "kind": "review" if finding.tri is Tri.PERHAPS else "fail",
        "message": {"text": f"{text}. To stop it: {finding.remedy}."},
        "locations": [_location(finding.path, finding.line)],
        "partialFingerprints": {"stillpost/v1": finding.id},
        "properties": {
            "severity": finding.severity.word,
            "confidence": finding.confidence.value,
            "reach": finding.reach.value,
            "provenance": finding.provenance.word,
        },
    }


def _unknown(outcome: Outcome, places: dict[str, int]) -> dict[str, Any]:
    why = "; ".join(str(reason) for reason in outcome.why)
    return {
        "ruleId": outcome.rule.id,
        "ruleIndex": places[outcome.rule.id],
        "level": "none",
        "kind": "open",
        "message": {"text": f"Could not be checked: {why}"},
        "partialFingerprints": {"stillpost/v1": f"{outcome.rule.id}:unknown"},
    }


def _location(path: str, line: int) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": f"{path.partition('/')[0]}.json"}}
    logical = {"fullyQualifiedName": path, "kind": "member"}
    if line:
        logical["decoratedName"] = f"{path}:{line}"
    return {"physicalLocation": physical, "logicalLocations": [logical]}
