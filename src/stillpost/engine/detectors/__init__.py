"""One file a detector, one detector a symbol; the list is explicit, and a house test compares it with the files."""

from stillpost.engine.detector import Detector
from stillpost.engine.detectors.automatic_requester import AutomaticRequester
from stillpost.engine.detectors.confirmations_collapsed import ConfirmationsCollapsed
from stillpost.engine.detectors.copies_fan_out import CopiesFanOut
from stillpost.engine.detectors.form_too_fast import FormTooFast
from stillpost.engine.detectors.honeypot_filled import HoneypotFilled
from stillpost.engine.detectors.new_domain_run import NewDomainRun
from stillpost.engine.detectors.newcomer_burst import NewcomerBurst
from stillpost.engine.detectors.repeated_text import RepeatedText
from stillpost.engine.detectors.requester_burst import RequesterBurst
from stillpost.engine.detectors.source_burst import SourceBurst
from stillpost.engine.detectors.tenants_of_one_platform import TenantsOfOnePlatform
from stillpost.engine.detectors.text_of_many_tenants import TextOfManyTenants
from stillpost.engine.detectors.unproven_recipient import UnprovenRecipient
from stillpost.engine.detectors.unproven_sender import UnprovenSender
from stillpost.engine.detectors.wave_tail import WaveTail

PORTAL_DETECTORS: tuple[Detector, ...] = (
    RequesterBurst(),
    SourceBurst(),
    RepeatedText(),
    NewDomainRun(),
    ConfirmationsCollapsed(),
    HoneypotFilled(),
    FormTooFast(),
    AutomaticRequester(),
    CopiesFanOut(),
    UnprovenSender(),
    UnprovenRecipient(),
)
"""What watches requests at a portal, and mail into it and out of it."""

RECIPIENT_DETECTORS: tuple[Detector, ...] = (
    NewcomerBurst(),
    TextOfManyTenants(),
    TenantsOfOnePlatform(),
    WaveTail(),
)
"""What watches mail to a person: the same for a mailbox's past, a mailbox watched, and a mail server's milter."""
