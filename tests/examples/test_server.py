"""examples/server.py, served as its users would serve it."""

import http.client
import io
import json
import logging
import socket
import time
from collections.abc import Iterator
from threading import Thread
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image

from examples.server import MAX_BYTES, MAX_PIXELS, app
from inference import DigitRecognizer
from tests.drawings import load_drawings

DRAWING = load_drawings()[0]


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


BLANK = png(Image.fromarray(np.zeros((28, 28), np.uint8)))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def post(port: int, body: Any, path: str = "/digit") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, body)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def test_an_image_comes_back_as_a_prediction(port: int, recognizer: DigitRecognizer):
    image = png(DRAWING.render())
    assert post(port, image) == (200, recognizer.predict(image).to_dict())


def test_an_image_comes_back_as_the_numbers_on_it(port: int, recognizer: DigitRecognizer):
    image = png(DRAWING.render())
    numbers = [number.to_dict() for number in recognizer.read_numbers(image)]
    assert len(numbers) == 1
    assert post(port, image, "/number") == (200, numbers)


def test_a_blank_image_comes_back_as_no_numbers(port: int):
    assert post(port, BLANK, "/number") == (200, [])


def test_bad_input_for_numbers_is_answered_with_422(port: int):
    assert post(port, b"seven", "/number")[0] == 422


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "empty"),
        (b"seven", "not an image file"),
        (png(DRAWING.render())[:200], "cannot be read"),
        (BLANK, "blank"),
    ],
)
def test_bad_input_is_answered_with_422_and_the_reason(body: bytes, complaint: str, port: int):
    status, answer = post(port, body)
    assert status == 422
    assert complaint in answer["detail"]


def test_a_body_that_is_too_large_is_answered_with_413(port: int):
    # In chunks, so that no header tells how much is coming.
    chunks = [b"0" * 1_000_000] * (MAX_BYTES // 1_000_000) + [b"0"]
    assert post(port, iter(chunks))[0] == 413


def test_a_body_as_large_as_allowed_is_read(port: int):
    image = png(DRAWING.render())
    assert post(port, image + bytes(MAX_BYTES - len(image)))[0] == 200


def test_a_picture_of_too_many_pixels_is_refused(port: int):
    width = 5_000
    status, answer = post(port, png(Image.new("1", (width, MAX_PIXELS // width + 1))))
    assert status == 422
    assert "25,000,000 pixels" in answer["detail"]


def test_a_client_that_leaves_gives_no_traceback(port: int):
    tracebacks: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = lambda record: tracebacks.append(record) if record.exc_info else None
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(handler)
    try:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(
                b"POST /digit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"
            )
            time.sleep(0.2)  # It is waiting for the rest by now.
        time.sleep(0.2)
        assert post(port, png(DRAWING.render()))[0] == 200
    finally:
        logger.removeHandler(handler)
    assert not tracebacks
