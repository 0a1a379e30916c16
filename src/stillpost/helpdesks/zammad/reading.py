"""Zammad's settings from two saved API answers, or from its database's dump.

``triggers.json`` is ``GET /api/v1/triggers``, ``settings.json`` is ``GET /api/v1/settings`` (a token with the
permissions ``admin.trigger`` and ``admin.setting`` may read both). ``zammad.sql`` is ``pg_dump --inserts`` or
``mysqldump`` of the tables ``triggers`` and ``settings``. Only the settings that are judged are kept.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from stillpost.audit.snapshot import Snapshot
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.sql_dump import Cell, parsed

MAX_FILE_BYTES = 64 * 1024 * 1024
KEPT = (
    "form_ticket_create",
    "form_ticket_create_by_ip_per_hour",
    "form_ticket_create_by_ip_per_day",
    "form_ticket_create_per_day",
    "form_ticket_create_honeypot",
    "form_ticket_create_captcha_provider",
    "postmaster_sender_based_on_reply_to",
    "ticket_trigger_loop_protection_articles_total",
    "send_no_auto_response_reg_exp",
    "fqdn",
    "ticket_hook",
    "product_name",
    "organization",
)
TRIGGER = ("id", "name", "condition", "perform", "active", "execution_condition_mode", "activator")


def read(path: Path, name: str, taken_at: datetime) -> Snapshot:
    """Read a folder. Raises HelpdeskError if there are no triggers in it."""
    folder = path if path.is_dir() else path.parent
    missing: dict[str, str] = {}
    resources: dict[str, Any] = {}
    dump = path if path.is_file() and path.suffix == ".sql" else folder / "zammad.sql"
    if dump.is_file():
        _from_dump(dump, resources, missing)
    else:
        _from_answers(folder, resources, missing)
    if "triggers" not in resources:
        why = missing.get("triggers", "no triggers.json and no zammad.sql")
        raise HelpdeskError(f"{path} holds no triggers of Zammad ({why}); see docs/audit/zammad.md")
    return Snapshot(product="zammad", name=name, taken_at=taken_at, resources=resources, missing=missing)


def _from_answers(folder: Path, resources: dict[str, Any], missing: dict[str, str]) -> None:
    for resource in ("triggers", "settings"):
        file = folder / f"{resource}.json"
        try:
            if not file.is_file():
                missing[resource] = f"no {file.name}"
                continue
            if file.stat().st_size > MAX_FILE_BYTES:
                raise ValueError("too large")
            found = json.loads(file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError):
            missing[resource] = f"{file.name} could not be read as JSON"
            continue
        if not isinstance(found, list):
            missing[resource] = f"{file.name} is no list, as Zammad answers without expand=true"
        else:
            rows = [row for row in found if isinstance(row, Mapping)]
            resources[resource] = [_trigger(row) for row in rows] if resource == "triggers" else _settings(rows)


def _trigger(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in TRIGGER if key in row}


def _settings(rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in rows:
        state = row.get("state_current") or row.get("state")
        if row.get("name") in KEPT and isinstance(state, Mapping):
            found[str(row["name"])] = state.get("value")
    return found


def _from_dump(file: Path, resources: dict[str, Any], missing: dict[str, str]) -> None:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise ValueError("too large")
        dump = parsed(
            file.read_text(encoding="utf-8", errors="replace"), lambda table: table in ("triggers", "settings")
        )
    except (OSError, ValueError):
        missing["triggers"] = f"{file.name} could not be read"
        return
    if dump.skipped:
        missing["dump"] = f"{dump.skipped} statements of {file.name} could not be read"
    if "triggers" in dump.tables:
        resources["triggers"] = [_row(row, missing) for row in dump.tables["triggers"]]
    if "settings" not in dump.tables:
        missing["settings"] = f"{file.name} has no table settings"
    else:
        resources["settings"] = _stored(dump.tables["settings"], missing)


def _row(row: Mapping[str, Cell], missing: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {key: row[key] for key in TRIGGER if key in row}
    made["id"] = int(str(row.get("id") or 0)) if str(row.get("id") or "0").isdigit() else 0
    made["active"] = str(row.get("active")).casefold() in ("t", "true", "1")
    for key in ("condition", "perform"):
        try:
            made[key] = json.loads(row.get(key) or "{}")
        except (ValueError, RecursionError):
            missing[f"trigger {made['id']}"] = (
                f"its {key} is kept in a form (YAML) that is not read; use the API's answer"
            )
            made[key] = None
    return made


def _stored(rows: list[dict[str, Cell]], missing: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in rows:
        if row.get("name") not in KEPT:
            continue
        try:
            state = json.loads(row.get("state_current") or "{}")
            found[str(row["name"])] = state.get("value") if isinstance(state, dict) else None
        except (ValueError, RecursionError):
            missing["settings"] = "their values are kept in a form (YAML) that is not read; use the API's answer"
    return found
