"""Roundup's settings from its tracker home: ``config.ini``, ``schema.py`` and ``detectors/``, none of which is run.

``schema.py`` is code: what it grants is read from its plain calls and loops over constants; a grant under a condition or
in a function is not known. Only the keys that are judged are kept: passwords and keys stand in the same file.
"""

import ast
import configparser
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from stillpost.audit.snapshot import Snapshot
from stillpost.helpdesks.protocol import HelpdeskError

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_DETECTORS = 200
KEPT: Mapping[str, Mapping[str, str]] = {
    "main": {
        "admin_email": "roundup-admin",
        "dispatcher_email": "roundup-admin",
        "error_messages_to": "user",
        "new_web_user_roles": "User",
        "new_email_user_roles": "User",
        "instant_registration": "no",
        "email_registration_confirmation": "yes",
    },
    "tracker": {"name": "Roundup issue tracker", "web": "", "email": "issue_tracker", "language": ""},
    "web": {"registration_delay": "4"},
    "mail": {"domain": "", "add_authorinfo": "yes", "add_authoremail": "yes"},
    "mailgw": {"default_class": "issue", "language": ""},
    "nosy": {"messages_to_author": "no", "signature_position": "bottom", "add_author": "new", "add_recipients": "new"},
    "pgp": {"enable": "no"},
}
"""The settings that are judged, with Roundup's defaults (2.6.0)."""

STOCK_DETECTORS = ("messagesummary.py", "nosyreaction.py", "statusauditor.py", "userauditor.py")


def read(path: Path, name: str, taken_at: datetime) -> Snapshot:
    """Read a tracker home. Raises HelpdeskError if it is none."""
    home = path if path.is_dir() else path.parent
    if not (home / "config.ini").is_file():
        raise HelpdeskError(f"{path} is no tracker home (no config.ini in it); see docs/audit/roundup.md")
    missing: dict[str, str] = {}
    resources: dict[str, Any] = {"config": _config(home / "config.ini")}
    schema = _text(home / "schema.py")
    try:
        tree = ast.parse(schema) if schema is not None else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None:
        missing["permissions"] = "schema.py could not be read"
    else:
        resources["permissions"] = _permissions(tree, missing)
        resources["issue"] = _issue(tree)
    resources["detectors"] = dict(_detectors(home / "detectors"))
    return Snapshot(product="roundup", name=name, taken_at=taken_at, resources=resources, missing=missing)


def _text(file: Path) -> str | None:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            return None
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None


def _config(file: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_text(file) or "")
    except configparser.Error as error:
        raise HelpdeskError(f"{file.name} could not be read: {str(error).partition(chr(10))[0]}") from None
    found: dict[str, dict[str, str]] = {}
    for section, keys in KEPT.items():
        there = parser[section] if parser.has_section(section) else {}
        found[section] = {key: there[key].strip() for key in keys if key in there}
    return found


# --- schema.py ------------------------------------------------------------------------------------------------------

Names = Mapping[str, str]


def _permissions(tree: ast.Module, missing: dict[str, str]) -> dict[str, dict[str, bool]]:
    """Role, then "Permission class" (or "Permission" for all classes); False: granted for some items or fields only."""
    grants: dict[str, dict[str, bool]] = {}
    partial: dict[str, str] = {}
    seen: set[int] = set()
    for node, names in _plain(tree.body, {}):
        if isinstance(node, ast.Assign) and _called(node.value) == "addPermission":
            for target in node.targets:
                if isinstance(target, ast.Name) and isinstance(node.value, ast.Call):
                    partial[target.id] = _partial(node.value, names)
        elif isinstance(node, ast.Expr) and _called(node.value) == "addPermissionToRole":
            seen.add(id(node.value))
            _granted(node.value, names, partial, grants, missing)
    for inner in ast.walk(tree):
        if isinstance(inner, ast.Call) and _called(inner) == "addPermissionToRole" and id(inner) not in seen:
            missing["permissions"] = "schema.py grants something under a condition or in a function, which is not run"
    return grants


def _plain(body: Sequence[ast.stmt], names: Names) -> Iterator[tuple[ast.stmt, Names]]:
    """Every statement that surely runs, with the values of the loops around it."""
    for node in body:
        if not isinstance(node, ast.For):
            yield node, names
            continue
        values = _constants(node.iter)
        if values is not None and isinstance(node.target, ast.Name):
            for value in values[:100]:
                yield from _plain(node.body, {**names, node.target.id: value})


def _constants(node: ast.expr) -> list[str] | None:
    try:
        values = ast.literal_eval(node)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    return [str(value) for value in values] if isinstance(values, tuple | list | set) else None


def _called(node: ast.expr) -> str:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def _word(node: ast.expr | None, names: Names) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return names.get(node.id) if isinstance(node, ast.Name) else None


def _partial(call: ast.Call, names: Names) -> str:
    """What a permission object is for; with a check or a list of properties it is for some only (``?``)."""
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    name, klass = _word(words.get("name"), names), _word(words.get("klass"), names)
    narrowed = "?" if words.keys() & {"check", "properties", "filter"} else ""
    return f"{name} {klass or ''}".strip() + narrowed if name else ""


def _granted(
    node: ast.expr,
    names: Names,
    partial: Mapping[str, str],
    grants: dict[str, dict[str, bool]],
    missing: dict[str, str],
) -> None:
    assert isinstance(node, ast.Call)
    args: list[ast.expr | None] = [*node.args, None, None, None]
    words = {keyword.arg: keyword.value for keyword in node.keywords}
    role, what = _word(args[0] or words.get("role"), names), args[1] or words.get("permission")
    klass = _word(args[2] or words.get("classname"), names)
    name = _word(what, names)
    if name is None and isinstance(what, ast.Name):
        name = partial.get(what.id)
    if not role or not name:
        missing["permissions"] = "schema.py grants something that only running it could tell"
        return
    whole = not name.endswith("?") and not words.keys() & {"check", "properties"}
    label = f"{name.rstrip('?')} {klass or ''}".strip()
    role = role.casefold()
    grants.setdefault(role, {})[label] = grants.get(role, {}).get(label, False) or whole


def _issue(tree: ast.Module) -> list[str]:
    """The properties of the issue class that are the tracker's own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "IssueClass":
            words = [keyword.arg for keyword in node.keywords if keyword.arg]
            if "issue" in [arg.value for arg in node.args if isinstance(arg, ast.Constant)]:
                return sorted(words)
    return []


def _detectors(folder: Path) -> Iterator[tuple[str, str]]:
    """Each detector: ``stock`` as Roundup installed it (it writes a digest below), ``changed``, or ``own``."""
    files = chain(sorted(folder.glob("*.py")))
    for file in list(files)[:MAX_DETECTORS]:
        if file.name not in STOCK_DETECTORS:
            yield file.name, "own"
            continue
        body, mark, digest = (_text(file) or "").rpartition("#SHA: ")
        whole = hashlib.sha1(body.encode(), usedforsecurity=False).hexdigest()
        yield file.name, "stock" if mark and whole == digest.strip() else "changed"
