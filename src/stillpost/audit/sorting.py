"""Which Zendesk rule tells which exposure: every leak is told by exactly one rule, so that nothing falls through."""

from collections.abc import Iterable

from stillpost.audit.desk import Trigger
from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.product import Leak

LISTED = (
    "Z-TITLE",
    "Z-NAME",
    "Z-FIELD",
    "Z-COMMENT",
    "Z-VERBATIM",
    "Z-DC",
    "Z-CC",
    "Z-CHAIN",
    "Z-AUTO",
    "Z-TARGET",
    "Z-SMS",
)


def lane(exposure: Exposure, leak: Leak) -> str:
    """The rule that tells this leak: first by the way the mail goes out, then by the words that travel."""
    if exposure.notice.medium == "sms":
        return "Z-SMS"
    if exposure.notice.medium == "target":
        return "Z-TARGET"
    if exposure.occasion.trigger is Trigger.TIME:
        return "Z-AUTO"
    if exposure.occasion.trigger is not Trigger.REQUEST:
        return "Z-CHAIN"
    if leak.path.startswith("dynamic_content/") or leak.placeholder.startswith("dc."):
        return "Z-DC"
    if leak.source.startswith("field:"):
        return "Z-FIELD"
    by_source = {"subject": "Z-TITLE", "name": "Z-NAME", "cc": "Z-CC", "file": "Z-VERBATIM"}
    if leak.source in by_source and "[]" not in leak.placeholder:
        return by_source[leak.source]
    listed = leak.source == "text" and "[]" not in leak.placeholder and "verbatim" not in leak.placeholder
    return "Z-COMMENT" if listed else "Z-VERBATIM"


def lanes(exposures: Iterable[Exposure]) -> dict[str, tuple[tuple[Exposure, tuple[Leak, ...]], ...]]:
    """The content exposures of each rule, with the leaks that are its own."""
    found: dict[str, list[tuple[Exposure, tuple[Leak, ...]]]] = {}
    for exposure in exposures:
        if exposure.kind is Kind.CONTENT:
            own: dict[str, list[Leak]] = {}
            for leak in exposure.leaks:
                own.setdefault(lane(exposure, leak), []).append(leak)
            for rule, leaks in own.items():
                found.setdefault(rule, []).append((exposure, tuple(leaks)))
    return {rule: tuple(told) for rule, told in found.items()}
