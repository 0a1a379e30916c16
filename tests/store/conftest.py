"""Every store there is, for the suite that all of them pass."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stillpost.store.memory import memory_store
from stillpost.store.protocol import Store
from stillpost.store.sqlite import open_sqlite
from tests.store.making import STORE_KEY


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield memory_store(STORE_KEY)
        return
    async with open_sqlite(tmp_path / "state", STORE_KEY) as opened:
        yield opened
