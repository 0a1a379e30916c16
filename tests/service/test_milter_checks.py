"""What doctor says about milters."""

from pathlib import Path

import pytest

from stillpost.service.checks import Outcome, examine
from tests.doors.milter.roles import made

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(
            {}, {"milter in": Outcome.GREEN, "agents out": Outcome.UNKNOWN}, id="a helpdesk that tells nothing"
        ),
        pytest.param(
            {"product": "freescout"}, {"milter out": Outcome.GREEN, "agents out": None}, id="one that marks agents"
        ),
        pytest.param({"mode": "observe"}, {"milter in": Outcome.GREEN, "milter people": Outcome.GREEN}, id="observing"),
        pytest.param({"authserv_ids": []}, {"milter in": Outcome.RED}, id="nobody is believed"),
    ],
)
async def test_doctor_names_what_a_milter_cannot_know(
    options: dict[str, object], expected: dict[str, Outcome | None], tmp_path: Path
) -> None:
    found = {check.name: check.outcome for check in await examine(made(tmp_path, **options).house)}
    assert {name: found.get(name) for name in expected} == expected
