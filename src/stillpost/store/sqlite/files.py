"""Holds as files: a directory for each owner, each file whole or not there."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, final

from stillpost.store.naming import check_name
from stillpost.store.protocol import StoreError

_P = ParamSpec("_P")
_T = TypeVar("_T")


@final
class FileHolds:
    """The ``Holds`` in a directory (0700), made if it is missing. Raises StoreError if it cannot be."""

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise _failed(error) from error
        self._directory = directory

    async def put(self, owner: str, name: str, content: bytes) -> None:
        """Keep ``content`` under ``(owner, name)``; it is on disk when this returns."""
        await _in_thread(_write, self._directory, check_name(owner), check_name(name), content)

    async def get(self, owner: str, name: str) -> bytes | None:
        """What was kept, or None."""
        return await _in_thread(_read, self._directory / check_name(owner) / check_name(name))

    async def drop(self, owner: str) -> None:
        """Remove all of an owner's bytes."""
        await _in_thread(_remove, self._directory / check_name(owner))

    async def owners(self) -> list[str]:
        """Everybody who has bytes here, if only what a crash left half written."""
        return sorted(await _in_thread(os.listdir, self._directory))


async def _in_thread(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except OSError as error:
        raise _failed(error) from error


def _failed(error: OSError) -> StoreError:
    return StoreError(f"held bytes could not be kept or read: {error.strerror or error}")


def _write(directory: Path, owner: str, name: str, content: bytes) -> None:
    place = directory / owner
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
        _sync(directory)
    part = place / f".{name}"  # no name begins with a dot
    try:
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(file, "wb", buffering=0) as raw:
            view = memoryview(content)
            while view:
                view = view[raw.write(view) :]
            os.fsync(file)
        part.replace(place / name)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
            place.rmdir()  # if nothing else is in it
        raise
    _sync(place)


def _read(place: Path) -> bytes | None:
    try:
        return place.read_bytes()
    except FileNotFoundError:
        return None


def _remove(place: Path) -> None:
    try:
        for file in place.iterdir():
            file.unlink(missing_ok=True)
        place.rmdir()
    except FileNotFoundError:
        return


def _sync(directory: Path) -> None:
    """A new name is on disk only when its directory is."""
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
