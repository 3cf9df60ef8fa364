"""A gateway on a port of this host, in this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.serving import make_server

from mo_gateway.gateway import Gateway
from mo_gateway.web import create_app


@contextmanager
def served(gateway: Gateway) -> Iterator[str]:
    """Serve a gateway on a free port; gives its callback URL without the secret."""
    server = make_server("127.0.0.1", 0, create_app(gateway), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/spryng/mo"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
