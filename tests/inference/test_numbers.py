"""Numbers as they are written are read."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from inference import DigitRecognizer
from tests.drawings import Drawing
from tests.inference.written import (
    CLEAR,
    DRAWINGS,
    POSTAL_CODE,
    assert_consistent,
    digits,
    texts_on,
    turned,
)
from tests.writing import Page, stacked, with_boxes, with_separators, write

ORDER = digits("4 open", "8 slanted", "6 tall", "5 one stroke", "1 with base line")
NUMBERS = [POSTAL_CODE, ORDER]

each_number = pytest.mark.parametrize(
    "number", NUMBERS, ids=lambda drawings: "".join(str(one.label) for one in drawings)
)


# --- Numbers as they are written ------------------------------------------------------------------


@pytest.mark.parametrize("start", range(0, len(CLEAR) - 5, 4))
def test_a_number_of_digits_apart_is_read(start: int, recognizer: DigitRecognizer):
    page = write(CLEAR[start : start + 5])
    number = recognizer.read_number(page.image)
    assert number.text == page.text
    assert all(digit.prediction.is_digit for digit in number.digits)
    assert_consistent(number, *page.image.size)


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_a_single_digit_is_a_number(drawing: Drawing, recognizer: DigitRecognizer):
    assert recognizer.read_number(drawing.render()).text == str(drawing.label)


@each_number
def test_a_clearly_written_number_is_sure(number: list[Drawing], recognizer: DigitRecognizer):
    read = recognizer.read_number(write(number).image)
    assert read.is_sure
    assert not read.rejected


@each_number
def test_light_ink_on_dark_paper_is_the_same_number(
    number: list[Drawing], recognizer: DigitRecognizer
):
    page = write(number)
    assert recognizer.read_number(ImageOps.invert(page.image)).text == page.text
    on_board = ImageOps.colorize(page.image, (235, 235, 230), (40, 70, 55))
    assert recognizer.read_number(on_board).text == page.text


@pytest.mark.parametrize("pen", ["black", "white", "orange"])
def test_strokes_on_nothing_are_a_number_whatever_their_colour(
    pen: str, recognizer: DigitRecognizer
):
    page = write(POSTAL_CODE)
    strokes = Image.new("RGB", page.image.size, pen)
    strokes.putalpha(ImageOps.invert(page.image))
    assert recognizer.read_number(strokes) == recognizer.read_number(page.image)
    assert recognizer.read_numbers(strokes) == recognizer.read_numbers(page.image)


@pytest.mark.parametrize("slope", [-0.25, -0.1, 0.1, 0.25])
@each_number
def test_the_line_of_writing_may_go_up_or_down(
    number: list[Drawing], slope: float, recognizer: DigitRecognizer
):
    page = write(number, slope=slope)
    assert recognizer.read_number(page.image).text == page.text


@each_number
def test_the_digits_may_differ_in_size(number: list[Drawing], recognizer: DigitRecognizer):
    page = write(number, height_px=[60, 95, 120, 75, 140])
    assert recognizer.read_number(page.image).text == page.text


@pytest.mark.parametrize("height_px", [20, 45, 250, 900])
def test_the_writing_may_be_small_or_large(height_px: int, recognizer: DigitRecognizer):
    page = write(
        POSTAL_CODE,
        height_px=height_px,
        gap_px=height_px / 4,
        pen_width_px=max(2, height_px // 10),
        margin_px=height_px // 2,
    )
    assert recognizer.read_number(page.image).text == page.text


def test_digits_evenly_far_apart_are_one_number(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE[:4], gap_px=110)
    assert recognizer.read_number(page.image).text == page.text


def test_a_digit_may_be_of_strokes_that_do_not_touch(recognizer: DigitRecognizer):
    hook = [(0.02, 0.12), (0, 0.45), (0.25, 0.4), (0.42, 0.55), (0.4, 0.8), (0.2, 1), (0, 0.95)]
    five = Drawing(5, "loose bar", [hook, [(0.17, 0.0), (0.55, 0.0)]])
    four = Drawing(
        4, "two strokes", [[(0.1, 0.0), (0.0, 0.55), (0.42, 0.55)], [(0.52, 0.15), (0.5, 1.0)]]
    )
    page = write([POSTAL_CODE[0], five, POSTAL_CODE[3], four], pen_width_px=7)
    assert recognizer.read_number(page.image).text == "0524"


# --- Separators -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [".", ",", "-", "/"])
@each_number
def test_a_separator_is_a_part_of_the_number(
    number: list[Drawing], name: str, recognizer: DigitRecognizer
):
    page = with_separators(write(number, gap_px=50), {3: name})
    assert recognizer.read_number(page.image).text == page.text


def test_an_amount_may_be_negative(recognizer: DigitRecognizer):
    page = with_separators(write(POSTAL_CODE, gap_px=45), {0: "-", 3: "."})
    assert page.text == "-037.29"
    assert recognizer.read_number(page.image).text == page.text


def test_a_date_is_one_number(recognizer: DigitRecognizer):
    names = "2 swan neck", "4 closed", "0 oval", "8 two circles", "2 flat base", "6 tall"
    page = with_separators(write(digits(*names), gap_px=55), {2: ".", 4: "."})
    assert page.text == "24.08.26"
    assert recognizer.read_number(page.image).text == page.text


# --- Pictures as they come ------------------------------------------------------------------------


def test_two_lines_are_two_numbers(recognizer: DigitRecognizer):
    pages = [write(number, margin_px=30) for number in NUMBERS]
    picture = stacked([page.image for page in pages])
    assert texts_on(picture, recognizer) == [page.text for page in pages]


def test_numbers_of_a_table_are_read_row_by_row(recognizer: DigitRecognizer):
    gap = Image.new("L", (300, 1), 255)
    cells = [write(drawings[start : start + 2]) for start in (0, 2) for drawings in NUMBERS]
    rows = [
        stacked([left.image, gap, right.image], side_by_side=True)
        for left, right in ((cells[0], cells[1]), (cells[2], cells[3]))
    ]
    assert texts_on(stacked(rows), recognizer) == [cell.text for cell in cells]


@pytest.mark.parametrize("ink", [0, 150])
@each_number
def test_a_forms_box_for_each_digit_is_not_read(
    number: list[Drawing], ink: int, recognizer: DigitRecognizer
):
    page = write(number, gap_px=45)
    assert texts_on(with_boxes(page, ink=ink), recognizer) == [page.text]


def combed(page: Page) -> Image.Image:
    """With a line under it, and bars between the digits."""
    image = page.image.copy()
    draw = ImageDraw.Draw(image)
    left, right = page.boxes[0][0] - 22, page.boxes[-1][2] + 22
    line = max(box[3] for box in page.boxes) + 14
    draw.line((left, line, right, line), fill=110, width=2)
    for x in (left, *((a[2] + b[0]) / 2 for a, b in pairwise(page.boxes)), right):
        draw.line((x, line - 60, x, line), fill=110, width=2)
    return image


def on_squares(page: Page) -> Image.Image:
    image = page.image.copy()
    draw = ImageDraw.Draw(image)
    for x in range(10, image.width, 36):
        draw.line((x, 0, x, image.height), fill=205)
    for y in range(10, image.height, 36):
        draw.line((0, y, image.width, y), fill=205)
    return image


def framed(page: Page) -> Image.Image:
    """Its border as a crop of a form leaves it: at the very edge."""
    image = page.image.copy()
    ImageDraw.Draw(image).rectangle((0, 0, image.width - 1, image.height - 1), outline=0, width=5)
    return image


def on_a_line(page: Page) -> Image.Image:
    image = page.image.copy()
    y = max(box[3] for box in page.boxes) + 8
    ImageDraw.Draw(image).line((0, y, image.width, y - 6), fill=120, width=3)
    return image


def with_specks(page: Page) -> Image.Image:
    image = page.image.copy()
    for x, y in ((20, 30), (image.width - 40, image.height - 25), (image.width // 2, 18)):
        ImageDraw.Draw(image).ellipse((x, y, x + 5, y + 5), fill=0)
    return image


def photographed(page: Page) -> Image.Image:
    """With blue ink on grey paper, in the light of a window."""
    image = ImageOps.colorize(page.image, (40, 60, 160), (225, 222, 214))
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(1.2)), float)
    lit = blurred * np.linspace(1, 0.6, image.width)[:, np.newaxis]
    noise = np.random.default_rng(0).normal(0, 3, (image.height, image.width, 1))
    return Image.fromarray((lit + noise).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    "show", [combed, on_squares, framed, on_a_line, with_specks, turned, photographed]
)
@each_number
def test_what_else_is_on_the_paper_is_not_read(
    number: list[Drawing], show: Any, recognizer: DigitRecognizer
):
    page = write(number, gap_px=40)
    assert texts_on(show(page), recognizer) == [page.text]


@pytest.mark.parametrize("pen_width_px", [1, 2])
@each_number
def test_a_pen_may_be_thin(number: list[Drawing], pen_width_px: int, recognizer: DigitRecognizer):
    page = write(number, pen_width_px=pen_width_px)
    assert texts_on(page.image, recognizer) == [page.text]


@pytest.mark.parametrize("gap_px", [0, -4])
@pytest.mark.parametrize("first", ["1 plain bar", "5 one stroke"])
def test_zeros_may_touch(first: str, gap_px: float, recognizer: DigitRecognizer):
    page = write(digits(first, "0 oval", "0 oval"), gap_px=[25, gap_px])
    assert texts_on(page.image, recognizer) == [page.text]
