"""osTicket's settings from a dump of its database (``mysqldump``); nothing is run.

The tables that are judged: ``config`` (namespace core), ``department``, ``help_topic``, ``email``, ``email_template``,
``filter`` and ``filter_action``, whatever prefix the installation gave them. Only the keys and columns that are judged
are kept: passwords of mailboxes stand in the same tables.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from stillpost.audit.snapshot import Snapshot
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.sql_dump import Cell, Dump, parsed

MAX_FILE_BYTES = 256 * 1024 * 1024
CORE = (
    "ticket_autoresponder",
    "message_autoresponder",
    "ticket_notice_active",
    "overlimit_notice_active",
    "max_open_tickets",
    "enable_captcha",
    "clients_only",
    "client_registration",
    "accept_unregistered_email",
    "verify_email_addrs",
    "default_template_id",
    "default_dept_id",
    "helpdesk_title",
    "helpdesk_url",
)
TABLES: Mapping[str, tuple[str, ...]] = {
    "department": ("id", "dept_id", "name", "dept_name", "tpl_id", "ticket_auto_response", "message_auto_response"),
    "help_topic": ("topic_id", "topic", "dept_id", "ispublic", "isactive", "noautoresp", "flags"),
    "email": ("email_id", "email", "dept_id", "noautoresp", "mail_active"),
    "email_template": ("id", "tpl_id", "code_name", "subject", "body"),
    "filter": ("id", "name", "isactive", "target", "disable_autoresponder"),
    "filter_action": ("id", "filter_id", "type", "configuration"),
}


def read(path: Path, name: str, taken_at: datetime) -> Snapshot:
    """Read a dump, or the only ``.sql`` file of a folder. Raises HelpdeskError if it is none of osTicket's."""
    files = sorted(path.glob("*.sql")) if path.is_dir() else [path]
    if len(files) != 1 or not files[0].is_file():
        raise HelpdeskError(f"{path} is no dump (one .sql file is needed); see docs/audit/osticket.md")
    try:
        if files[0].stat().st_size > MAX_FILE_BYTES:
            raise HelpdeskError(
                f"{files[0].name} is over {MAX_FILE_BYTES // 2**20} MB; dump only the tables of the page"
            )
        text = files[0].read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise HelpdeskError(f"{files[0].name} could not be read: {error.strerror}") from None
    dump = parsed(text, lambda table: _plain(table) in {"config", *TABLES})
    missing: dict[str, str] = {}
    resources: dict[str, Any] = {}
    if dump.skipped:
        missing["dump"] = f"{dump.skipped} statements or rows could not be read"
    config = _core(_rows(dump, "config"))
    if not config:
        raise HelpdeskError(f"{files[0].name} has no settings of osTicket (table config); see docs/audit/osticket.md")
    resources["config"] = config
    for table, columns in TABLES.items():
        rows = _rows(dump, table)
        if rows is None:
            missing[table] = f"the dump has no table {table}"
        else:
            resources[table] = [_kept(row, columns) for row in rows]
    return Snapshot(product="osticket", name=name, taken_at=taken_at, resources=resources, missing=missing)


def _plain(table: str) -> str:
    """A table's name without the installation's prefix (``ost_`` as a rule)."""
    return table.partition("_")[2] or table


def _rows(dump: Dump, name: str) -> list[dict[str, Cell]] | None:
    return next((rows for table, rows in dump.tables.items() if _plain(table) == name), None)


def _core(rows: list[dict[str, Cell]] | None) -> dict[str, str]:
    found = [row for row in rows or () if row.get("namespace") == "core" and row.get("key") in CORE]
    return {str(row["key"]): row.get("value") or "" for row in found}


def _kept(row: Mapping[str, Cell], columns: tuple[str, ...]) -> dict[str, Any]:
    kept: dict[str, Any] = {column: row[column] for column in columns if column in row}
    first = next(iter(kept), "")
    return {"id": kept.get("id") or kept.get(first), **kept} if kept else {}
