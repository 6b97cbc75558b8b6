"""Reading whole numbers: what is found, where, and what is left out."""

import contextlib
import io
import json
import pickle
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageDraw, ImageFilter, ImageOps

from inference import (
    BlankImageError,
    Box,
    DigitRecognizer,
    InferenceError,
    InvalidImageError,
    Number,
    SeveralNumbersError,
)
from tests.drawings import Drawing, draw_stroke, load_drawings
from tests.inference.number.found import character, row, write_finder
from tests.writing import Page, stacked, with_boxes, with_separators, write

DRAWINGS = load_drawings()
BY_NAME = {str(drawing): drawing for drawing in DRAWINGS}
# Between other digits, a slanted bar is a slash as well.
CLEAR = [drawing for drawing in DRAWINGS if str(drawing) != "1 slanted"]


def digits(*names: str) -> list[Drawing]:
    return [BY_NAME[name] for name in names]


POSTAL_CODE = digits("0 oval", "3 round", "7 plain", "2 flat base", "9 straight leg")
ORDER = digits("4 open", "8 slanted", "6 tall", "5 one stroke", "1 with base line")
NUMBERS = [POSTAL_CODE, ORDER]

each_number = pytest.mark.parametrize(
    "number", NUMBERS, ids=lambda drawings: "".join(str(one.label) for one in drawings)
)


def texts_on(image: Any, recognizer: DigitRecognizer) -> list[str]:
    return [number.text for number in recognizer.read_numbers(image)]


def corners(box: Box) -> tuple[int, int, int, int]:
    return box.left, box.top, box.left + box.width, box.top + box.height


def assert_consistent(number: Number, width: int, height: int) -> None:
    written = [one for one in number.text if one.isdecimal()]
    assert written == [str(digit.prediction.digit) for digit in number.digits]
    assert set(number.text) <= set("0123456789.,-/:=")
    assert 0 <= number.confidence <= 1
    for box in (number.box, *(mark.box for mark in (*number.digits, *number.left_out))):
        left, top, right, bottom = corners(box)
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for digit in number.digits:
        left, top, right, bottom = corners(digit.box)
        assert number.box.left <= left
        assert number.box.top <= top
        assert right <= number.box.left + number.box.width
        assert bottom <= number.box.top + number.box.height
    for marks in (number.digits, number.left_out):
        # Boxes are widened to whole pixels, which moves a middle by half a pixel at most.
        middles = [mark.box.left + mark.box.width / 2 for mark in marks]
        assert all(a <= b + 1 for a, b in pairwise(middles))


# --- Numbers as they are written -----------------------------------------------------------------


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
    assert not read.left_out


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


# --- Boxes ---------------------------------------------------------------------------------------


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


# --- Separators ----------------------------------------------------------------------------------


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


# --- Pictures as they come -----------------------------------------------------------------------


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


def turned(page: Page) -> Image.Image:
    return page.image.rotate(-8, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


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


# --- One number, several, or none ----------------------------------------------------------------

PICTURE = np.full((700, 700), 255, np.uint8)
PICTURE[300:400, 300:310] = 0


def reader_of(folder: Path, found: Sequence[Any], **reading: object) -> DigitRecognizer:
    """Reads what a stand-in finds, the same on every picture."""
    return DigitRecognizer(finder=write_finder(folder, found, **reading))


@pytest.mark.parametrize("texts", [["12", "345"], ["12", "345", "6"]])
def test_several_numbers_are_an_error_that_names_them_and_the_remedy(
    texts: list[str], tmp_path: Path
):
    rows = [row(text, y=60 + 220 * index) for index, text in enumerate(texts)]
    recognizer = reader_of(tmp_path, [one for part in rows for one in part])
    with pytest.raises(SeveralNumbersError, match=rf"\({', '.join(texts)}\); call read_numbers"):
        recognizer.read_number(PICTURE)
    assert texts_on(PICTURE, recognizer) == texts


def test_that_there_are_several_numbers_is_an_error_of_the_image():
    assert issubclass(SeveralNumbersError, InvalidImageError)


@pytest.mark.parametrize(
    "other",
    [row("34", y=400, probability=0.5), [character("3", 0, 400, height=20, probability=0.9)]],
    ids=["weak", "low"],
)
def test_what_is_weak_or_low_beside_a_number_is_left_out_of_it(other: Any, tmp_path: Path):
    recognizer = reader_of(tmp_path, [*row("12", y=60), *other])
    number = recognizer.read_number(PICTURE)
    assert number.text == "12"
    assert [mark.prediction.digit for mark in number.left_out] == [
        int(one.character) for one in other
    ]
    assert recognizer.read_numbers(PICTURE) == [number]


def test_what_is_left_out_has_a_box_and_is_from_left_to_right(tmp_path: Path):
    lost = [character(digit, left, 60, probability=0.3) for digit, left in (("9", 330), ("4", 10))]
    number = reader_of(tmp_path, [*row("12", left=150, y=60), *lost]).read_number(PICTURE)
    assert number.text == "12"
    assert [mark.prediction.digit for mark in number.left_out] == [4, 9]
    assert [mark.box.left for mark in number.left_out] == [10, 330]
    assert not any(mark.prediction.is_digit for mark in number.left_out)


def test_where_nothing_is_found_the_number_is_empty_and_as_large_as_the_picture(tmp_path: Path):
    recognizer = reader_of(tmp_path, [])
    number = recognizer.read_number(PICTURE)
    assert number == Number("", 0.0, is_sure=False, box=Box(0, 0, 700, 700), digits=(), left_out=())
    assert recognizer.read_numbers(PICTURE) == []


@pytest.mark.parametrize("threshold", [0.3, 0.7])
def test_a_number_is_sure_from_the_threshold_of_the_metadata_on(threshold: float, tmp_path: Path):
    weights = dict.fromkeys(DigitRecognizer().finder_metadata.reading.confidence_weights, 0.0)
    recognizer = reader_of(
        tmp_path, row("12", y=60), sure_confidence=threshold, confidence_weights=weights
    )
    number = recognizer.read_number(PICTURE)
    assert number.confidence == 0.5
    assert number.is_sure == (threshold < 0.5)
    exactly = reader_of(tmp_path, row("1"), sure_confidence=0.5, confidence_weights=weights)
    assert exactly.read_number(PICTURE).is_sure


def test_a_doubtful_digit_is_kept_and_marked(tmp_path: Path):
    """A digit lost from a postal code is worse than one that is marked as doubtful."""
    doubtful = character("2", 90, 60, probability=0.45)
    recognizer = reader_of(tmp_path, [*row("1", y=60), doubtful, *row("3", left=180, y=60)])
    number = recognizer.read_number(PICTURE)
    assert number.text == "123"
    assert [digit.prediction.is_digit for digit in number.digits] == [True, False, True]


BLANKS = [
    np.full((200, 600), 255, np.uint8),
    np.zeros((200, 600), np.uint8),
    np.zeros((1, 1), np.uint8),
    Image.new("RGBA", (90, 90), (0, 0, 0, 0)),
]


@pytest.mark.parametrize("blank", BLANKS, ids=["white", "black", "a pixel", "transparent"])
def test_on_a_blank_image_there_are_no_numbers(blank: Any, recognizer: DigitRecognizer):
    assert recognizer.read_numbers(blank) == []


@pytest.mark.parametrize("blank", BLANKS, ids=["white", "black", "a pixel", "transparent"])
def test_to_read_one_number_of_a_blank_image_is_an_error(blank: Any, recognizer: DigitRecognizer):
    with pytest.raises(BlankImageError, match="draw"):
        recognizer.read_number(blank)


@pytest.mark.parametrize("method", ["read_number", "read_numbers"])
def test_what_is_no_image_is_an_error(method: str, recognizer: DigitRecognizer):
    with pytest.raises(InvalidImageError, match="does not exist"):
        getattr(recognizer, method)("missing.png")


# --- Anything at all -----------------------------------------------------------------------------

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


# --- One recognizer for all ----------------------------------------------------------------------


def test_all_digits_are_read_at_once(recognizer: DigitRecognizer, monkeypatch: pytest.MonkeyPatch):
    counts: list[int] = []
    run = DigitRecognizer.run

    def recorded(self: DigitRecognizer, ink: NDArray[np.uint8]):
        counts.append(len(ink))
        return run(self, ink)

    monkeypatch.setattr(DigitRecognizer, "run", recorded)
    number = recognizer.read_number(write(POSTAL_CODE).image)
    assert counts == [len(number.digits) + len(number.left_out)]


def test_many_threads_may_read_at_once():
    recognizer = DigitRecognizer()  # whose finder is not open yet
    pages = [write(CLEAR[start : start + 4]) for start in range(0, 30, 5)]
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(recognizer.read_number, [page.image for page in pages] * 4))
    assert [number.text for number in numbers] == [page.text for page in pages] * 4
    assert numbers == numbers[: len(pages)] * 4


def test_an_unpickled_recognizer_reads_the_same(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE)
    copy = pickle.loads(pickle.dumps(recognizer))  # noqa: S301
    assert copy.read_number(page.image) == recognizer.read_number(page.image)


def test_a_number_is_ready_for_json(tmp_path: Path):
    found = [*row("12", y=60), character(".", 66, 100, width=18, height=18)]
    found.append(character("9", 180, 60, probability=0.3))
    number = reader_of(tmp_path, found).read_number(PICTURE)
    described = json.loads(json.dumps(number.to_dict()))
    assert described == {
        "text": "1.2",
        "confidence": number.confidence,
        "is_sure": number.is_sure,
        "box": {"left": 0, "top": 10, "width": 150, "height": 100},
        "digits": [
            {"box": digit.box.to_dict(), "prediction": digit.prediction.to_dict()}
            for digit in number.digits
        ],
        "left_out": [number.left_out[0].to_dict()],
    }
