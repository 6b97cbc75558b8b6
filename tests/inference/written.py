"""Numbers as they are written, and what is true of all that are read."""

from itertools import pairwise
from typing import Any

from PIL import Image

from inference import Box, DigitRecognizer, Number
from tests.drawings import Drawing, load_drawings
from tests.writing import Page

DRAWINGS = load_drawings()
BY_NAME = {str(drawing): drawing for drawing in DRAWINGS}
# Between other digits, a slanted bar is a slash as well.
CLEAR = [drawing for drawing in DRAWINGS if str(drawing) != "1 slanted"]


def digits(*names: str) -> list[Drawing]:
    return [BY_NAME[name] for name in names]


POSTAL_CODE = digits("0 oval", "3 round", "7 plain", "2 flat base", "9 straight leg")


def texts_on(image: Any, recognizer: DigitRecognizer) -> list[str]:
    return [number.text for number in recognizer.read_numbers(image)]


def corners(box: Box) -> tuple[int, int, int, int]:
    return box.left, box.top, box.left + box.width, box.top + box.height


def assert_consistent(number: Number, width: int, height: int) -> None:
    written = [one for one in number.text if one.isdecimal()]
    assert written == [str(digit.prediction.digit) for digit in number.digits]
    assert set(number.text) <= set("0123456789.,-/:=")
    assert 0 <= number.confidence <= 1
    for box in (number.box, *(mark.box for mark in (*number.digits, *number.rejected))):
        left, top, right, bottom = corners(box)
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for digit in number.digits:
        left, top, right, bottom = corners(digit.box)
        assert number.box.left <= left
        assert number.box.top <= top
        assert right <= number.box.left + number.box.width
        assert bottom <= number.box.top + number.box.height
    for marks in (number.digits, number.rejected):
        # Boxes are widened to whole pixels, which moves a middle by half a pixel at most.
        middles = [mark.box.left + mark.box.width / 2 for mark in marks]
        assert all(a <= b + 1 for a, b in pairwise(middles))


def turned(page: Page) -> Image.Image:
    return page.image.rotate(-8, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
