"""The published rules of others alarm where they say, and not before."""

import pytest

from stillpost.lab.peers import RULES, Rule, Seen, df00tech, grom_lab, inky, rspamd, sentinel


def strangers(count: int, every: float, start: float = 0.0) -> list[Seen]:
    return [(start + number * every, f"info@firm{number}.example", False) for number in range(count)]


@pytest.mark.parametrize(
    ("rule", "count", "every"),
    [
        pytest.param(inky, 20, 15.0, id="INKY: the 20th within 5 minutes"),
        pytest.param(sentinel, 6, 50.0, id="Sentinel: the 6th in one bin"),
        pytest.param(df00tech, 100, 18.0, id="df00tech: the 100th within 30 minutes"),
        pytest.param(grom_lab, 51, 35.0, id="grom-lab: the 51st within 30 minutes"),
        pytest.param(rspamd, 101, 0.0, id="Rspamd: the 101st at once"),
    ],
)
def test_a_rule_alarms_at_its_own_number(rule: Rule, count: int, every: float) -> None:
    assert list(rule(strangers(count - 1, every))) == []
    assert list(rule(strangers(count, every))) == [(count - 1) * every]


def test_sentinel_counts_bins_and_nobody_who_answered_hours_ago() -> None:
    assert list(sentinel(strangers(10, 60.0))) == []
    answers = [(at, author, True) for at, author, _ in strangers(9, 60.0)]
    assert list(sentinel([*answers, *strangers(9, 1.0, start=5 * 3600.0)])) == []
    assert list(sentinel([*answers, *strangers(9, 1.0, start=600.0)])) != []


def test_rspamd_s_bucket_leaks() -> None:
    assert list(rspamd(strangers(1_000, 60.0))) == []


def test_no_rule_alarms_on_nothing() -> None:
    assert all(list(rule([])) == [] for _, rule in RULES)
