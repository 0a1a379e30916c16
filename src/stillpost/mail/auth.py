"""What a trusted server found out about a mail: Authentication-Results (RFC 8601), and whether it vouches for the From.

The field is free text that an attacker can put into his mail as well, so two things decide: where it stands
(``border``), and that it parses to the end. A field with anything left over gives nothing at all, since the rest of it
may be the attacker's: a local part with a semicolon in it, a comment that never closes. Microsoft's fields have no
authserv-id, a bare host name between results, keys without a type and a ``;`` at the end; they are read as they are.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

from stillpost.mail.domains import is_public_suffix, organization
from stillpost.mail.message import Headers
from stillpost.model import AuthMethod, AuthResult

VALUE_MAX_LENGTH: Final = 8_192
RESULTS_MAX: Final = 32  # of one message
SIGNATURES_MAX: Final = 16

_OWN_FIELD = "authentication-results"
_FIELDS = frozenset([_OWN_FIELD, "arc-authentication-results"])
_COMMENT = re.compile(r"[()]|(?:[^()\\]|\\.)++")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"|[^"();\\]++|[();]')
_IDENTITY = re.compile(r'\s*([A-Za-z0-9.:_-]+|"[^"]*")(?:\s+\d+)?\s*')
_ARC_INSTANCE = re.compile(r"\s*i\s*=\s*\d{1,3}\s*")
_HOST = re.compile(r"\s*[A-Za-z0-9.-]+\s*")
_RESULT = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z]+)(?=\s|$)")
_PROPERTY = re.compile(r'\s+([A-Za-z][A-Za-z0-9._-]*)\s*=\s*("(?:[^"\\]|\\.)*+"|[^\s"]*+)')
_TAG = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*([^;]*)(?:;|$)")
_METHODS = {method.value: method for method in AuthMethod}
_MAIL_FROM = ("smtp.mailfrom", "smtp.mfrom", "smtp.mail")  # the last two: Sendmail's filter, old Gmail


def results_from(headers: Headers, border: int | None, servers: Collection[str] = ()) -> tuple[AuthResult, ...]:
    """What the recipient's own servers found.

    In: ``border``, the position of the Received field of our own mail exchanger (``border.Border.at``), None where
    there is none; ``servers``, authserv-ids the operator vouches for. Out: the results of every field above the border
    (only our own side can have put it there; ARC's copy of ours, RFC 8617, included), and of fields with such an id
    down to the next Received below it, where filters put theirs. Never raises; at most ``RESULTS_MAX``.
    """
    known = {server.lower() for server in servers}
    results: list[AuthResult] = []
    received = 0
    for at, (name, _) in enumerate(headers.fields):
        below = border is None or at > border
        if name == "received":
            received += below
            if received > (border is None):
                break
        elif name in _FIELDS and (not below or (known and name == _OWN_FIELD)):
            server, found = parse_results(headers.value(at))
            if not below or server.lower() in known:
                results += found
    return tuple(results[:RESULTS_MAX])


def results_on_top(headers: Headers, servers: Collection[str]) -> tuple[AuthResult, ...]:
    """What filters of our own wrote on top of a mail that a stranger handed over.

    In: ``servers``, the authserv-ids those filters write. Out: the results of the topmost field of each of them, above
    the first Received. A stranger can begin his mail with such a field, too, so a second one of the same id counts for
    nothing; that the filter writes its own into every mail is the operator's part (RFC 8601 section 5). Never raises.
    """
    waited = {server.lower() for server in servers}
    results: list[AuthResult] = []
    for at, (name, _) in enumerate(headers.fields):
        if name == "received" or not waited:
            break
        if name == _OWN_FIELD:
            server, found = parse_results(headers.value(at))
            if server.lower() in waited:
                waited.discard(server.lower())
                results += found
    return tuple(results[:RESULTS_MAX])


def parse_results(value: str) -> tuple[str, tuple[AuthResult, ...]]:
    """The authserv-id of a field (empty where there is none) and its DKIM, SPF and DMARC results.

    Results whose domain is not given are left out: SPF of a HELO name, a DMARC without ``header.from``. Anything that
    is no field of RFC 8601 or Microsoft's kind gives no result; so does a field with two DMARC or two SPF results.
    """
    segments = _segments(value)
    if segments and _ARC_INSTANCE.fullmatch(segments[0]):
        segments = segments[1:]
    if not segments:
        return "", ()
    identity = _IDENTITY.fullmatch(segments[0])
    server = identity[1].strip('"') if identity else ""
    results: list[AuthResult] = []
    methods: list[str] = []
    for segment in segments[1:] if identity else segments:
        if not segment.strip() or segment.strip().lower() == "none" or (not identity and _HOST.fullmatch(segment)):
            continue
        parsed = _result(segment)
        if parsed is None:
            return "", ()
        method, result = parsed
        methods.append(method)
        if result is not None:
            results.append(result)
    if methods.count("dmarc") > 1 or methods.count("spf") > 1:
        return "", ()
    return server, tuple(results)


def signatures(headers: Headers) -> tuple[tuple[str, str], ...]:
    """Domain and selector of each DKIM-Signature (RFC 6376 section 3.5), lower case, in order; claims, not checks."""
    found = []
    for value in headers.all("dkim-signature")[:SIGNATURES_MAX]:
        tags = dict(_TAG.findall(value[:VALUE_MAX_LENGTH]))
        if "d" in tags:
            found.append((_domain(tags["d"].strip()), tags.get("s", "").strip().lower()))
    return tuple(found)


def signed_fields(headers: Headers, domain: str) -> frozenset[str]:
    """The header fields, lower case, that every signature of ``domain`` covers; nothing where it has none.

    A mail that passed by its signature alone can be sent again to anybody, and only what is signed is its author's.
    """
    covered: frozenset[str] | None = None
    for value in headers.all("dkim-signature")[:SIGNATURES_MAX]:
        tags = dict(_TAG.findall(value[:VALUE_MAX_LENGTH]))
        if _domain(tags.get("d", "").strip()) == domain:
            names = frozenset(name.strip().lower() for name in tags.get("h", "").split(":"))
            covered = names if covered is None else covered & names
    return covered or frozenset()


def aligned(domain: str, results: Iterable[AuthResult]) -> AuthResult | None:
    """The result that vouches for a From of ``domain``, or None.

    DMARC passed for exactly this domain; or DKIM, or SPF of the envelope sender, passed for a domain with the same
    organizational domain (relaxed alignment, RFC 7489 section 3.1), never a public suffix or another tenant of a
    platform. A failed DMARC of the domain settles it: its owner asks for more than we would.
    """
    domain = _domain(domain)
    results = tuple(results)
    dmarc = [result for result in results if result.method is AuthMethod.DMARC and result.domain == domain]
    if any(result.result == "fail" for result in dmarc):
        return None
    others = [result for method in (AuthMethod.DKIM, AuthMethod.SPF) for result in results if result.method is method]
    for result in [*dmarc, *others]:
        if result.result == "pass" and is_aligned(domain, result.domain):
            return result
    return None


def is_aligned(domain: str, other: str) -> bool:
    """True where both are one domain, or below one organizational domain that is no public suffix."""
    if not domain or not other:
        return False
    return domain == other or (
        organization(domain) == organization(other) and not is_public_suffix(organization(domain))
    )


def _segments(value: str) -> list[str]:
    """The field split at its semicolons, comments (RFC 5322 section 3.2.2) made blanks; nothing if it is no field."""
    if len(value) > VALUE_MAX_LENGTH:
        return []
    segments = [""]
    depth = at = 0
    while at < len(value):
        piece = _PIECE.match(value, at) if not depth else _COMMENT.match(value, at)
        if piece is None:
            return []
        at = piece.end()
        text = piece[0]
        if text == "(":
            depth += 1
            segments[-1] += " "
        elif text == ")":
            depth -= 1
            if depth < 0:
                return []
        elif not depth:
            if text == ";":
                segments.append("")
            else:
                segments[-1] += text
    return segments if not depth else []


def _result(segment: str) -> tuple[str, AuthResult | None] | None:
    """Method and result of one segment; None for the result where it says nothing we use, None where it is none."""
    head = _RESULT.match(segment)
    if head is None:
        return None
    properties: dict[str, str] = {}
    at = head.end()
    for found in _PROPERTY.finditer(segment, at):
        if found.start() != at:
            return None
        at = found.end()
        properties.setdefault(found[1].lower(), found[2].strip('"'))
    if segment[at:].strip():
        return None
    name = head[1].lower()
    method = _METHODS.get(name)
    domain = _vouched_domain(method, properties) if method else ""
    if not method or not domain:
        return name, None
    selector = properties.get("header.s", "").lower() if method is AuthMethod.DKIM else ""
    return name, AuthResult(method=method, result=head[2].lower(), domain=domain, selector=selector)


def _vouched_domain(method: AuthMethod, properties: dict[str, str]) -> str:
    if method is AuthMethod.DKIM:
        return _domain(properties.get("header.d") or properties.get("header.i", ""))
    if method is AuthMethod.DMARC:
        return _domain(properties.get("header.from", ""))
    return _domain(next((properties[name] for name in _MAIL_FROM if name in properties), ""))


def _domain(value: str) -> str:
    return value.rpartition("@")[2].strip("<>").lower().removesuffix(".")
