"""The mail that matters among hundreds that do not: told by what people can check, in eight languages."""

import pytest

from stillpost.mailboxes.protocol import Where
from stillpost.scan.detail import Detail
from stillpost.scan.needle import LEAST, Needle, may_be_needle, needle_of
from stillpost.scan.note import MAIL, Note
from stillpost.scan.relations import Relation


def detail(subject: str, text: str = "", **given: object) -> Detail:
    values: dict[str, object] = dict.fromkeys(Detail._fields, "")
    values |= {"by_program": True, "authenticated": False, "aligned": False, "keys": ()}
    return Detail(**{**values, "subject": subject, "text": text, **given})  # type: ignore[arg-type]


def needle(mail: Detail, relation: Relation | None) -> Needle | None:
    note = Note(0.0, b"", MAIL, (*Where(0),), "firm.example", "a@firm.example", "firm.example", "", (), 0)
    return needle_of(note, mail, relation)


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        pytest.param("Your payment of 90 EUR was received", "money", id="en money"),
        pytest.param("New sign-in to your account", "security", id="en security"),
        pytest.param("Your order has been shipped", "order", id="en order"),
        pytest.param("Überweisung über 1.200,00 EUR ausgeführt", "money", id="de money"),
        pytest.param("Ihr Passwort wurde geändert", "security", id="de security"),
        pytest.param("Versandbestätigung zu Ihrer Bestellung", "order", id="de order"),
        pytest.param("Confirmation de votre virement", "money", id="fr money"),
        pytest.param("Votre mot de passe a été modifié", "security", id="fr security"),
        pytest.param("Votre commande est expédiée", "order", id="fr order"),
        pytest.param("Transferencia realizada", "money", id="es money"),
        pytest.param("Tu contraseña ha cambiado", "security", id="es security"),
        pytest.param("Tu pedido ha sido enviado", "order", id="es order"),
        pytest.param("Bonifico eseguito", "money", id="it money"),
        pytest.param("Nuovo accesso al tuo account", "security", id="it security"),
        pytest.param("Il tuo ordine è stato spedito", "order", id="it order"),
        pytest.param("Recebemos o pagamento da sua fatura", "money", id="pt money"),
        pytest.param("A sua palavra-passe foi alterada", "security", id="pt security"),
        pytest.param("A sua encomenda foi enviada", "order", id="pt order"),
        pytest.param("Uw factuur staat klaar", "money", id="nl money"),
        pytest.param("Je wachtwoord is gewijzigd", "security", id="nl security"),
        pytest.param("Je bestelling is verzonden", "order", id="nl order"),
        pytest.param("Potwierdzenie przelewu", "money", id="pl money"),
        pytest.param("Twoje hasło zostało zmienione", "security", id="pl security"),
        pytest.param("Twoje zamówienie zostało wysłane", "order", id="pl order"),
    ],
)
def test_words_in_eight_languages_say_that_a_mail_matters(subject: str, kind: str) -> None:
    found = needle(detail(subject), Relation.ACCEPTED)
    plain = needle(detail("Newsletter"), Relation.ACCEPTED)
    assert found is not None
    assert plain is not None
    assert found.score >= plain.score + 3
    said = {"money": "speaks of money", "security": "speaks of security", "order": "speaks of an order"}[kind]
    assert any(said in reason.text and reason.word for reason in found.reasons)


def test_a_list_of_somebody_known_is_nothing_unless_it_says_more() -> None:
    letter = {"automatic": "list", "list_id": "news.shop.example"}
    assert needle(detail("Spring is here", **letter), Relation.ACCEPTED) is None
    assert needle(detail("Your invoice 10234", **letter), Relation.ACCEPTED) is not None


def test_a_forged_sender_ranks_below_all_others() -> None:
    honest, forged = (
        needle(detail("Your password was changed", dmarc=each), Relation.WRITTEN) for each in ("pass", "fail")
    )
    assert honest is not None
    assert forged is None or forged.score < honest.score - 4


@pytest.mark.parametrize("relation", list(Relation))
def test_whoever_is_known_is_a_needle_even_without_a_word(relation: Relation) -> None:
    found = needle(detail("See you", by_program=False), relation)
    assert found is not None
    assert found.score >= LEAST


@pytest.mark.parametrize(
    ("mail", "may"),
    [
        pytest.param(detail("Order confirmation #10482"), True, id="an order with a number"),
        pytest.param(detail("Rechnung", "Bitte zahlen Sie 49,90 €."), True, id="a bill with an amount"),
        pytest.param(detail("Thank you!", "Here is your telephone. Total: $1,129"), False, id="no word for what it is"),
        pytest.param(detail("Thank you!", "Your purchase: one telephone. Total: $1,129"), True, id="the text says it"),
        pytest.param(detail("Hello", "Your order is on its way."), False, id="neither number nor amount"),
        pytest.param(detail("Password reset"), False, id="account mail without a number is what floods are made of"),
        pytest.param(detail("Please verify your address 10482"), False, id="a number alone says nothing"),
        pytest.param(detail("Invoice 10482", platform="zendesk"), False, id="a ticket"),
        pytest.param(detail("Invoice 10482", automatic="bulk"), False, id="bulk"),
        pytest.param(detail("Invoice 10482", dmarc="fail"), False, id="forged"),
    ],
)
def test_a_stranger_s_mail_is_one_only_where_it_names_what_was_bought(mail: Detail, may: bool) -> None:
    assert may_be_needle(mail) is may
    assert (needle(mail, None) is not None) is may


def test_strangers_come_after_everybody_known() -> None:
    stranger = needle(detail("Order confirmation #10482: payment of 90 EUR, sign-in from a new device"), None)
    known = needle(detail("Your order #10482"), Relation.ACCEPTED)
    assert stranger is not None
    assert known is not None
    assert stranger.score < known.score
    assert "new to you" in stranger.reasons[-1].text


def test_where_no_past_is_known_a_stranger_s_subject_is_enough() -> None:
    changed = detail("Your password was changed")
    assert not may_be_needle(changed)
    assert may_be_needle(changed, cold=True)
    assert not may_be_needle(detail("Your request was received"), cold=True)
    assert not may_be_needle(detail("Your password was changed", platform="zendesk"), cold=True)
