"""Standing settings of every test."""

import os

import pytest
from hypothesis import settings

from tests.catalogues import packaging_module

os.environ["LC_ALL"] = "C"  # before anything is imported: help and messages are in the language of the terminal

# A busy machine makes an example slow, not wrong.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Tests read what the catalogues say now, not what was compiled at the last installation."""
    if not hasattr(config, "workerinput"):
        packaging_module("build_catalogues").compile_catalogues(packaging_module("words").SOURCE / "locale")


@pytest.fixture
def anyio_backend() -> str:
    """Run coroutines on asyncio: the service runs nowhere else."""
    return "asyncio"
