"""Rules for mail servers that catch the rest of a wave, for the tenants that were found: Rspamd, Sieve, Exchange.

A rule files mail away, it refuses and deletes nothing. Only tenants that somebody vouches for are named, by the field their
platform gives them, else by their own domain; a platform's domain, or a free-mail provider's, is never named. What a
stranger chose goes into a rule only if it is made of plain characters.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from stillpost.language import N_, translate
from stillpost.mail.catalog import catalog
from stillpost.mail.domains import is_free_mail
from stillpost.scan.result import Result
from stillpost.scan.wave import Sender

FOLDER: Final = "Wave"
VALUES_MAX: Final = 2_000  # of all rules together
EXCHANGE_WORDS: Final = 50  # of one rule; Exchange bounds a rule's length
RSPAMD_SCORE: Final = 6.0

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/:<>-]{0,199}")
_INSIDE: Final[Mapping[str, tuple[str, str]]] = {
    "helpscout": ("Message-ID", "reply-{tenant}-"),
    "jira": ("Message-ID", "@{tenant}>"),
    "chatwoot": ("In-Reply-To", "<account/{tenant}/"),
}
"""Platforms whose tenant is a part of a field: the field, and what stands in it."""

Say = Callable[..., str]


@final
@dataclass(frozen=True, slots=True)
class Marks:
    """What to look for: domains of From, and for each field the values it has (``exact``) or contains (``inside``).

    ``left_out``: senders that no rule can name.
    """

    domains: tuple[str, ...] = ()
    exact: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: int = 0


def marks_of(results: Iterable[Result]) -> Marks:
    """What the waves' senders can be told by."""
    domains: dict[str, None] = {}
    exact: dict[str, dict[str, None]] = {}
    inside: dict[str, dict[str, None]] = {}
    left_out = total = 0
    senders = [sender for result in results for finding in result.findings for sender in finding.senders]
    for sender in senders:
        found = _mark(sender)
        if found is None or total >= VALUES_MAX:
            left_out += 1
            continue
        total += 1
        name, value, is_whole = found
        if not name:
            domains[value] = None
        else:
            (exact if is_whole else inside).setdefault(name, {})[value] = None
    return Marks(
        tuple(domains),
        {name: tuple(values) for name, values in exact.items()},
        {name: tuple(values) for name, values in inside.items()},
        left_out,
    )


def _mark(sender: Sender) -> tuple[str, str, bool] | None:
    """A field (none: From's domain), a value, and whether it is the whole of it."""
    detail = sender.detail
    if not detail.authenticated:
        return None
    platform = catalog().named(detail.platform)
    found: tuple[str, str, bool] | None = None
    if platform is not None and detail.tenant and detail.tenant != detail.organization:
        if platform.name in _INSIDE:
            name, pattern = _INSIDE[platform.name]
            found = name, pattern.format(tenant=detail.tenant), False
        elif platform.tenant and platform.tenant[0].field.startswith("x-"):
            found = platform.tenant[0].field.title(), detail.tenant, platform.name != "salesforce"
    domain = detail.organization
    shared = platform is not None and domain in platform.domains
    if found is None and domain and not shared and not is_free_mail(domain):
        found = "", domain, True
    return found if found and _PLAIN.fullmatch(found[1].lstrip("@<")) else None


def sieve(marks: Marks, language: str) -> list[str]:
    """A Sieve script (RFC 5228, 5490), to be put before other rules."""
    tests = []
    if marks.domains:
        tests.append(f'address :domain :is "From" {_listed(marks.domains)}')
        tests.append(f'address :domain :matches "From" {_listed(f"*.{domain}" for domain in marks.domains)}')
    tests += [f'header :is "{name}" {_listed(values)}' for name, values in marks.exact.items()]
    tests += [f'header :contains "{name}" {_listed(values)}' for name, values in marks.inside.items()]
    if not tests:
        return list(_said(marks, language, "#"))
    between = ",\n    "
    return [
        'require ["fileinto", "mailbox"];',
        *_said(marks, language, "#"),
        f"if anyof(\n    {between.join(tests)}\n) {{",
        f'    fileinto :create "{FOLDER}";',
        "    stop;",
        "}",
    ]


def rspamd(marks: Marks, language: str) -> list[str]:
    """Entries for Rspamd's ``local.d/multimap.conf``."""
    lines = list(_said(marks, language, "#"))
    if marks.domains:
        pattern = _either(re.escape(domain) for domain in marks.domains)
        lines += _multimap(
            "DOMAIN", 'type = "from"; filter = "email:domain"; extract_from = "mime";', rf"/^(?:.+\.)?(?:{pattern})$/i"
        )
    both = [(name, values, True) for name, values in marks.exact.items()]
    both += [(name, values, False) for name, values in marks.inside.items()]
    for name, values, is_whole in both:
        pattern = _either(re.escape(value).replace("/", r"\/") for value in values)
        expression = f"/^(?:{pattern})$/i" if is_whole else f"/(?:{pattern})/i"
        # A map that begins with a slash and a letter is a file to Rspamd.
        symbol = name.upper().replace("-", "_")
        lines += _multimap(symbol, f'type = "header"; header = "{name}";', expression)
    return lines


def _multimap(name: str, what: str, expression: str) -> Iterator[str]:
    quoted = expression.replace("\\", "\\\\")
    yield f"STILLPOST_WAVE_{name} {{"
    yield f"  {what} regexp = true;"
    yield f'  map = ["{quoted}"];'
    yield f'  score = {RSPAMD_SCORE}; description = "Took part in a mail bomb (stillpost scan)";'
    yield "}"


def exchange(marks: Marks, language: str, mailbox: str = "") -> list[str]:
    """Transport rules for Exchange Online PowerShell; for one mailbox where its address is known."""
    lines = list(_said(marks, language, "#"))
    to = f" -SentTo '{mailbox}'" if mailbox and _PLAIN.fullmatch(mailbox.replace("@", ".")) else ""
    number = 0
    for name, values in (("", marks.domains), *marks.exact.items(), *marks.inside.items()):
        for start in range(0, len(values), EXCHANGE_WORDS):
            number += 1
            words = ",".join(f"'{value}'" for value in values[start : start + EXCHANGE_WORDS])
            condition = (
                f"-HeaderContainsMessageHeader '{name}' -HeaderContainsWords {words}"
                if name
                else f"-SenderDomainIs {words}"
            )
            lines.append(f"New-TransportRule -Name 'Stillpost wave {number}'{to} {condition} -SetSCL 6")
    return lines


def _listed(values: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def _either(values: Iterable[str]) -> str:
    return "|".join(values)


def _said(marks: Marks, language: str, comment: str) -> Iterator[str]:
    """What a reader should know, as comments."""

    def say(text: str, **values: object) -> str:
        return f"{comment} " + translate(text, language).format(**values)

    if not (marks.domains or marks.exact or marks.inside):
        yield say(N_("No rule: no wave was found, or nobody vouches for who sent it."))
    else:
        yield say(N_("Made by stillpost scan. It files away what the senders of the wave send; it deletes nothing."))
        yield say(N_("Take it out again after some weeks: you may want mail of one of them one day."))
    if marks.left_out:
        yield say(N_("{count} senders are not in it: nothing reliable tells them from others."), count=marks.left_out)
