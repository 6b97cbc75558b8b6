"""Visitors who upload one file after the other, whatever these hold, beside those of `load`."""

import asyncio
import http.client
import itertools
import os
import random
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection

from benchmarks.session import TIMEOUT_S, connected, received

VISITORS = 5
NICENESS = 19
"""They yield to the page and its other visitors, as if they ran on machines of their own."""

_ANSWERS = (204, 413, 503)  # taken, or too much of this visitor's, or of all visitors'


def upload_all(
    url: str, opening: Sequence[bytes], rerun: bytes, folder: Path, pause_s: float
) -> None:
    """Lets all of them upload until the process is ended.

    Args:
        url: The page's.
        opening: What a page sends when it is opened.
        rerun: What it sends when something was drawn.
        folder: The files, each at most 20 MB.
        pause_s: Mean pause after an answer.
    """
    if sys.platform == "linux":
        os.nice(NICENESS)

    async def all_at_once() -> None:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        starts = [visitor * len(files) // VISITORS for visitor in range(VISITORS)]
        visits = (
            _visit(url, opening, rerun, [*files[start:], *files[:start]], pause_s)
            for start in starts
        )
        await asyncio.gather(*visits)

    asyncio.run(all_at_once())


async def _visit(
    url: str, opening: Sequence[bytes], rerun: bytes, files: Sequence[Path], pause_s: float
) -> None:
    pauses = random.Random(0)  # noqa: S311 — nobody's secret
    async with connected(url) as socket:
        for message in opening:
            await socket.send(message)
            await _answer(socket, "script_finished")
        for file in itertools.cycle(files):
            await _upload(socket, url, rerun, file)
            await asyncio.sleep(pause_s * pauses.uniform(0.5, 1.5))


async def _upload(socket: ClientConnection, url: str, rerun: bytes, path: Path) -> None:
    """What a browser does for a file: ask where to put it, put it there, and say so."""
    asked = BackMsg()
    asked.file_urls_request.request_id = uuid.uuid4().hex
    asked.file_urls_request.file_names.append(path.name)
    await socket.send(asked.SerializeToString())
    answer = await _answer(socket, "file_urls_response")
    (urls,) = answer.file_urls_response.file_urls
    content = path.read_bytes()
    await asyncio.to_thread(_put, url, urls.upload_url, path.name, content)
    done = BackMsg.FromString(rerun)
    done.rerun_script.fragment_id = ""  # the whole page
    for widget in done.rerun_script.widget_states.widgets:
        if widget.WhichOneof("value") == "file_uploader_state_value":
            widget.file_uploader_state_value.uploaded_file_info.add(
                file_id=urls.file_id, name=path.name, size=len(content), file_urls=urls
            )
    await socket.send(done.SerializeToString())
    await _answer(socket, "script_finished")


async def _answer(socket: ClientConnection, kind: str) -> ForwardMsg:
    """The next message of a kind."""
    while True:
        async with asyncio.timeout(TIMEOUT_S):
            answer = ForwardMsg.FromString(await received(socket))
        if answer.WhichOneof("type") == kind:
            return answer


def _put(url: str, upload_url: str, name: str, content: bytes) -> None:
    """Puts a file there, or is told that there is no room for it."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
    connection.request("GET", "/_stcore/health")
    response = connection.getresponse()
    response.read()
    cookie = (response.getheader("Set-Cookie") or "").split(";")[0]
    edge = uuid.uuid4().hex
    start = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
    body = (
        f"{start}Content-Type: image/png\r\n\r\n".encode()
        + content
        + f"\r\n--{edge}--\r\n".encode()
    )
    headers = {
        "Content-Type": f"multipart/form-data; boundary={edge}",
        "Cookie": cookie,
        "X-Xsrftoken": cookie.partition("=")[2],
    }
    connection.request("PUT", upload_url, body, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    if response.status not in _ANSWERS:
        raise RuntimeError(f"the page answers {response.status} to {name}")
