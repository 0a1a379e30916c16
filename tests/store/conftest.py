"""Every store there is, for the suite that all of them pass."""

from pathlib import Path

import pytest

from stillpost.store.memory import memory_store
from stillpost.store.protocol import Store
from tests.store.making import STORE_KEY


@pytest.fixture(params=["memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return memory_store(STORE_KEY)
