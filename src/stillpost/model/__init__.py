"""The words: what the rooms of Stillpost say to each other.

Frozen data and enums only, standard library only; no behavior beyond a derived value. Every time is aware UTC and
arrives with its event. ``docs/glossary.md`` is generated from the docstrings of this room.
"""

from stillpost.model.events import (
    AuthMethod,
    AuthResult,
    Direction,
    Envelope,
    Event,
    Feedback,
    FeedbackKind,
    Guards,
    Mail,
    Submission,
)
from stillpost.model.parties import Address, Source, Tenant
from stillpost.model.requests import (
    Attachment,
    HeldMail,
    ProofMode,
    ProofOfWork,
    Rate,
    Request,
    RequestState,
    Ticket,
    Way,
)
from stillpost.model.verdicts import Action, Meter, Mode, Reading, Scope, Symbol, Verdict

__all__ = [
    "Action",
    "Address",
    "Attachment",
    "AuthMethod",
    "AuthResult",
    "Direction",
    "Envelope",
    "Event",
    "Feedback",
    "FeedbackKind",
    "Guards",
    "HeldMail",
    "Mail",
    "Meter",
    "Mode",
    "ProofMode",
    "ProofOfWork",
    "Rate",
    "Reading",
    "Request",
    "RequestState",
    "Scope",
    "Source",
    "Submission",
    "Symbol",
    "Tenant",
    "Ticket",
    "Verdict",
    "Way",
]
