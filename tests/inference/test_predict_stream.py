"""Any number of images, one after the other, in bounded memory."""

import io
import itertools
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference import (
    BlankImageError,
    DigitRecognizer,
    InvalidImageError,
    Prediction,
)
from tests.inference.drawn import BLANK, DRAWINGS, PICTURES, assert_close


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 7, 1_000])
def test_a_stream_gives_what_a_batch_gives_in_its_order(
    batch_size: int, threads: int, recognizer: DigitRecognizer
):
    sides = itertools.cycle([280, 100, 64])
    images = [picture.resize((side, side)) for picture, side in zip(PICTURES, sides, strict=False)]
    stream = recognizer.predict_stream(iter(images), batch_size=batch_size, threads=threads)
    for expected, prediction in zip(recognizer.predict_batch(images), stream, strict=True):
        assert_close(prediction, expected)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_stream_may_have_no_end(threads: int, recognizer: DigitRecognizer):
    taken = 0

    def endless() -> Iterator[Image.Image]:
        nonlocal taken
        for picture in itertools.cycle(PICTURES):
            taken += 1
            yield picture

    stream = recognizer.predict_stream(endless(), batch_size=4, threads=threads)
    assert len(list(itertools.islice(stream, 10))) == 10
    assert taken <= 10 + 2 * threads * 4


def test_64_images_are_taken_at_a_time(recognizer: DigitRecognizer):
    remaining = iter([np.eye(28)] * 100)
    next(recognizer.predict_stream(remaining))
    assert len(list(remaining)) == 36


def test_large_images_of_a_stream_are_held_in_small_numbers(recognizer: DigitRecognizer):
    given: list[weakref.ref[NDArray[np.uint8]]] = []
    most = 0

    def photographs() -> Iterator[NDArray[np.uint8]]:
        nonlocal most
        for _ in range(40):
            photograph = np.zeros((2_000, 2_000), np.uint8)
            photograph[500:1_500, 900:1_100] = 255
            given.append(weakref.ref(photograph))
            most = max(most, sum(reference() is not None for reference in given))
            yield photograph

    assert len(list(recognizer.predict_stream(photographs()))) == 40
    assert most <= 12  # 32 MB are 8 of them; a few more are in hand


def test_predictions_before_a_bad_image_are_given_first(recognizer: DigitRecognizer):
    stream = recognizer.predict_stream([PICTURES[0], PICTURES[1], b"text"])
    assert [next(stream).digit for _ in range(2)] == [DRAWINGS[0].label, DRAWINGS[1].label]
    with pytest.raises(InvalidImageError, match="image 2: the content is not an image file"):
        next(stream)


@pytest.mark.parametrize("threads", [1, 2])
def test_predictions_before_an_error_of_the_callers_own_iterator_are_given_first(
    threads: int, recognizer: DigitRecognizer
):
    def images() -> Iterator[Image.Image]:
        yield from PICTURES[:5]
        raise KeyError("the caller's")

    stream = recognizer.predict_stream(images(), batch_size=2, threads=threads)
    digits = [next(stream).digit for _ in range(5)]
    assert digits == [prediction.digit for prediction in recognizer.predict_batch(PICTURES[:5])]
    with pytest.raises(KeyError, match="the caller's"):
        next(stream)


def array_buffer() -> tuple[Any, Callable[[Image.Image], None]]:
    buffer = np.zeros((280, 280), np.uint8)
    return buffer, lambda frame: np.copyto(buffer, np.asarray(frame))


def image_buffer() -> tuple[Any, Callable[[Image.Image], None]]:
    buffer = Image.new("L", (280, 280))
    return buffer, lambda frame: buffer.paste(frame)


def bytes_buffer() -> tuple[Any, Callable[[Image.Image], None]]:
    buffer = bytearray(280 * 280 + 15)

    def fill(frame: Image.Image) -> None:
        buffer[:] = b"P5 280 280 255\n" + frame.tobytes()

    return buffer, fill


def file_buffer() -> tuple[Any, Callable[[Image.Image], None]]:
    buffer = io.BytesIO()

    def fill(frame: Image.Image) -> None:
        buffer.seek(0)
        buffer.truncate()
        frame.save(buffer, "PNG")

    return buffer, fill


class Camera:
    """Fills the same buffer with every frame."""

    def __init__(self, buffer: Any, fill: Callable[[Image.Image], None]) -> None:
        self.buffer, self.fill = buffer, fill

    def __iter__(self) -> Iterator[Any]:
        for frame in PICTURES[:5]:
            self.fill(frame.convert("L").resize((280, 280)))
            yield self.buffer


@pytest.mark.parametrize("make", [array_buffer, image_buffer, bytes_buffer, file_buffer])
def test_a_camera_may_fill_the_same_buffer_with_every_frame(
    make: Callable[[], tuple[Any, Callable[[Image.Image], None]]], recognizer: DigitRecognizer
):
    camera = Camera(*make())
    frames = [frame.convert("L").resize((280, 280)) for frame in PICTURES[:5]]
    expected = [prediction.digit for prediction in recognizer.predict_batch(frames)]
    assert len(set(expected)) > 1
    assert [prediction.digit for prediction in recognizer.predict_stream(camera)] == expected


@pytest.mark.parametrize("threads", [1, 2])
def test_a_stream_goes_on_after_a_bad_image_if_asked(threads: int, recognizer: DigitRecognizer):
    images: list[Any] = [b"text", PICTURES[0], BLANK, None, PICTURES[1]]
    results = list(
        recognizer.predict_stream(images, batch_size=2, threads=threads, return_errors=True)
    )
    assert [type(result) for result in results] == [
        InvalidImageError,
        Prediction,
        BlankImageError,
        InvalidImageError,
        Prediction,
    ]
    assert str(results[2]).startswith("the image is blank")


def test_a_returned_error_does_not_keep_its_image_in_memory(recognizer: DigitRecognizer):
    blank = np.full((28, 28), 255, np.uint8)
    dropped = weakref.ref(blank)
    errors = list(recognizer.predict_stream([blank], return_errors=True))
    del blank
    assert len(errors) == 1
    assert dropped() is None


def test_the_threads_of_a_stream_end_with_it(recognizer: DigitRecognizer):
    before = threading.active_count()
    stream = recognizer.predict_stream(itertools.cycle(PICTURES), batch_size=2, threads=4)
    next(stream)
    assert threading.active_count() > before
    del stream
    assert threading.active_count() == before


@pytest.mark.parametrize("arguments", [{"batch_size": 0}, {"threads": 0}, {"threads": -1}])
def test_a_stream_needs_at_least_one_of_everything(
    arguments: dict[str, Any], recognizer: DigitRecognizer
):
    with pytest.raises(ValueError, match="must be at least 1"):
        recognizer.predict_stream(PICTURES, **arguments)


def test_a_single_image_is_no_stream_and_the_call_says_so(recognizer: DigitRecognizer):
    with pytest.raises(InvalidImageError, match="for a single image call predict"):
        recognizer.predict_stream("seven.png")
