"""Policy: invariants."""

from hypothesis import given
from hypothesis import strategies as st

from stillpost.engine.policy import Policy
from stillpost.model import Action, Mode, Scope, Symbol
from tests.fakes import submission

ORDER = [Action.ACCEPT, Action.TAG, Action.CHALLENGE, Action.HOLD, Action.REJECT]

symbols = st.lists(
    st.builds(
        Symbol,
        name=st.sampled_from(["A", "B", "C"]),
        score=st.floats(0, 20, allow_nan=False),
        scope=st.sampled_from(list(Scope)),
        reason=st.just("seen"),
        spoofable=st.booleans(),
    ),
    max_size=6,
)
policies = st.builds(
    Policy, mode=st.sampled_from(list(Mode)), tag=st.floats(0.5, 2), hold=st.floats(6, 10), reject=st.floats(12, 30)
)


@given(policies, symbols)
def test_spoofable_evidence_alone_never_holds_or_rejects(policy: Policy, seen: list[Symbol]) -> None:
    soft = [symbol for symbol in seen if symbol.spoofable]
    assert policy.decide(submission(), soft).advised in {Action.ACCEPT, Action.TAG, Action.CHALLENGE}


@given(policies, symbols)
def test_observe_never_acts_and_advises_what_enforce_would_do(policy: Policy, seen: list[Symbol]) -> None:
    observing = Policy(mode=Mode.OBSERVE, tag=policy.tag, hold=policy.hold, reject=policy.reject)
    enforcing = Policy(mode=Mode.ENFORCE, tag=policy.tag, hold=policy.hold, reject=policy.reject)
    observed = observing.decide(submission(), seen)
    assert observed.action is Action.ACCEPT
    assert observed.advised is enforcing.decide(submission(), seen).action


@given(policies, symbols, symbols)
def test_more_evidence_never_softens_the_advice(policy: Policy, seen: list[Symbol], more: list[Symbol]) -> None:
    before = policy.decide(submission(), seen).advised
    after = policy.decide(submission(), [*seen, *more]).advised
    assert ORDER.index(after) >= ORDER.index(before)


@given(policies, symbols)
def test_policy_is_read_back_from_the_name_in_the_ledger(policy: Policy, seen: list[Symbol]) -> None:
    again = Policy.named(policy.name)
    assert again.decide(submission(), seen).advised is policy.decide(submission(), seen).advised
    assert again.mode is policy.mode


@given(policies, symbols)
def test_proven_requester_is_never_challenged(policy: Policy, seen: list[Symbol]) -> None:
    assert policy.decide(submission(proven=True), seen).advised is not Action.CHALLENGE


@given(policies, symbols)
def test_what_is_about_the_address_neither_holds_nor_rejects_nor_helps_to(policy: Policy, seen: list[Symbol]) -> None:
    """Both are told to the caller, and nothing he is told may depend on the address."""
    others = [symbol for symbol in seen if symbol.scope is not Scope.ADDRESS]
    whole, without = policy.decide(submission(), seen).advised, policy.decide(submission(), others).advised
    assert (whole in {Action.HOLD, Action.REJECT}) == (without in {Action.HOLD, Action.REJECT})
    assert (whole is Action.REJECT) == (without is Action.REJECT)
