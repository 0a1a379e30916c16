"""The audit that runs by itself: reads a helpdesk's settings again and again, and tells what is new since the baseline."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import final

from stillpost.audit.attest import parsed
from stillpost.audit.drift import Drift, baseline, drift
from stillpost.audit.logic import Tri
from stillpost.audit.report import Report, as_json, ranked
from stillpost.audit.snapshot import Snapshot
from stillpost.config import AuditConfig
from stillpost.helpdesks.auditing import audited, report_of, taken
from stillpost.helpdesks.zendesk.live import Live
from stillpost.helpdesks.zendesk.session import opened
from stillpost.journal import Journal

MAX_NAMED = 20


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One portal's audit: what is read, and where its baseline is."""

    portal: str
    config: AuditConfig
    state: Path
    clock: Callable[[], datetime]

    @property
    def baseline(self) -> Path:
        """The report that drift is measured against."""
        given = self.config.options.baseline
        return Path(given) if given else self.state / f"{self.portal}-audit.json"

    async def look(self) -> tuple[Report, Drift | None]:
        """Audit once; the drift is None if this audit wrote the baseline. Raises the errors of reading."""
        snapshot = await self._snapshot()
        return await asyncio.to_thread(self._judged, snapshot)

    async def _snapshot(self) -> Snapshot:
        options = self.config.options
        if not options.url:
            return await asyncio.to_thread(taken, self.config.product, Path(options.from_), self.portal)
        async with opened(
            options.url,
            clock=self.clock,
            token_file=options.token_file,
            client_id=options.client_id,
            client_secret_file=options.client_secret_file,
        ) as session:
            return await Live(session).snapshot(self.portal, self.clock)

    def _judged(self, snapshot: Snapshot) -> tuple[Report, Drift | None]:
        report = report_of(snapshot, self._attested(snapshot.product))
        if not self.baseline.exists():
            self.baseline.touch(mode=0o600)
            self.baseline.write_text(as_json(report), encoding="utf-8")
            return report, None
        return report, drift(baseline(self.baseline.read_text(encoding="utf-8")), report.outcomes)

    def _attested(self, product: str) -> dict[str, bool]:
        if not self.config.options.attest:
            return {}
        text = Path(self.config.options.attest).read_text(encoding="utf-8")
        return dict(parsed(text, product, audited(product).questions).valid(self.clock()))


async def keep_auditing(watch: Watch, journal: Journal) -> None:
    """Audit now and then again, for ever; what fails is told and tried again at the next turn."""
    while True:
        await audit_once(watch, journal)
        await asyncio.sleep(watch.config.options.every.total_seconds())


async def audit_once(watch: Watch, journal: Journal) -> None:
    """Audit a portal's helpdesk and tell what came of it."""
    try:
        report, changed = await watch.look()
    except Exception as error:  # noqa: BLE001  # settings are somebody else's text: no mistake in them may stop the intake
        journal.failed("audit", error)
        journal.audited(watch.portal, "failed")
        return
    severities = Counter(finding.severity.word for finding in ranked(report.outcomes, Tri.YES))
    if changed is None or changed.nothing:
        journal.audited(watch.portal, "first" if changed is None else "same", severities)
        return
    fresh = (*changed.new, *changed.worse)
    journal.audited(
        watch.portal,
        "drift",
        severities,
        drift=len(fresh) + len(changed.unknown),
        new=[finding.id for finding in changed.new][:MAX_NAMED],
        worse=[finding.id for finding in changed.worse][:MAX_NAMED],
        unknown=[outcome.rule.id for outcome in changed.unknown][:MAX_NAMED],
        gone=list(changed.gone)[:MAX_NAMED],
        worst=changed.weight.word if changed.weight is not None else "",
    )
