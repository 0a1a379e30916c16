"""What ``lab wave`` found, as lines for a terminal."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from stillpost.lab.forger import Strategy
from stillpost.lab.people import Kind
from stillpost.lab.wave_score import Score
from stillpost.language import N_, translate

if TYPE_CHECKING:
    from stillpost.lab.wave import Plan

KINDS = {
    Kind.OBEYS: N_("do as asked"),
    Kind.LINK_ONLY: N_("use only the link"),
    Kind.OTHER_ADDRESS: N_("answer from another address"),
    Kind.NO_DMARC: N_("have no DKIM, DMARC or SPF"),
    Kind.KNOWN: N_("are known"),
}

STRATEGIES = {
    Strategy.FLOOD: N_("all within six hours, no two texts alike, from as many networks as he has"),
    Strategy.SAME_WORDS: N_("the same, but one text for everybody"),
    Strategy.FEW: N_("fifty mailboxes only, each written in thousands of ways"),
    Strategy.AHEAD: N_("half of it in the names of the honest visitors, before they come"),
    Strategy.API: N_("through the API, without a key"),
    Strategy.SLOW: N_("over four days"),
    Strategy.FEIGNED: N_("over four days, and proves requests of his own so that it looks healthy"),
}


def lines(plan: "Plan", scores: Sequence[Score], language: str) -> list[str]:
    """The tables."""

    def say(text: str, **values: object) -> str:
        return translate(text, language).format(**values)

    told = [
        heading(plan, language),
        say(N_("challenges_total = {total}; seed {seed}"), total=plan.total, seed=plan.seed),
    ]
    for score in scores:
        told.append("")
        if score.strategy is None:
            told.append(say(N_("proof = {proof}, in quiet times"), proof=score.proof.value))
        else:
            told.append(
                say(
                    N_("proof = {proof}, the forger: {strategy} ({how})"),
                    proof=score.proof.value,
                    strategy=score.strategy.value,
                    how=say(STRATEGIES[score.strategy]),
                )
            )
            told += [f"  {text:<50} {value}" for text, value in wave_rows(score, language)]
        told += [f"  {text:<50} {value}" for text, value in honest_rows(score, language)]
    return told


def heading(plan: "Plan", language: str) -> str:
    """What was played."""
    text = N_("{requests} forged requests for {addresses} addresses from {networks} networks, {honest} honest visitors")
    return translate(text, language).format(
        requests=plan.requests, addresses=plan.addresses, networks=plan.networks, honest=plan.honest
    )


def wave_rows(score: Score, language: str) -> Iterator[tuple[str, str]]:
    """What the forger reached: what it is, how much."""

    def say(text: str, **values: object) -> str:
        return translate(text, language).format(**values)

    yield say(N_("forged requests (each a mail, without Stillpost)")), str(score.forged)
    yield say(N_("of them for one address, at most")), str(score.most_asked)
    yield say(N_("mails to addresses nobody proved")), str(score.to_unproven)
    yield say(N_("mails to one of them, at most")), str(score.most_to_one)
    yield say(N_("most challenges in one hour")), str(score.most_in_an_hour)
    yield say(N_("bytes of the forger's words mailed")), str(score.forger_bytes)
    yield say(N_("forged tickets")), str(score.forged_tickets)
    yield (
        say(N_("proofs in a victim's name, tried and taken")),
        say(N_("{tried} and {taken}"), tried=score.mistaken, taken=score.mistaken_taken),
    )
    yield say(N_("links that mail scanners opened")), str(score.links_opened)
    if score.proof.value == "adaptive":
        yield say(N_("links are offered again after")), after(score.reopened, language)


def honest_rows(score: Score, language: str) -> Iterator[tuple[str, str]]:
    """Who of the honest came through, in how many steps."""

    def say(text: str, **values: object) -> str:
        return translate(text, language).format(**values)

    yield say(N_("honest visitors through")), f"{score.through:.1%}"
    for kind, group in ((kind, score.groups.get(kind)) for kind in Kind):
        if group is not None:
            if group.usual_steps is None:
                value = say(N_("none of {came}"), came=group.came)
            else:
                text = N_("{through} of {came}, {steps} steps")
                value = say(text, through=group.through, came=group.came, steps=group.usual_steps)
            yield f"  {say(KINDS[kind])}", value


def after(reopened: timedelta | None, language: str) -> str:
    """How long it took, in words."""
    if reopened is None:
        return translate(N_("more than a day"), language)
    minutes = reopened // timedelta(minutes=1)
    return translate(N_("{hours} h {minutes} min"), language).format(hours=minutes // 60, minutes=minutes % 60)
