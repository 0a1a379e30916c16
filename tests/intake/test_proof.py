"""Which ways of proof are open."""

from datetime import timedelta

import pytest

from stillpost.intake.proof import Asking, link_is_open, shown
from stillpost.model import Guards, Mode, ProofMode, ProofOfWork, Scope, Symbol

CALM = Guards(fill_time=timedelta(seconds=40))
UNGUARDED = Guards()
SOLVED = Guards(fill_time=timedelta(seconds=40), solved=True)
KEYED = Guards(keyed=True)


def symbol(scope: Scope, score: float = 4.0) -> Symbol:
    return Symbol(name=scope.name, score=score, scope=scope, reason="seen")


def asking(proof: ProofMode = ProofMode.ADAPTIVE, **changes: object) -> Asking:
    values: dict[str, object] = {
        "proof": proof,
        "proof_of_work": ProofOfWork.OFF,
        "mode": Mode.ENFORCE,
        "threshold": 4.0,
    }
    return Asking(**(values | changes))  # type: ignore[arg-type]  # a test's own values


@pytest.mark.parametrize(
    ("how", "guards", "symbols", "link"),
    [
        pytest.param(asking(), CALM, (), True, id="adaptive, quiet"),
        pytest.param(asking(), KEYED, (), True, id="adaptive, with the portal's key"),
        pytest.param(asking(), UNGUARDED, (), False, id="adaptive, past our page"),
        pytest.param(asking(), CALM, (symbol(Scope.PORTAL, 0.5),), False, id="adaptive, wave over the portal"),
        pytest.param(asking(), CALM, (symbol(Scope.SOURCE, 2),), True, id="adaptive, something small"),
        pytest.param(asking(), CALM, (symbol(Scope.SOURCE),), False, id="adaptive, something big"),
        pytest.param(asking(braked=True), CALM, (), False, id="adaptive, braked"),
        pytest.param(asking(ProofMode.MAIL_FIRST), CALM, (), False, id="mail-first"),
        pytest.param(asking(ProofMode.LINK), UNGUARDED, (symbol(Scope.PORTAL),), True, id="link, whatever is shown"),
        pytest.param(asking(ProofMode.LINK, braked=True), CALM, (), False, id="link, braked"),
        pytest.param(asking(proof_of_work=ProofOfWork.ON), CALM, (), False, id="puzzle unsolved"),
        pytest.param(asking(proof_of_work=ProofOfWork.ON), SOLVED, (), True, id="puzzle solved"),
        pytest.param(asking(proof_of_work=ProofOfWork.ON), KEYED, (), True, id="the portal's key needs no puzzle"),
        pytest.param(asking(ProofMode.LINK, proof_of_work=ProofOfWork.ON), CALM, (), False, id="link, puzzle unsolved"),
        pytest.param(asking(proof_of_work=ProofOfWork.ADAPTIVE), CALM, (), True, id="adaptive puzzle, quiet"),
        pytest.param(
            asking(proof_of_work=ProofOfWork.ADAPTIVE),
            CALM,
            (symbol(Scope.SOURCE, 1),),
            False,
            id="adaptive puzzle, unquiet",
        ),
        pytest.param(
            asking(proof_of_work=ProofOfWork.ADAPTIVE),
            SOLVED,
            (symbol(Scope.SOURCE, 1),),
            True,
            id="adaptive puzzle, solved",
        ),
    ],
)
def test_link_is_open_or_not(how: Asking, guards: Guards, symbols: tuple[Symbol, ...], link: bool) -> None:
    assert link_is_open(how, guards, symbols) is link


def test_what_is_about_the_address_never_shows() -> None:
    seen = (symbol(Scope.ADDRESS), symbol(Scope.SOURCE))
    assert [each.scope for each in shown(seen, asking())] == [Scope.SOURCE]


def test_observe_mode_shows_nothing_that_detectors_saw() -> None:
    assert shown((symbol(Scope.PORTAL),), asking(mode=Mode.OBSERVE)) == ()
