"""The server, asked over sockets as its users would ask it."""

import contextlib
import io
import logging
import socket
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image

from inference import DigitRecognizer, __version__, server
from inference.image.decoding import SHARED_MAX_PIXELS
from inference.server import MAX_BYTES, create_app
from tests.drawings import load_drawings
from tests.serving import ask

DRAWING = load_drawings()[0]

FORM = {"Content-Type": "multipart/form-data; boundary=edge"}


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


IMAGE = png(DRAWING.render())
BLANK = png(Image.fromarray(np.zeros((28, 28), np.uint8)))


END = b"--edge--\r\n"


def field(content: bytes, names: str = 'name="file"; filename="digit.png"') -> bytes:
    """A field of a form."""
    return f"--edge\r\nContent-Disposition: form-data; {names}\r\n\r\n".encode() + content + b"\r\n"


def form(content: bytes, names: str = 'name="file"; filename="digit.png"') -> bytes:
    """A form of one field."""
    return field(content, names) + END


@contextlib.contextmanager
def served() -> Iterator[int]:
    """A server in a thread of its own; gives its port."""
    running = uvicorn.Server(uvicorn.Config(create_app(), port=0, log_level="error"))
    thread = Thread(target=running.run)
    thread.start()
    while not running.started:
        thread.join(0.01)
        assert thread.is_alive()
    yield running.servers[0].sockets[0].getsockname()[1]
    running.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served() as its_port:
        yield its_port


SEND = "send it as the body, or as the field `file` of a form"


def post(
    port: int, body: Any, path: str = "/digit", headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    response, answer = ask(port, path, body, headers)
    return response.status, answer


def test_an_image_comes_back_as_a_prediction(port: int, recognizer: DigitRecognizer):
    assert post(port, IMAGE) == (200, recognizer.predict(IMAGE).to_dict())


def test_an_image_comes_back_as_the_numbers_on_it(port: int, recognizer: DigitRecognizer):
    numbers = [number.to_dict() for number in recognizer.read_numbers(IMAGE)]
    assert len(numbers) == 1
    assert post(port, IMAGE, "/number") == (200, numbers)


def test_a_blank_image_comes_back_as_no_numbers(port: int):
    assert post(port, BLANK, "/number") == (200, [])


def test_bad_input_for_numbers_is_answered_with_422(port: int):
    assert post(port, b"seven", "/number")[0] == 422


@pytest.mark.parametrize(
    ("body", "complaint"),
    [(b"seven", "not an image file"), (IMAGE[:200], "cannot be read"), (BLANK, "blank")],
)
def test_what_is_no_good_image_is_answered_with_422_and_the_reason(
    body: bytes, complaint: str, port: int
):
    status, answer = post(port, body)
    assert status == 422
    assert answer.keys() == {"detail"}
    assert complaint in answer["detail"]


def test_an_empty_body_is_answered_with_400_and_what_to_send(port: int):
    status, answer = post(port, b"")
    assert status == 400
    assert answer == {"detail": "there is no image; " + SEND}


def test_a_body_that_is_too_large_is_answered_with_413(port: int):
    # In chunks, so that no header tells how much is coming.
    chunks = [b"0" * 1_000_000] * (MAX_BYTES // 1_000_000) + [b"0"]
    assert post(port, iter(chunks))[0] == 413


def test_a_body_as_large_as_allowed_is_read(port: int):
    assert post(port, IMAGE + bytes(MAX_BYTES - len(IMAGE)))[0] == 200


def test_a_picture_of_too_many_pixels_is_refused(port: int):
    width = 5_000
    status, answer = post(port, png(Image.new("1", (width, SHARED_MAX_PIXELS // width + 1))))
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
        assert post(port, IMAGE)[0] == 200
    finally:
        logger.removeHandler(handler)
    assert not tracebacks


# --- Forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/digit", "/number"])
def test_a_form_is_answered_as_its_file_is(path: str, port: int):
    assert post(port, form(IMAGE), path, FORM) == post(port, IMAGE, path)


def test_a_form_may_have_other_fields(port: int):
    body = field(b"me", 'name="sender"') + form(IMAGE)
    assert post(port, body, headers=FORM) == post(port, IMAGE)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (form(b""), "there is no image; " + SEND),
        (form(IMAGE, 'name="file"'), "the form has no file called `file`; " + SEND),
        (form(IMAGE, 'name="image"; filename="1"'), "the form has no file called `file`; " + SEND),
        (form(IMAGE)[:300], "the form has no file called `file`; " + SEND),
        (field(IMAGE) + form(IMAGE), "the form cannot be read: Too many files"),
        (b"no form", "the form cannot be read"),
    ],
    ids=["empty", "no file name", "other field", "cut", "two files", "no form"],
)
def test_a_form_without_one_file_is_answered_with_400(body: bytes, complaint: str, port: int):
    status, answer = post(port, body, headers=FORM)
    assert status == 400
    assert answer["detail"].startswith(complaint)


def test_a_form_without_an_edge_is_answered_with_400(port: int):
    status, _ = post(port, form(IMAGE), headers={"Content-Type": "multipart/form-data"})
    assert status == 400


def test_a_form_that_is_too_large_is_answered_with_413(port: int):
    chunks = iter([form(bytes(MAX_BYTES))])
    assert post(port, chunks, headers=FORM)[0] == 413


def test_no_upload_is_written_to_a_disk(port: int, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    large = IMAGE + bytes(MAX_BYTES - len(IMAGE) - 200)
    assert post(port, form(large), headers=FORM)[0] == 200


# --- HTTP's own words -----------------------------------------------------------------------------


def test_a_length_that_is_too_large_is_refused_before_anything_is_sent(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        length = MAX_BYTES + 1
        client.sendall(
            f"POST /digit HTTP/1.1\r\nHost: me\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        assert client.recv(20).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/digit", "/number"])
def test_another_method_is_answered_with_405_and_the_right_one(path: str, port: int):
    response, answer = ask(port, path, method="GET")
    assert response.status == 405
    assert response.headers["Allow"] == "POST"
    assert answer == {"detail": "Method Not Allowed"}


def test_another_path_is_answered_with_404(port: int):
    assert post(port, IMAGE, "/letter") == (404, {"detail": "Not Found"})


def test_the_front_door_says_what_there_is_and_which_version(
    port: int, recognizer: DigitRecognizer
):
    response, answer = ask(port, "/", method="GET")
    assert response.status == 200
    assert {"POST /digit", "POST /number", "GET /health"} < answer.keys()
    assert answer["version"] == __version__
    assert answer["model_version"] == recognizer.metadata.model_version
    assert answer["finder_version"] == recognizer.finder_metadata.model_version


def test_an_error_that_nobody_expects_is_answered_with_500_and_no_detail_of_it(
    port: int, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(DigitRecognizer, "predict", fail)
    assert post(port, IMAGE) == (500, {"detail": "the server could not answer"})


# --- Many at once ---------------------------------------------------------------------------------


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Callable[[], object]]]:
    """A server with one place, which is taken; its port, and what makes room."""
    started, may_end = Event(), Event()

    def predict(*_: object) -> Any:
        started.set()
        may_end.wait(60)
        raise server.InvalidImageError("it was slow")

    monkeypatch.setattr(server, "MAX_REQUESTS", 1)
    monkeypatch.setattr(DigitRecognizer, "predict", predict)
    with served() as port:
        visitor = Thread(target=post, args=(port, IMAGE))
        visitor.start()
        assert started.wait(60)
        yield port, may_end.set
        may_end.set()
        visitor.join()


def test_who_waits_in_vain_is_answered_with_503_and_when_to_come_back(
    busy: tuple[int, Callable[[], object]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(server, "WAIT_S", 0.1)
    response, answer = ask(busy[0], "/number", IMAGE)
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 0
    assert answer == {"detail": "the server is busy; try again"}


def test_who_waits_is_answered_when_there_is_room(busy: tuple[int, Callable[[], object]]):
    port, make_room = busy
    answers: list[tuple[int, Any]] = []
    waiting = Thread(target=lambda: answers.append(post(port, IMAGE, "/number")))
    waiting.start()
    waiting.join(0.3)
    assert not answers
    make_room()
    waiting.join()
    assert [status for status, _ in answers] == [200]


def test_a_busy_server_is_healthy(busy: tuple[int, Callable[[], object]]):
    response, answer = ask(busy[0], "/health", method="GET")
    assert (response.status, answer) == (200, {"status": "ok"})


def test_a_body_that_comes_too_slowly_is_answered_with_408(
    port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(server, "RECEIVE_S", 0.1)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"POST /digit HTTP/1.1\r\nHost: me\r\nContent-Length: 9\r\n\r\nabc")
        assert client.recv(20).startswith(b"HTTP/1.1 408")
