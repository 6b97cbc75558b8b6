"""Where numbers and their digits are."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from inference import Box, DigitRecognizer, Number
from tests.inference.number.found import character, row, write_finder
from tests.inference.written import POSTAL_CODE, corners
from tests.writing import Page, write


def assert_boxes(number: Number, page: Page, height_px: float) -> None:
    """A finder's boxes are off by a share of a digit's height."""
    for digit, expected in zip(number.digits, page.boxes, strict=True):
        np.testing.assert_allclose(corners(digit.box), expected, atol=0.15 * height_px)
    lefts, tops, rights, bottoms = zip(*page.boxes, strict=True)
    whole = (min(lefts), min(tops), max(rights), max(bottoms))
    np.testing.assert_allclose(corners(number.box), whole, atol=0.15 * height_px)


@pytest.mark.parametrize("height_px", [40, 90, 500])
def test_the_boxes_are_those_of_the_digits(height_px: int, recognizer: DigitRecognizer):
    page = write(
        POSTAL_CODE, height_px=height_px, gap_px=height_px / 4, pen_width_px=height_px // 10
    )
    assert_boxes(recognizer.read_number(page.image), page, height_px)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_the_boxes_are_in_pixels_of_the_upright_source(
    orientation: int, recognizer: DigitRecognizer
):
    page = write(POSTAL_CODE, height_px=500, pen_width_px=40)
    turned = {3: 180, 6: 90, 8: 270}[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    file = io.BytesIO()
    page.image.rotate(turned, expand=True).save(file, "JPEG", exif=exif, quality=95)
    number = recognizer.read_number(file.getvalue())
    assert number.text == page.text
    assert_boxes(number, page, 500)


def test_boxes_on_a_shrunken_picture_are_widened_to_whole_pixels_of_the_source(tmp_path: Path):
    """The picture is read at half its size, so one pixel there is two here."""
    found = [character("1", 10.4, 60, width=20.2, height=40), character("2", 44, 60, height=50)]
    recognizer = DigitRecognizer(finder=write_finder(tmp_path, found))
    (number,) = recognizer.read_numbers(np.full((1_000, 2_048), 255, np.uint8))
    assert [corners(digit.box) for digit in number.digits] == [
        (20, 80, 62, 160),
        (88, 70, 208, 170),
    ]
    assert number.box == Box(20, 70, 188, 100)


def test_the_box_of_a_number_holds_its_separators(tmp_path: Path):
    found = [*row("12", left=100, y=300), character("-", 50, 300, width=40, height=10)]
    found.append(character(",", 160, 350, width=20, height=30))
    recognizer = DigitRecognizer(finder=write_finder(tmp_path, found))
    (number,) = recognizer.read_numbers(np.full((500, 500), 255, np.uint8))
    assert number.text == "-1,2"
    assert corners(number.box) == (50, 250, 250, 365)


def test_even_what_is_found_as_a_line_has_a_box(tmp_path: Path):
    found = [character("1", 100, 100, width=0)]
    recognizer = DigitRecognizer(finder=write_finder(tmp_path, found))
    number = recognizer.read_number(np.full((500, 500), 255, np.uint8))
    assert number.box == Box(100, 50, 1, 100)


def test_what_is_found_on_the_very_edge_has_a_box_on_the_picture(tmp_path: Path):
    found = [character("1", 500, 450, width=0)]
    recognizer = DigitRecognizer(finder=write_finder(tmp_path, found))
    number = recognizer.read_number(np.full((500, 500), 255, np.uint8))
    assert number.box == Box(499, 400, 1, 100)
