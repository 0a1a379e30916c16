"""Standing settings of every test."""

import pytest
from hypothesis import settings

# A busy machine makes an example slow, not wrong.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture
def anyio_backend() -> str:
    """Run coroutines on asyncio: the service runs nowhere else."""
    return "asyncio"
