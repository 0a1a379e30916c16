"""Attestations: settings no API shows, vouched for by a person, for a while.

A small TOML: who, when (``at``, a date or an aware time), for how long (``days``), and one line for each setting. What
expired counts as not attested, and is said.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Any, final

DAYS = 90
MAX_DAYS = 400


class AttestationError(Exception):
    """The text is no attestation for this product; the message says what to do."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Who vouched when for which settings; ``expires`` is aware UTC."""

    product: str
    by: str
    at: datetime
    expires: datetime
    settings: Mapping[str, bool] = field(default_factory=dict)

    def valid(self, now: datetime) -> Mapping[str, bool]:
        """The settings that may be relied on now: none after it expired, none before it was given."""
        return self.settings if self.at <= now < self.expires else {}


def parsed(text: str, product: str, known: Mapping[str, str]) -> Attestation:
    """Read an attestation. ``known`` names the product's settings with their questions. Raises AttestationError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AttestationError(f"the attestation is not TOML: {error}") from None
    for name in table:
        if name not in ("product", "by", "at", "days", "settings"):
            raise AttestationError(f"the attestation has an unknown key {name!r}")
    if table.get("product") != product:
        raise AttestationError(f"the attestation is for {table.get('product')!r}, not for {product}")
    settings = table.get("settings", {})
    if not isinstance(settings, dict):
        raise AttestationError("the attestation's [settings] must be a table of true and false")
    for name, value in settings.items():
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            raise AttestationError(f"the attestation has an unknown setting {name!r}{hint}")
        if not isinstance(value, bool):
            raise AttestationError(f"the attestation's {name} must be true or false (leave out what nobody knows)")
    at = _moment(table.get("at"))
    days = table.get("days", DAYS)
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MAX_DAYS:
        raise AttestationError(f"the attestation's days must be a number from 1 to {MAX_DAYS}")
    by = str(table.get("by", ""))
    return Attestation(product=product, by=by, at=at, expires=at + timedelta(days=days), settings=settings)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise AttestationError("the attestation needs a date: at = 2026-11-02")


def written(product: str, by: str, at: date, answers: Mapping[str, bool | None], known: Mapping[str, str]) -> str:
    """The attestation's text; a question without an answer stays as a comment."""
    lines = [
        "# What no API of this helpdesk shows, looked up by a person. Used by: stillpost audit --attest",
        f'product = "{product}"',
        f'by = "{_quoted(by)}"',
        f"at = {at.isoformat()}",
        f"days = {DAYS}",
        "",
        "[settings]",
    ]
    for name, question in known.items():
        answer = answers.get(name)
        lines.append(f"# {question}")
        lines.append(f"# {name} = ?" if answer is None else f"{name} = {'true' if answer else 'false'}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "".join(char for char in text if char.isprintable() and char not in '"\\')
