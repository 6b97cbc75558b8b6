"""Whatever is on a picture, numbers are read or a clear error is raised."""

import contextlib
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import Image

from inference import (
    DigitRecognizer,
    InferenceError,
)
from tests.drawings import draw_stroke
from tests.inference.written import POSTAL_CODE, assert_consistent
from tests.writing import stacked, write

IMAGES = npst.arrays(
    np.uint8,
    st.tuples(st.integers(1, 60), st.integers(1, 90)),
    elements=st.sampled_from([0, 40, 128, 255]),
    fill=st.sampled_from([0, 255]),
)


def check_what_is_read(image: NDArray[np.uint8] | Image.Image, recognizer: DigitRecognizer) -> None:
    height, width = np.asarray(image).shape
    numbers = recognizer.read_numbers(image)
    for number in numbers:
        assert number.digits
        assert_consistent(number, width, height)
    with contextlib.suppress(InferenceError):  # any other error fails
        number = recognizer.read_number(image)
        assert_consistent(number, width, height)
        assert [number] == numbers or (not numbers and not number.text)


@settings(max_examples=60)
@given(IMAGES)
def test_any_image_gives_numbers_or_a_clear_error(
    recognizer: DigitRecognizer, image: NDArray[np.uint8]
):
    check_what_is_read(image, recognizer)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_any_scribble_gives_numbers(recognizer: DigitRecognizer, seed: int, strokes: int):
    generator = np.random.default_rng(seed)
    image = Image.new("L", (400, 200), 255)
    for _ in range(strokes):
        points = generator.uniform((0, 0), (400, 200), (generator.integers(1, 6), 2))
        draw_stroke(image, [tuple(point) for point in points], int(generator.integers(1, 20)))
    check_what_is_read(image, recognizer)


def _noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (1000, 1000), np.uint8)


def _specks() -> NDArray[np.uint8]:
    image = np.full((1000, 1000), 255, np.uint8)
    image[::8, ::8] = 0
    image[1::8, ::8] = 0
    return image


def _full_of_digits() -> Image.Image:
    line = write(POSTAL_CODE * 5, height_px=24, gap_px=8, pen_width_px=3, margin_px=6).image
    return stacked([line] * 24)


@pytest.mark.parametrize(
    "image",
    [_noise(), _specks(), _full_of_digits()],
    ids=["noise", "15,625 specks", "600 digits"],
)
def test_absurd_images_cost_little(image: Any, recognizer: DigitRecognizer):
    recognizer.read_numbers(POSTAL_CODE[0].render())  # opens the finder
    start = time.process_time()
    recognizer.read_numbers(image)
    assert time.process_time() - start < 5  # a picture of this size takes 0.4 s in any case
