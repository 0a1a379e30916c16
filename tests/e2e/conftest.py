"""Fixtures of the end-to-end tests: real servers on loopback, started for one test and ended after it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import products

Needs = Callable[..., None]
AS_ROOT = frozenset({"postfix"})
"""Servers that nobody else can start."""


def need(*programs: str) -> None:
    """Skip, and say so, where a program is missing; fail where STILLPOST_CI says that nothing may be missing."""
    where = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    missing = [program for program in programs if shutil.which(program, path=where) is None]
    only_root = sorted(AS_ROOT.intersection(programs)) if os.geteuid() != 0 else []
    if not missing and not only_root:
        return
    why = f"not installed here: {', '.join(missing)}" if missing else f"starts as root only: {', '.join(only_root)}"
    if os.environ.get("STILLPOST_CI"):
        pytest.fail(f"{why} (in CI every server must be there)")
    pytest.skip(why)


@pytest.fixture
def needs() -> Needs:
    """``needs("postfix", "doveadm")`` at the top of a test that starts those programs."""
    return need


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Tests here talk to servers on loopback."""


@pytest.fixture
def sink() -> Iterator[products.Sink]:
    """An SMTP server on loopback that keeps every mail the products send."""
    with products.listening() as sink:
        yield sink


@pytest.fixture
def django_helpdesk(tmp_path: Path, sink: products.Sink) -> Iterator[products.DjangoHelpdesk]:
    """A fresh django-helpdesk whose mail goes to the sink."""
    with products.running_django_helpdesk(tmp_path, sink) as desk:
        yield desk


@pytest.fixture
def roundup(tmp_path: Path, sink: products.Sink) -> Iterator[products.Roundup]:
    """A fresh Roundup whose mail goes to the sink."""
    with products.running_roundup(tmp_path, sink) as desk:
        yield desk


@pytest.fixture
def answering_roundup(tmp_path: Path, sink: products.Sink) -> Iterator[products.Roundup]:
    """A fresh Roundup with its automatic answer to strangers switched on."""
    with products.running_roundup(tmp_path, sink, auto_reply=True) as desk:
        yield desk
