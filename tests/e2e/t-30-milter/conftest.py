"""A Postfix with the lines of its page."""

from collections.abc import Iterator

import pytest
from tests.e2e import postfixes
from tests.e2e.conftest import Needs
from tests.e2e.postfixes import PAGE, Postfix, block
from tests.e2e.products import Sink


@pytest.fixture
def postfix(needs: Needs, sink: Sink) -> Iterator[Postfix]:
    """Configured as printed, not started yet: everything it delivers goes to the sink."""
    needs("postfix")
    with postfixes.placed(sink.port) as postfix:
        postfix.configure(block(PAGE, "cf", 0), block(PAGE, "cf", 1))
        yield postfix
