"""One transaction of many: rows gathered and written together, and what to undo in memory if it fails.

A row written alone costs a statement of its own, and every statement gives the interpreter lock away and waits for it
again; rows gathered by table go in a few statements however many commits share the transaction.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, Final, final

_CHUNKS: Final = (64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)  # any number up to 64 in at most three statements

_COLUMNS: Final = {
    "entries": "num, event_id, portal, at, refused, body",
    "requests": "num, id, state, at, expires, until, size, secret, token, proof, limited, source, body",
    "space": "num, body",
    "claims": "num, until, body",
    "challenges": "num, id, portal, locale, at, expires, until, proof, limited, listed, spent, address",
    "outbox": "kind, num, due, since, attempts, why",
    "answers": "key, body, answer, until",
}


_AGAIN: Final = {"outbox", "answers"}  # a later row takes the place of an earlier one


def _statement(table: str, columns: str, rows: int) -> str:
    row = "(" + ", ".join("?" * len(columns.split(","))) + ")"
    verb = "INSERT OR REPLACE" if table in _AGAIN else "INSERT"
    return f"{verb} INTO {table} ({columns}) VALUES {', '.join([row] * rows)}"  # our own names


_WIDTHS: Final = {table: len(columns.split(",")) for table, columns in _COLUMNS.items()}
_STATEMENTS: Final = {
    table: [(rows, _statement(table, columns, rows)) for rows in _CHUNKS] for table, columns in _COLUMNS.items()
}


@final
class Batch:
    """What one transaction of the writer works on."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._rows: dict[str, list[object]] = {}
        self._undo: list[Callable[[], object]] = []
        self._after: list[Callable[[], object]] = []
        self.touched = 0

    def insert(self, table: str, row: tuple[object, ...]) -> None:
        """Write a row before the transaction ends, or before anything is executed in it."""
        self.touched += 1
        rows = self._rows.get(table)
        if rows is None:
            rows = self._rows[table] = []
        rows.extend(row)

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run a statement that sees every row inserted before it."""
        self.touched += 1
        self.flush()
        return self.connection.execute(sql, values)

    def select(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query that sees every row inserted before it."""
        self.flush()
        return self.connection.execute(sql, values).fetchall()

    def undo(self, step: Callable[[], object]) -> None:
        """What to do in memory if the transaction fails; the last goes first."""
        self.touched += 1
        self._undo.append(step)

    def after(self, step: Callable[[], object]) -> None:
        """What to do in memory once the transaction is on disk."""
        self._after.append(step)

    def flush(self) -> None:
        """Write the gathered rows."""
        for table, values in self._rows.items():
            width, start = _WIDTHS[table], 0
            for rows, statement in _STATEMENTS[table]:
                step = rows * width
                while len(values) - start >= step:
                    self.connection.execute(statement, values[start : start + step])
                    start += step
        self._rows.clear()

    def succeeded(self) -> None:
        """The transaction is on disk."""
        for step in self._after:
            step()

    def failed(self) -> None:
        """Nothing of the transaction is on disk."""
        for step in reversed(self._undo):
            step()
