"""A place to listen is taken, or said in one line what to do instead."""

import socket

import pytest

from stillpost.config.reader import ConfigError
from stillpost.service.listening import bind

pytestmark = pytest.mark.enable_socket


def test_a_port_in_use_is_said_with_what_to_do() -> None:
    with bind("127.0.0.1:0", "serve.listen") as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError) as caught:
            bind(where, "serve.listen")
    said = str(caught.value)
    assert said.startswith(f"serve.listen = '{where}': ")
    assert said.endswith("; stop what listens there, or set another serve.listen")


@pytest.mark.parametrize("listen", ["203.0.113.1:0", "[2001:db8::1]:0"])
def test_an_address_that_is_not_ours_is_said(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"; set inbound\.listen to an address of this machine"):
        bind(listen, "inbound.listen")


@pytest.mark.parametrize("listen", ["", "8025", "localhost", ":8025", "localhost:http", "127.0.0.1:65536"])
def test_what_is_no_host_and_port_is_said(listen: str) -> None:
    with pytest.raises(ConfigError, match="must be host:port"):
        bind(listen, "serve.listen")


def test_a_port_is_free_again_at_once() -> None:
    first = bind("127.0.0.1:0", "serve.listen")
    where = f"127.0.0.1:{first.getsockname()[1]}"
    client = socket.create_connection(("127.0.0.1", first.getsockname()[1]))
    first.setblocking(True)
    server, _ = first.accept()
    server.close()
    first.close()
    client.close()
    bind(where, "serve.listen").close()
