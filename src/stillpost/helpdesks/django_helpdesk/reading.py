"""django-helpdesk's settings from files: its database or a dump of it, and Django's settings, which are never run.

A folder holds the database (``db.sqlite3``) or ``helpdesk.json`` (``dumpdata helpdesk.queue helpdesk.emailtemplate
helpdesk.ignoreemail``), and ``settings.json``, ``settings.txt`` (``diffsettings``) or ``settings.py``. The last one is
code: its plain assignments are read, nothing in it is imported or run; what it computes is not known.
"""

import ast
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from stillpost.audit.snapshot import Snapshot
from stillpost.helpdesks.protocol import HelpdeskError

MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_ROWS = 10_000
PREFIXES = ("HELPDESK_", "QUEUE_EMAIL_BOX_")
QUEUE = (
    "id",
    "title",
    "slug",
    "locale",
    "email_address",
    "allow_public_submission",
    "allow_email_submission",
    "email_box_type",
    "new_ticket_cc",
    "updated_ticket_cc",
    "enable_notifications_on_email_events",
)
TEMPLATE = ("id", "template_name", "locale", "subject", "heading", "plain_text", "html")
IGNORED = ("id", "email_address", "keep_in_mailbox", "queues")
_TABLES = {"queues": ("queue", QUEUE), "templates": ("emailtemplate", TEMPLATE), "ignored": ("ignoreemail", IGNORED)}


def read(path: Path, name: str, taken_at: datetime) -> Snapshot:
    """Read a folder, or a database file beside its settings. Raises HelpdeskError if there is no helpdesk in it."""
    folder = path if path.is_dir() else path.parent
    if not path.exists():
        raise HelpdeskError(f"{path} is not there; see docs/audit/django-helpdesk.md for what to read")
    missing: dict[str, str] = {}
    resources: dict[str, Any] = dict(_data(path, folder, missing))
    if not resources.get("queues"):
        raise HelpdeskError(f"{path} holds no queues of django-helpdesk; see docs/audit/django-helpdesk.md")
    settings = _settings(folder, missing)
    if settings is not None:
        resources["settings"] = settings
    resources["footers"] = _footers(folder)
    return Snapshot(product="django-helpdesk", name=name, taken_at=taken_at, resources=resources, missing=missing)


def _data(path: Path, folder: Path, missing: dict[str, str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    dump = folder / "helpdesk.json"
    databases = [path] if path.is_file() and path.suffix != ".json" else sorted(folder.glob("*.sqlite3"))
    if dump.is_file():
        yield from _dumped(dump, missing)
    elif databases:
        yield from _stored(databases[0], missing)
    else:
        missing["queues"] = "no helpdesk.json and no *.sqlite3"


def _dumped(dump: Path, missing: dict[str, str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    try:
        if dump.stat().st_size > MAX_FILE_BYTES:
            raise ValueError("too large")
        items = json.loads(dump.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        missing["queues"] = f"{dump.name} could not be read as JSON"
        return
    for resource, (table, columns) in _TABLES.items():
        rows = [_row(item, columns) for item in items if _is(item, table)] if isinstance(items, list) else []
        yield resource, rows[:MAX_ROWS]


def _is(item: Any, table: str) -> bool:
    return isinstance(item, Mapping) and item.get("model") == f"helpdesk.{table}" and "pk" in item


def _row(item: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    fields = item.get("fields")
    values = {"id": item["pk"], **(fields if isinstance(fields, Mapping) else {})}
    return {column: values.get(column) for column in columns}


def _stored(database: Path, missing: dict[str, str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Read only, and only the columns that are judged: passwords of mailboxes stand in the same table."""
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            for resource, (table, columns) in _TABLES.items():
                there = {row[1] for row in connection.execute(f"PRAGMA table_info(helpdesk_{table})")}
                kept = [column for column in columns if column in there]
                if "id" not in kept:
                    missing[resource] = f"{database.name} has no table helpdesk_{table}"
                    continue
                # The names come from our own list above.
                rows = connection.execute(f"SELECT {', '.join(kept)} FROM helpdesk_{table} LIMIT {MAX_ROWS}")  # noqa: S608
                found = [_typed(dict(zip(kept, row, strict=True))) for row in rows]
                yield resource, found if resource != "ignored" else _for_queues(connection, found)
    except sqlite3.Error as error:
        missing["queues"] = f"{database.name} could not be read ({error})"


def _for_queues(connection: sqlite3.Connection, ignored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Which queues an ignored address is ignored in; none named means all."""
    pairs = connection.execute("SELECT ignoreemail_id, queue_id FROM helpdesk_ignoreemail_queues LIMIT ?", (MAX_ROWS,))
    named: dict[int, list[int]] = {}
    for entry, queue in pairs:
        named.setdefault(entry, []).append(queue)
    return [{**row, "queues": named.get(row["id"], [])} for row in ignored]


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """SQLite keeps booleans as 0 and 1."""
    flags = ("allow_public_submission", "allow_email_submission", "enable_notifications_on_email_events")
    return {name: bool(value) if name in flags else value for name, value in row.items()}


def _settings(folder: Path, missing: dict[str, str]) -> dict[str, Any] | None:
    for name, reader in (("settings.json", _json), ("settings.txt", _listed), ("settings.py", _assigned)):
        file = folder / name
        if file.is_file():
            try:
                if file.stat().st_size > MAX_FILE_BYTES:
                    raise ValueError("too large")
                return reader(file.read_text(encoding="utf-8-sig"), missing)
            except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
                missing["settings"] = f"{name} could not be read"
                return None
    missing["settings"] = "no settings.json, settings.txt or settings.py"
    return None


def _ours(name: str) -> bool:
    return name.startswith(PREFIXES)


def _json(text: str, _missing: dict[str, str]) -> dict[str, Any]:
    table = json.loads(text)
    if not isinstance(table, dict):
        raise ValueError("no object")
    return {name: value for name, value in table.items() if _ours(name)}


def _listed(text: str, missing: dict[str, str]) -> dict[str, Any]:
    """The lines of ``diffsettings``: NAME = VALUE, sometimes with ``###`` behind it."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        name, sign, value = line.partition(" = ")
        name = name.lstrip("+- ").strip()
        if sign and _ours(name):
            _keep(found, missing, name, value.partition("  ###")[0])
    return found


def _assigned(text: str, missing: dict[str, str]) -> dict[str, Any]:
    """Plain assignments of a settings module; what is computed, imported or set under a condition is not known."""
    found: dict[str, Any] = {}
    tree = ast.parse(text)
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            names = [node.target.id]
        else:
            continue
        for name in filter(_ours, names):
            if node.value is not None:
                _keep(found, missing, name, ast.unparse(node.value))
    inner = [
        n for part in tree.body for n in ast.walk(part) if part is not n and isinstance(n, ast.Assign | ast.AnnAssign)
    ]
    hidden = {n.id for node in inner for n in ast.walk(node) if isinstance(n, ast.Name) and _ours(n.id)}
    stars = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree))
    if stars:
        missing["settings"] = "settings.py takes settings from another module; give the output of diffsettings instead"
    for name in hidden:
        missing[f"settings {name}"] = "it is set under a condition; give the output of diffsettings instead"
    return found


def _keep(found: dict[str, Any], missing: dict[str, str], name: str, value: str) -> None:
    try:
        found[name] = ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        if name == "HELPDESK_PUBLIC_TICKET_FORM_CLASS" or name.endswith("_PROTECTOR"):
            found[name] = "(computed)"
        else:
            missing[f"settings {name}"] = "its value is computed; give the output of diffsettings instead"


def _footers(folder: Path) -> dict[str, str]:
    """The product's own mail footers by locale, where its template folder is there."""
    found: dict[str, str] = {}
    for file in sorted(folder.glob("templates/helpdesk/*/email_text_footer.txt"))[:100]:
        if file.stat().st_size <= MAX_FILE_BYTES:
            found[file.parent.name] = file.read_text(encoding="utf-8", errors="replace")
    return found
