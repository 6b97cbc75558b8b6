"""Serves the page of `examples/browser` on this machine alone, and nothing else of the repository.

    python3 -m examples.static

and open the address that it prints.
"""

import argparse
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVED = ("artifacts", "examples/browser", "examples/numbers.mjs", "examples/node_modules")
PAGE = "examples/browser/"


class Handler(SimpleHTTPRequestHandler):
    """Answers 404 to whatever the page does not need, where links lead included."""

    def translate_path(self, path: str) -> str:
        """The file that an address names, or one that does not exist."""
        named = super().translate_path(path)
        is_served = any(Path(named).resolve().is_relative_to(ROOT / name) for name in SERVED)
        return named if is_served else str(ROOT / "not-served")

    def list_directory(self, path: str) -> None:  # type: ignore[override]
        """Lists no folder."""
        del path
        self.send_error(404)


def serve(port: int) -> ThreadingHTTPServer:
    """A server that waits for `serve_forever`; port 0 takes a free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(ROOT)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves the page of examples/browser.")
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    with serve(parser.parse_args().port) as server:
        print(f"http://127.0.0.1:{server.server_port}/{PAGE}")
        server.serve_forever()


if __name__ == "__main__":
    main()
