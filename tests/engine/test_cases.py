"""Golden cases of the detectors: events in, symbols and actions out, by the same guard that serves."""

import json
from pathlib import Path

import pytest

from stillpost.engine.detectors import PORTAL_DETECTORS, RECIPIENT_DETECTORS
from stillpost.engine.engine import Engine
from stillpost.engine.policy import Policy
from stillpost.engine.record import read_event
from stillpost.guard import Guard
from stillpost.store.memory import memory_store

DETECTORS = (*PORTAL_DETECTORS, *RECIPIENT_DETECTORS)
CASES = Path(__file__).parents[1] / "cases/detectors"
FOLDERS = sorted(path for path in CASES.glob("*/*") if path.is_dir())


@pytest.mark.anyio
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
async def test_case_gives_what_is_written(folder: Path) -> None:
    failures: list[BaseException] = []
    store = memory_store(bytes(32))
    guard = Guard(Engine(DETECTORS), store.meters, lambda place, error: failures.append(error))
    policy = Policy.named((folder / "policy").read_text(encoding="ascii").strip())
    given = [
        read_event(json.loads(line)) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    found = []
    for event in given:
        verdict = (await guard.decide(event, policy)).verdict
        symbols = [symbol.name for symbol in verdict.symbols]
        found.append({"event": event.event_id, "symbols": symbols, "action": verdict.action.value})
    expected = [json.loads(line) for line in (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines()]
    assert not failures
    assert found == expected


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda each: each.symbol)
def test_detector_has_a_case_that_fires_one_that_must_not_and_one_at_the_border(detector: object) -> None:
    symbol = getattr(detector, "symbol")  # noqa: B009  # a Protocol's property in a parametrized id
    kinds = {}
    for folder in (CASES / symbol).iterdir():
        kind = folder.name.partition("-")[0]
        last = json.loads((folder / "expected.jsonl").read_text(encoding="utf-8").splitlines()[-1])
        kinds[kind] = symbol in last["symbols"]
        assert (folder / "README").read_text(encoding="utf-8").strip()
    assert kinds == {"fires": True, "quiet": False, "border": False}
