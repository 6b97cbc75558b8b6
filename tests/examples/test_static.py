"""examples/static.py: the page is served, and nothing else."""

import http.client
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from threading import Thread

import pytest

from examples.static import serve


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    with serve(0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def status(server: ThreadingHTTPServer, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().status


@pytest.mark.parametrize(
    "path", ["/examples/browser/", "/examples/numbers.mjs", "/artifacts/numbers.onnx"]
)
def test_what_the_page_needs_is_served(server: ThreadingHTTPServer, path: str):
    assert status(server, path) == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/app.py",
        "/.git/config",
        "/examples/ray_batch.py",
        "/examples/browser/../ray_batch.py",
        "/examples/browser/%2e%2e/ray_batch.py",
        "/artifacts/",
        "//etc/passwd",
    ],
)
def test_nothing_else_is(server: ThreadingHTTPServer, path: str):
    assert status(server, path) == 404


def test_only_this_machine_is_served(server: ThreadingHTTPServer):
    assert server.server_address[0] == "127.0.0.1"
