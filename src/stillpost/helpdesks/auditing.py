"""Every product whose settings can be audited: how they are read, what is asked of people, and one audit from end to end."""

import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, final

from stillpost.audit.finding import View, judge
from stillpost.audit.fix import Plan, plan
from stillpost.audit.product import Aim, Edit, Product
from stillpost.audit.report import Report
from stillpost.audit.rules import RULES
from stillpost.audit.snapshot import Snapshot, edited, loaded
from stillpost.audit.walk import exposures
from stillpost.audit.witness import Words
from stillpost.helpdesks.django_helpdesk import reading as django_reading
from stillpost.helpdesks.django_helpdesk.settings import django_helpdesk
from stillpost.helpdesks.osticket import reading as osticket_reading
from stillpost.helpdesks.osticket.settings import QUESTIONS as OSTICKET_QUESTIONS
from stillpost.helpdesks.osticket.settings import osticket
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.request_tracker import reading as rt_reading
from stillpost.helpdesks.request_tracker.settings import QUESTIONS as RT_QUESTIONS
from stillpost.helpdesks.request_tracker.settings import request_tracker
from stillpost.helpdesks.roundup import reading as roundup_reading
from stillpost.helpdesks.roundup.settings import QUESTIONS as ROUNDUP_QUESTIONS
from stillpost.helpdesks.roundup.settings import roundup
from stillpost.helpdesks.zammad import reading as zammad_reading
from stillpost.helpdesks.zammad.settings import QUESTIONS as ZAMMAD_QUESTIONS
from stillpost.helpdesks.zammad.settings import zammad
from stillpost.helpdesks.zendesk import export as zendesk_export
from stillpost.helpdesks.zendesk.channels import QUESTIONS as ZENDESK_QUESTIONS
from stillpost.helpdesks.zendesk.settings import zendesk
from stillpost.helpdesks.zendesk.shapes import for_saving as zendesk_for_saving
from stillpost.helpdesks.zendesk.writing import calls as zendesk_calls

MAX_FIXED = 5_000
"""Reactions up to which a report works out the smallest fix by itself; ``--fix`` does it for any number."""

Attested = Mapping[str, bool]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One product: ``read`` takes a path, a name and the time; ``build`` makes it a Product with its invented words.

    ``calls`` turns edits into the product's own calls, where it has an API that takes them.
    """

    name: str
    read: Callable[[Path, str, datetime], Snapshot]
    build: Callable[[Snapshot, Attested], tuple[Product, Words]]
    questions: Mapping[str, str]
    for_saving: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
    calls: Callable[[Mapping[str, Any], Mapping[str, Any], Sequence[Edit]], Sequence[Any]] | None = None


def _django_helpdesk(snapshot: Snapshot, _attested: Attested) -> tuple[Product, Words]:
    made = django_helpdesk(snapshot)
    return made, made.given


def _roundup(snapshot: Snapshot, attested: Attested) -> tuple[Product, Words]:
    made = roundup(snapshot, attested)
    return made, made.given


def _request_tracker(snapshot: Snapshot, attested: Attested) -> tuple[Product, Words]:
    made = request_tracker(snapshot, attested)
    return made, made.given


def _zammad(snapshot: Snapshot, attested: Attested) -> tuple[Product, Words]:
    made = zammad(snapshot, attested)
    return made, made.given


def _osticket(snapshot: Snapshot, attested: Attested) -> tuple[Product, Words]:
    made = osticket(snapshot, attested)
    return made, made.given


def _zendesk(snapshot: Snapshot, attested: Attested) -> tuple[Product, Words]:
    made = zendesk(snapshot, attested)
    return made, made.given


AUDITED: Final[tuple[Audited, ...]] = (
    Audited(
        name="zendesk",
        read=zendesk_export.read,
        build=_zendesk,
        questions=ZENDESK_QUESTIONS,
        for_saving=zendesk_for_saving,
        calls=zendesk_calls,
    ),
    Audited(name="django-helpdesk", read=django_reading.read, build=_django_helpdesk, questions={}),
    Audited(name="roundup", read=roundup_reading.read, build=_roundup, questions=ROUNDUP_QUESTIONS),
    Audited(name="request-tracker", read=rt_reading.read, build=_request_tracker, questions=RT_QUESTIONS),
    Audited(name="osticket", read=osticket_reading.read, build=_osticket, questions=OSTICKET_QUESTIONS),
    Audited(name="zammad", read=zammad_reading.read, build=_zammad, questions=ZAMMAD_QUESTIONS),
)


def audited(name: str) -> Audited:
    """The product of that name. Raises HelpdeskError."""
    for entry in AUDITED:
        if entry.name == name:
            return entry
    raise HelpdeskError(f"{name!r} is no product that can be audited ({', '.join(entry.name for entry in AUDITED)})")


def taken(product: str, path: Path | None, name: str) -> Snapshot:
    """The snapshot to judge: read from a path, or a snapshot file. Raises HelpdeskError or SnapshotError."""
    if any(entry.name == product for entry in AUDITED):
        if path is None:
            raise HelpdeskError("say where to read the settings: --from PATH")
        return audited(product).read(path, name or "example", datetime.fromtimestamp(_newest(path), UTC))
    file = Path(product)
    if not file.is_file():
        names = ", ".join(entry.name for entry in AUDITED)
        raise HelpdeskError(f"{product!r} is neither a product ({names}) nor a snapshot file")
    return loaded(file.read_text(encoding="utf-8"))


def _newest(path: Path) -> float:
    """When the settings were saved: the newest file below the path; 0 where there is none."""
    files = [path] if path.is_file() else [entry for entry in path.rglob("*") if entry.is_file()]
    return max((entry.stat().st_mtime for entry in files[:10_000]), default=0.0)


def report_of(snapshot: Snapshot, attested: Attested, *, changes: bool = False) -> Report:
    """Judge a snapshot: exposures, then every rule of its product; with ``changes`` the smallest fix as well."""
    entry = audited(snapshot.product)
    with unhurried():
        product, words = entry.build(snapshot, attested)
        found = exposures(product.desk, product, words)
        outcomes = judge(RULES, View(desk=product.desk, snapshot=snapshot, exposures=found))
        edits: tuple[Edit, ...] = ()
        if changes and len(product.desk.reactions) <= MAX_FIXED:
            edits = plan(product, Aim.CONTENT, words).edits
    shown = tuple((edit.path, *difference(edit.old, edit.new)) for edit in edits)
    return Report(desk=product.desk, taken_at=snapshot.taken_at, outcomes=outcomes, changes=shown)


def difference(old: object, new: object) -> tuple[str, str]:
    """Old and new as people read them; of lists (conditions) only the members that differ."""
    if isinstance(old, list) and isinstance(new, list):
        gone = [in_words(member) for member in old if member not in new]
        come = [in_words(member) for member in new if member not in old]
        return "\n".join(gone) or "…", "\n".join(["…", *come] if not gone else come)
    return in_words(old), in_words(new)


def in_words(value: object) -> str:
    """A setting's value as a person reads it: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def planned(snapshot: Snapshot, attested: Attested, aim: Aim) -> tuple[Plan, dict[str, Any]]:
    """The fix for a snapshot, and its plan file: edits, what is lost, the proof, and the calls where there are any."""
    entry = audited(snapshot.product)
    with unhurried():
        product, words = entry.build(snapshot, attested)
        made = plan(product, aim, words)
    document: dict[str, Any] = {
        "version": 1,
        "product": snapshot.product,
        "helpdesk": snapshot.name,
        "aim": aim.value,
        "edits": [{"path": e.path, "old": e.old, "new": e.new, "why": e.why, "loses": e.loses} for e in made.edits],
        "loses": list(made.loses),
        "proof": {
            "before": dict(made.proof.before),
            "after": dict(made.proof.after),
            "left": [{"id": left.id, "holds": left.tri.word, "why": list(left.why)} for left in made.proof.left],
        },
    }
    if entry.calls is not None:
        after = changed_resources(snapshot, made)
        document["calls"] = [call.as_json() for call in entry.calls(snapshot.resources, after, made.edits)]
    return made, document


def changed_resources(snapshot: Snapshot, made: Plan) -> Mapping[str, Any]:
    """The settings with the plan's edits in them."""
    return edited(snapshot.resources, made.edits)


def for_saving(snapshot: Snapshot) -> Snapshot:
    """The snapshot as it may be kept in a file: without secrets."""
    return replace(snapshot, resources=audited(snapshot.product).for_saving(snapshot.resources))


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
