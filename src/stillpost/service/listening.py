"""Listening sockets: TCP, Unix, or handed over by systemd. Bound before anything starts, so that a mistake is said at once."""

import errno
import os
import socket
import stat
from pathlib import Path
from typing import Final

from stillpost.config.reader import ConfigError
from stillpost.doors.http.options import split_listen

_BACKLOG: Final = 1024
_FIRST_HANDED: Final = 3  # sd_listen_fds(3)
_FOR_GROUP: Final = 0o660


def bind(listen: str, key: str) -> socket.socket:
    """A listening socket for ``host:port``. Raises ConfigError with what to do."""
    where = split_listen(listen)
    if where is None:
        message = f"{key} = {listen!r} must be host:port"
        raise ConfigError(message)
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(where)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        what = f"stop what listens there, or set another {key}" if taken else f"set {key} to an address of this machine"
        message = f"{key} = {listen!r}: {error.strerror}; {what}"
        raise ConfigError(message) from error
    listener.setblocking(False)
    return listener


def bind_any(listen: str, key: str) -> socket.socket:
    """A listening socket for ``unix:/path``, ``systemd:NAME`` or ``host:port``. Raises ConfigError with what to do."""
    kind, _, where = listen.partition(":")
    if kind == "unix":
        return _bind_unix(Path(where), key)
    if kind == "systemd":
        return _handed_over(where, key)
    return bind(listen, key)


def _bind_unix(path: Path, key: str) -> socket.socket:
    """A socket for our group; one that nobody answers on any more is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)  # never open to others, not even for the moment between bind and chmod
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode) and not _answers(path):
            path.unlink()
        listener.bind(str(path))
        path.chmod(_FOR_GROUP)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        message = (
            f"{key}: {path}: {error.strerror}; its folder must exist and be ours, and nothing else may listen there"
        )
        raise ConfigError(message) from error
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _handed_over(name: str, key: str) -> socket.socket:
    """The socket of this name that systemd opened for us (``sd_listen_fds_with_names``)."""
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    count = os.environ.get("LISTEN_FDS", "0")
    ours = os.environ.get("LISTEN_PID", "") == str(os.getpid()) and count.isdigit() and len(names) == int(count)
    if not ours or name not in names:
        message = f"{key}: systemd handed over no socket named {name}; set FileDescriptorName={name} in its unit"
        raise ConfigError(message)
    listener = socket.socket(fileno=os.dup(_FIRST_HANDED + names.index(name)))
    listener.setblocking(False)
    return listener
