"""Standing settings of every test."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run coroutines on asyncio: the service runs nowhere else."""
    return "asyncio"
