"""Where products meet the audit: take a snapshot of the named product, read it, run every rule."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from stillpost.audit.finding import View, judge
from stillpost.audit.report import Report
from stillpost.audit.rules import RULES
from stillpost.audit.snapshot import Snapshot, loaded
from stillpost.audit.walk import exposures
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.zendesk import export
from stillpost.helpdesks.zendesk.settings import Zendesk, zendesk

PRODUCTS = ("zendesk",)


def taken(product: str, folder: Path | None, name: str) -> Snapshot:
    """The snapshot to judge: read from a folder, or from a snapshot file. Raises HelpdeskError or SnapshotError."""
    if product in PRODUCTS:
        if folder is None:
            raise HelpdeskError("say where to read the settings: --from FOLDER")
        moment = datetime.fromtimestamp(_newest(folder), UTC)
        return export.read(folder, name or "example", moment)
    path = Path(product)
    if not path.is_file():
        raise HelpdeskError(f"{product!r} is neither a product ({', '.join(PRODUCTS)}) nor a snapshot file")
    return loaded(path.read_text(encoding="utf-8"))


def _newest(folder: Path) -> float:
    """When the folder's replies were saved: its newest file. A folder without files counts as the epoch."""
    return max((path.stat().st_mtime for path in folder.rglob("*.json")), default=0.0)


def product_of(snapshot: Snapshot, attested: Mapping[str, bool]) -> Zendesk:
    """The product that reads this snapshot. Raises HelpdeskError for one this version does not know."""
    if snapshot.product == "zendesk":
        return zendesk(snapshot, attested)
    raise HelpdeskError(f"the snapshot is of {snapshot.product!r}, which this version cannot read")


def audited(snapshot: Snapshot, attested: Mapping[str, bool]) -> Report:
    """Judge a snapshot: exposures, then every rule of its product."""
    with unhurried():
        product = product_of(snapshot, attested)
        found = exposures(product.desk, product, product.given)
        outcomes = judge(RULES, View(desk=product.desk, snapshot=snapshot, exposures=found))
    return Report(desk=product.desk, taken_at=snapshot.taken_at, outcomes=outcomes)


@contextmanager
def unhurried() -> Iterator[None]:
    """Leave the garbage collector out of a batch that makes many small objects and no cycles: half of its time else."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
