"""Serve the Roundup tracker in the folder given; prints the port once it listens."""

import re
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from roundup.cgi.wsgi_handler import RequestDispatcher


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        del args


tracker = Path(sys.argv[1])
with make_server("127.0.0.1", 0, None, server_class=Server, handler_class=Quiet) as server:
    # Roundup compares Origin and Referer with the address it believes to have.
    config = tracker / "config.ini"
    here = f"web = http://127.0.0.1:{server.server_port}/"
    config.write_text(re.sub(r"(?m)^web = http.*$", here, config.read_text()))
    server.set_app(RequestDispatcher(str(tracker)))
    print(server.server_port, flush=True)
    server.serve_forever()
