"""Times on the command line: 30s, 15m, 2h, 7d, 1w."""

import re
from typing import Any, final

import click

from stillpost.cli.main import say
from stillpost.language import N_

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@final
class Duration(click.ParamType[int]):
    """A time as whole seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds, or a usage error that says what to write."""
        match = re.fullmatch(r"(\d{1,6})([smhdw])", str(value))
        if match is None:
            self.fail(say(N_("{value} is not a time such as 30s, 15m, 2h or 7d"), value=value), param, ctx)
        return int(match[1]) * _UNITS[match[2]]


DURATION = Duration()
