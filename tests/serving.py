"""Servers of ours: started by their command, and asked."""

import contextlib
import http.client
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TIMEOUT_S = 60


@contextlib.contextmanager
def started(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Runs the command; gives the process and the port that it tells."""
    with subprocess.Popen(  # noqa: S603
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            told = (re.search(r" running on http://[\d.]+:(\d+)", line) for line in process.stderr)
            yield process, int(next(port[1] for port in told if port))
        finally:
            process.terminate()


def ask(
    port: int,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> tuple[http.client.HTTPResponse, Any]:
    """Asks a server on this machine; gives the response and its JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response, json.loads(response.read())
