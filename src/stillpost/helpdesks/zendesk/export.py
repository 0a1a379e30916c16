"""Zendesk's settings from a folder of saved replies: one file for each endpoint, as a browser or curl saves them.

The names are the endpoint's last part (``triggers.json``, ``settings.json``, ``dynamic_content/items.json`` or
``dynamic_content_items.json``); further pages are ``triggers-2.json`` and so on. ``docs/zendesk-export.md`` lists them.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from stillpost.audit.snapshot import Snapshot
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.zendesk.shapes import redacted

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_PAGES = 500

RESOURCES: dict[str, tuple[str, tuple[str, ...], bool]] = {
    # name: key in the reply, file names to look for, needed for a meaningful audit
    "triggers": ("triggers", ("triggers", "active"), True),
    "automations": ("automations", ("automations",), True),
    "macros": ("macros", ("macros",), False),
    "dynamic_content": ("items", ("dynamic_content/items", "dynamic_content_items", "dynamic_content"), True),
    "settings": ("settings", ("settings", "account_settings", "account/settings"), True),
    "brands": ("brands", ("brands",), False),
    "ticket_fields": ("ticket_fields", ("ticket_fields",), True),
    "ticket_forms": ("ticket_forms", ("ticket_forms",), False),
    "targets": ("targets", ("targets",), True),
    "webhooks": ("webhooks", ("webhooks",), True),
    "recipient_addresses": ("recipient_addresses", ("recipient_addresses",), False),
    "trigger_categories": ("trigger_categories", ("trigger_categories",), False),
    "suspended_tickets": ("suspended_tickets", ("suspended_tickets",), False),
    "mailed": ("audits", ("ticket_audits", "audits"), False),
}


def read(folder: Path, name: str, taken_at: datetime) -> Snapshot:
    """Read a folder. Raises HelpdeskError if nothing in it is a Zendesk reply; single bad files are ``missing``."""
    if not folder.is_dir():
        raise HelpdeskError(f"{folder} is no folder; see docs/zendesk-export.md for what to put into it")
    resources: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for resource, (key, names, needed) in RESOURCES.items():
        files = _files(folder, names)
        if not files:
            if needed:
                missing[resource] = f"no file {names[0]}.json"
            continue
        found, problem = _read(files, key)
        if found is not None:
            resources[resource] = redacted(resource, found)
        if problem:
            missing[resource] = problem
    if "triggers" not in resources and "automations" not in resources:
        reason = missing.get("triggers", "no triggers.json")
        raise HelpdeskError(
            f"{folder} holds no Zendesk triggers ({reason}); docs/zendesk-export.md says how to get them"
        )
    return Snapshot(product="zendesk", name=name, taken_at=taken_at, resources=resources, missing=missing)


def _files(folder: Path, names: tuple[str, ...]) -> list[Path]:
    for name in names:
        first = folder / f"{name}.json"
        if first.is_file():
            further = [folder / f"{name}-{page}.json" for page in range(2, MAX_PAGES)]
            return [first, *(path for path in further if path.is_file())]
    return []


def _read(files: list[Path], key: str) -> tuple[Any, str]:
    """The joined pages of one resource, and what is wrong with them (a page missing, a file that is no reply)."""
    joined: list[Any] = []
    problem = ""
    last: Any = None
    for path in files:
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                return joined or None, f"{path.name} is over {MAX_FILE_BYTES // 2**20} MB"
            last = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            return joined or None, f"{path.name} is not readable as JSON ({type(error).__name__})"
        value = last.get(key) if isinstance(last, dict) else None
        if isinstance(last, dict) and "error" in last and value is None:
            return joined or None, f"{path.name} holds Zendesk's error {str(last['error'])[:80]!r}"
        if isinstance(value, dict):
            return value, ""
        if not isinstance(value, list):
            return joined or None, f"{path.name} has no list {key!r}"
        joined += value
    if isinstance(last, dict) and _more(last):
        problem = f"{files[-1].name} says that there are further pages; save them as {files[0].stem}-2.json and so on"
    return joined, problem


def _more(reply: dict[str, Any]) -> bool:
    """Whether a reply says there is another page. ``links.next`` may be set on the last page: ``has_more`` counts."""
    meta = reply.get("meta")
    if isinstance(meta, dict) and "has_more" in meta:
        return meta["has_more"] is True
    return bool(reply.get("next_page"))
