"""A real Stillpost whose clock is set by a file: ``python tests/e2e/clocked.py FILE serve …``; FILE has seconds to add."""

import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from stillpost.cli.main import main
from stillpost.service import running, wiring

ADDED = Path(sys.argv.pop(1))


def now() -> datetime:
    """The time as the file would have it."""
    return wiring.now() + timedelta(seconds=float(ADDED.read_text(encoding="ascii")))


if __name__ == "__main__":
    running.open_house = partial(wiring.open_house, clock=now)
    main()
