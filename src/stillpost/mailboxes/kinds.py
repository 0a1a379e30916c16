"""Which folders hold what the owner wrote, and which hold drafts: by special use, Gmail's labels, or name.

Names in eight languages, as Gmail, Outlook, Thunderbird, Apple Mail and webmailers give them; a folder nobody named so is
mail.
"""

import binascii
import re
from collections.abc import Iterable
from typing import Final

from stillpost.mailboxes.protocol import Kind

_SENT: Final = frozenset(
    # English; German; French; Spanish; Italian; Portuguese; Dutch; Polish
    """
    sent|sent items|sent mail|sent messages|sent-mail|sentmail|sent objects|outgoing mail
    gesendet|gesendete elemente|gesendete objekte|gesendete nachrichten|gesendete e-mails|gesendete mails
    envoyés|messages envoyés|éléments envoyés|courrier envoyé|objets envoyés|e-mails envoyés
    enviados|elementos enviados|mensajes enviados|correo enviado|correos enviados
    inviata|inviati|posta inviata|elementi inviati|messaggi inviati
    enviadas|itens enviados|mensagens enviadas|e-mails enviados|correio enviado|email enviado
    verzonden|verzonden items|verzonden berichten|verzonden objecten|verzonden e-mail
    wysłane|elementy wysłane|wysłane wiadomości|wiadomości wysłane|wysłano
    """.strip()
    .replace("\n", "|")
    .split("|")
)
_DRAFTS: Final = frozenset(
    """
    draft|drafts|outbox|unsent messages|templates|scheduled
    entwurf|entwürfe|postausgang|vorlagen|geplant
    brouillon|brouillons|boîte d'envoi|boîte d’envoi|modèles
    borrador|borradores|bandeja de salida|plantillas
    bozza|bozze|posta in uscita|modelli
    rascunho|rascunhos|caixa de saída|modelos
    concept|concepten|postvak uit|sjablonen
    wersja robocza|wersje robocze|kopie robocze|szkice|skrzynka nadawcza|szablony
    """.strip()
    .replace("\n", "|")
    .split("|")
)
_NAMES: Final = {name.strip(): Kind.SENT for name in _SENT} | {name.strip(): Kind.DRAFTS for name in _DRAFTS}
_SPECIAL_USE: Final = {"\\sent": Kind.SENT, "\\drafts": Kind.DRAFTS}  # RFC 6154
_ENDING: Final = re.compile(r"(?:\.(?:mbox|mbx|sbd|imapmbox|eml))+$")
_UTF7: Final = re.compile(r"&([A-Za-z0-9+,]*)-")
_MARKS: Final = re.compile(r"^[.\[\"' ]+|[\]\"' ]+$")


def kind_of_name(name: str) -> Kind:
    """The kind of a folder by its own name (one component of a path), any case."""
    plain = _ENDING.sub("", " ".join(name.lower().replace("_", " ").split()))
    return _NAMES.get(_MARKS.sub("", plain), Kind.MAIL)


def kind_of_path(components: Iterable[str]) -> Kind:
    """The kind of a folder by the names on the way to it; the innermost one that says something.

    Folders of a Maildir++ say their whole way in one name: ``.INBOX.Sent``.
    """
    for component in reversed(tuple(components)):
        inner = component.split(".") if component.startswith(".") else [component]
        for name in (component, *reversed(inner)):
            kind = kind_of_name(unmodified(name))
            if kind is not Kind.MAIL:
                return kind
    return Kind.MAIL


def unmodified(name: str) -> str:
    """A folder's name out of IMAP's modified UTF-7 (RFC 3501, 5.1.3), in which Maildir++ keeps it, too."""
    try:
        return _UTF7.sub(_decoded, name) if "&" in name else name
    except ValueError:
        return name


def _decoded(found: re.Match[str]) -> str:
    packed = found[1].replace(",", "/")
    return binascii.a2b_base64(packed + "=" * (-len(packed) % 4)).decode("utf-16-be") if packed else "&"


def kind_of_flags(flags: Iterable[str]) -> Kind:
    """The kind by an IMAP server's special-use flags (RFC 6154)."""
    return next((_SPECIAL_USE[flag.lower()] for flag in flags if flag.lower() in _SPECIAL_USE), Kind.MAIL)


def kind_of_labels(labels: str) -> Kind:
    """The kind by the value of Gmail's ``X-Gmail-Labels``, decoded: labels with commas between."""
    kinds = {kind_of_name(label) for label in labels.split(",")[:100]}
    return Kind.DRAFTS if Kind.DRAFTS in kinds else Kind.SENT if Kind.SENT in kinds else Kind.MAIL
