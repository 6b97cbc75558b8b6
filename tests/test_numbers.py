"""Reading whole numbers: what is found, where, and what is left out."""

import contextlib
import io
import pickle
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from inference import BlankImageError, DigitRecognizer, InferenceError, InvalidImageError, Number
from tests.drawings import Drawing, draw_stroke, load_drawings
from tests.writing import Page, write

DRAWINGS = load_drawings()
BY_NAME = {str(drawing): drawing for drawing in DRAWINGS}


def digits(*names: str) -> list[Drawing]:
    return [BY_NAME[name] for name in names]


POSTAL_CODE = digits("0 oval", "3 round", "7 plain", "2 flat base", "9 straight leg")


def assert_consistent(number: Number, width: int, height: int) -> None:
    assert len(number.text) == len(number.digits)
    assert number.text == "".join(str(digit.prediction.digit) for digit in number.digits)
    assert 0 <= number.confidence <= 1
    for mark in (*number.digits, *number.left_out):
        box = mark.box
        assert box.left >= 0
        assert box.top >= 0
        assert box.width >= 1
        assert box.height >= 1
        assert box.left + box.width <= width
        assert box.top + box.height <= height
    middles = [digit.box.left + digit.box.width / 2 for digit in number.digits]
    assert middles == sorted(middles)


# --- Numbers as they are written -----------------------------------------------------------------


@pytest.mark.parametrize("start", range(0, len(DRAWINGS) - 5, 5))
def test_a_number_of_digits_apart_is_read(start: int, recognizer: DigitRecognizer):
    page = write(DRAWINGS[start : start + 5])
    number = recognizer.read_number(page.image)
    assert number.text == page.text
    assert all(digit.prediction.is_digit for digit in number.digits)
    assert not number.left_out
    assert_consistent(number, *page.image.size)


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_one_digit_is_read_as_predict_reads_it(drawing: Drawing, recognizer: DigitRecognizer):
    picture = drawing.render()
    number = recognizer.read_number(picture)
    assert number.text == str(drawing.label)
    # The drawing is cropped and scaled by whole pixels before the model scales it.
    expected = recognizer.predict(picture).probabilities
    np.testing.assert_allclose(number.digits[0].prediction.probabilities, expected, atol=0.2)


def test_the_boxes_are_those_of_the_digits(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE, height_px=200, pen_width_px=18)
    number = recognizer.read_number(page.image)
    for digit, expected in zip(number.digits, page.boxes, strict=True):
        box = digit.box
        found = (box.left, box.top, box.left + box.width, box.top + box.height)
        # The writing is shrunk before it is cut into digits, here fourfold at most.
        np.testing.assert_allclose(found, expected, atol=4)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_the_boxes_are_in_pixels_of_the_upright_source(
    orientation: int, recognizer: DigitRecognizer
):
    page = write(POSTAL_CODE, height_px=500, pen_width_px=40)
    turned = {3: 180, 6: 90, 8: 270}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    page.image.rotate(turned, expand=True).save(file, "JPEG", exif=exif, quality=95)
    number = recognizer.read_number(file.getvalue())
    assert number.text == page.text
    for digit, expected in zip(number.digits, page.boxes, strict=True):
        box = digit.box
        found = (box.left, box.top, box.left + box.width, box.top + box.height)
        # Shrunk when it was decoded, and once more before it was cut into digits.
        np.testing.assert_allclose(found, expected, atol=20)


def test_the_confidence_is_that_every_digit_is_right(recognizer: DigitRecognizer):
    number = recognizer.read_number(write(POSTAL_CODE).image)
    product = np.prod([digit.prediction.confidence for digit in number.digits])
    assert number.confidence == pytest.approx(product)


def test_light_ink_on_dark_paper_is_the_same_number(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE)
    assert recognizer.read_number(ImageOps.invert(page.image)).text == page.text


@pytest.mark.parametrize("slope", [-0.25, -0.1, 0.1, 0.25])
def test_the_line_of_writing_may_go_up_or_down(slope: float, recognizer: DigitRecognizer):
    page = write(POSTAL_CODE, slope=slope)
    assert recognizer.read_number(page.image).text == page.text


def test_the_digits_may_differ_in_size(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE, height_px=[60, 95, 120, 75, 140])
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


def test_a_digit_may_be_of_strokes_that_do_not_touch(recognizer: DigitRecognizer):
    apart = Drawing(
        5,
        "loose bar",
        [
            [
                (0.02, 0.12),
                (0.0, 0.45),
                (0.25, 0.4),
                (0.42, 0.55),
                (0.4, 0.8),
                (0.2, 1.0),
                (0.0, 0.95),
            ],
            [(0.17, 0.0), (0.55, 0.0)],
        ],
    )
    page = write([POSTAL_CODE[0], apart, POSTAL_CODE[3]], pen_width_px=7)
    number = recognizer.read_number(page.image)
    assert number.text == "052"
    assert not number.left_out


def test_a_four_may_be_of_two_strokes(recognizer: DigitRecognizer):
    apart = Drawing(
        4,
        "two strokes",
        [[(0.1, 0.0), (0.0, 0.55), (0.42, 0.55)], [(0.52, 0.15), (0.5, 1.0)]],
    )
    page = write([POSTAL_CODE[1], apart, POSTAL_CODE[4]], pen_width_px=6)
    assert recognizer.read_number(page.image).text == "349"


@pytest.mark.parametrize("row", [0.3, 0.5, 0.7])
def test_broken_strokes_are_mended(row: float, recognizer: DigitRecognizer):
    page = write(POSTAL_CODE)
    pixels = np.array(page.image)
    broken_row = 60 + round(row * 90)
    pixels[broken_row : broken_row + 4] = 255
    assert recognizer.read_number(pixels).text == page.text


def test_digits_that_touch_are_read(recognizer: DigitRecognizer):
    """Neighbours that overlap by half a stroke. Not all are read rightly, but two thirds are."""
    generator = np.random.default_rng(0)
    pages = [_touching_pair(generator) for _ in range(40)]
    right = sum(recognizer.read_number(page.image).text == page.text for page in pages)
    assert right >= 26


def _touching_pair(generator: np.random.Generator) -> Page:
    chosen = [DRAWINGS[index] for index in generator.choice(len(DRAWINGS), 4, replace=False)]
    # `write` leaves a pen's width between boxes: this takes it back and half a stroke more.
    return write(chosen, gap_px=[25, -13.5, 25])


# --- What is no digit ----------------------------------------------------------------------------


def _with(page: Page, *lines: tuple[float, float, float, float], width_px: int = 4) -> Image.Image:
    """Draws lines on a page: left, top, right and bottom, as shares of its size."""
    image = page.image.copy()
    width, height = image.size
    for left, top, right, bottom in lines:
        points = [(left * width, top * height), (right * width, bottom * height)]
        draw_stroke(image, points, width_px)
    return image


@pytest.mark.parametrize("degrees", [0, 1.5, -3])
@pytest.mark.parametrize("row", [0.8, 0.72, 0.5], ids=["under", "touching", "through"])
def test_a_ruled_line_is_not_read(row: float, degrees: float, recognizer: DigitRecognizer):
    page = write(POSTAL_CODE)
    ruled = _with(page, (0.01, row, 0.99, row)).rotate(
        degrees, Image.Resampling.BICUBIC, fillcolor=255
    )
    number = recognizer.read_number(ruled)
    assert number.text == page.text
    assert not number.left_out


@pytest.mark.parametrize("degrees", [0, 1.5, -3])
def test_a_box_around_the_number_is_not_read(degrees: float, recognizer: DigitRecognizer):
    page = write(POSTAL_CODE)
    sides = (
        (0.05, 0.1, 0.95, 0.1),
        (0.05, 0.9, 0.95, 0.9),
        (0.05, 0.1, 0.05, 0.9),
        (0.95, 0.1, 0.95, 0.9),
    )
    boxed = _with(page, *sides).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
    number = recognizer.read_number(boxed)
    assert number.text == page.text
    assert not number.left_out


def test_a_box_around_one_digit_is_not_read(recognizer: DigitRecognizer):
    picture = BY_NAME["3 round"].render()
    ImageDraw.Draw(picture).rectangle((15, 15, 265, 265), outline=0, width=6)
    assert recognizer.read_number(picture).text == "3"


def test_a_box_for_each_digit_is_not_read(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE, gap_px=35)
    image = page.image.copy()
    edges = [page.boxes[0][0] - 20] + [box[2] + 20 for box in page.boxes]
    draw = ImageDraw.Draw(image)
    for left, right in pairwise(edges):
        draw.rectangle((left, 35, right, image.height - 35), outline=0, width=3)
    assert recognizer.read_number(image).text == page.text


def test_specks_are_not_read(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE)
    pixels = np.array(page.image)
    generator = np.random.default_rng(1)
    for row, column in zip(
        generator.integers(0, pixels.shape[0] - 4, 60),
        generator.integers(0, pixels.shape[1] - 4, 60),
        strict=True,
    ):
        pixels[row : row + 4, column : column + 4] = 0
    assert recognizer.read_number(pixels).text == page.text


def test_what_is_no_digit_is_left_out_and_reported(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE)
    width, height = page.image.size
    image = Image.new("L", (width + 150, height), 255)
    image.paste(page.image)
    for row in (60, 95, 130):  # lines that no hand writes as a digit, joined to one mark
        draw_stroke(image, [(width, row), (width + 90, row), (width + 45, 200 - row)], 9)
    number = recognizer.read_number(image)
    assert number.text == page.text
    assert len(number.left_out) == 1
    assert number.left_out[0].box.left >= width - 10  # half a pen, and where it is shrunk


def test_a_small_mark_is_left_out(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE)
    image = page.image.copy()
    right, bottom = page.boxes[2][2:]
    ImageDraw.Draw(image).ellipse((right + 2, bottom - 14, right + 16, bottom), fill=0)
    number = recognizer.read_number(image)
    assert number.text == page.text


def test_a_doubtful_digit_is_kept_and_marked(recognizer: DigitRecognizer):
    """A digit lost from a postal code is worse than one that is marked as doubtful."""
    page = write(POSTAL_CODE)
    left, top, right, bottom = page.boxes[2]
    image = page.image.copy()
    for share in np.linspace(0.1, 1.0, 31):  # blots out the digit bit by bit
        radius = share * (bottom - top) / 2
        middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
        ImageDraw.Draw(image).ellipse(
            (middle_x - radius, middle_y - radius, middle_x + radius, middle_y + radius), fill=0
        )
        number = recognizer.read_number(image)
        doubtful = [digit for digit in number.digits if not digit.prediction.is_digit]
        if doubtful:
            assert len(number.digits) == 5
            return
    pytest.fail("no blot makes the digit doubtful")


# --- Anything at all -----------------------------------------------------------------------------

IMAGES = npst.arrays(
    np.uint8,
    st.tuples(st.integers(1, 60), st.integers(1, 90)),
    elements=st.sampled_from([0, 40, 128, 255]),
    fill=st.sampled_from([0, 255]),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(IMAGES)
def test_any_image_gives_a_number_or_a_clear_error(
    recognizer: DigitRecognizer, image: NDArray[np.uint8]
):
    with contextlib.suppress(InferenceError):  # any other error fails
        assert_consistent(recognizer.read_number(image), image.shape[1], image.shape[0])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_any_scribble_gives_a_number(recognizer: DigitRecognizer, seed: int, strokes: int):
    generator = np.random.default_rng(seed)
    image = Image.new("L", (400, 200), 255)
    for _ in range(strokes):
        points = generator.uniform((0, 0), (400, 200), (generator.integers(1, 6), 2))
        draw_stroke(image, [tuple(point) for point in points], int(generator.integers(1, 20)))
    assert_consistent(recognizer.read_number(image), 400, 200)


@pytest.mark.parametrize("blank", [np.full((200, 600), 255, np.uint8), np.zeros((1, 1), np.uint8)])
def test_a_blank_image_is_an_error(blank: NDArray[np.uint8], recognizer: DigitRecognizer):
    with pytest.raises(BlankImageError, match="blank"):
        recognizer.read_number(blank)


def test_what_is_no_image_is_an_error(recognizer: DigitRecognizer):
    with pytest.raises(InvalidImageError, match="does not exist"):
        recognizer.read_number("missing.png")


def test_ink_all_over_is_a_number_or_a_clear_error(recognizer: DigitRecognizer):
    image = np.zeros((300, 500), np.uint8)
    image[0, 0] = 255
    with contextlib.suppress(BlankImageError):
        assert_consistent(recognizer.read_number(image), 500, 300)


def _noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (1000, 1000), np.uint8)


def _specks() -> NDArray[np.uint8]:
    image = np.full((1000, 1000), 255, np.uint8)
    image[::8, ::8] = 0
    image[1::8, ::8] = 0
    return image


def _grid() -> NDArray[np.uint8]:
    image = np.full((1000, 1000), 255, np.uint8)
    image[::16] = 0
    image[:, ::16] = 0
    return image


def _combs() -> NDArray[np.uint8]:
    image = np.full((1000, 1000), 255, np.uint8)
    image[400:600, ::8] = 0
    image[400:420] = 0
    return image


@pytest.mark.parametrize(
    "image",
    [_noise(), _specks(), _grid(), _combs()],
    ids=["noise", "15,625 specks", "grid", "comb"],
)
def test_absurd_images_cost_little(image: NDArray[np.uint8], recognizer: DigitRecognizer):
    tracemalloc.start()
    start = time.process_time()
    with contextlib.suppress(BlankImageError):
        recognizer.read_number(image)
    seconds = time.process_time() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A picture of a number takes 5 ms and 2 MB; tracing the memory slows it down severalfold.
    assert seconds < 4
    assert peak < 250e6


# --- One recognizer for all ----------------------------------------------------------------------


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[bytes]]:
    """The candidates that each run of the model was given."""
    drawings: list[list[bytes]] = []
    run = DigitRecognizer.run

    def recorded(self: DigitRecognizer, ink: NDArray[np.uint8]):
        drawings.append([drawing.tobytes() for drawing in ink])
        return run(self, ink)

    monkeypatch.setattr(DigitRecognizer, "run", recorded)
    return drawings


def test_all_candidates_are_read_at_once(recognizer: DigitRecognizer, batches: list[list[bytes]]):
    recognizer.read_number(write(POSTAL_CODE).image)
    assert len(batches) == 1


def test_what_may_be_several_digits_is_cut_and_all_pieces_are_read_at_once(
    recognizer: DigitRecognizer, batches: list[list[bytes]]
):
    touching = write(POSTAL_CODE, gap_px=[25, -13.5, 25, 25])
    assert recognizer.read_number(touching.image).text == touching.text
    _undivided, pieces = batches
    assert len(pieces) > 1


def test_no_candidate_is_read_twice(recognizer: DigitRecognizer, batches: list[list[bytes]]):
    recognizer.read_number(write(POSTAL_CODE, gap_px=[25, -13.5, 25, 25]).image)
    undivided, pieces = batches
    assert len({*undivided, *pieces}) == len(undivided) + len(pieces)


def test_many_threads_may_read_at_once(recognizer: DigitRecognizer):
    pages = [write(DRAWINGS[start : start + 4]) for start in range(0, 30, 3)]
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(recognizer.read_number, [page.image for page in pages] * 4))
    assert numbers == [recognizer.read_number(page.image) for page in pages] * 4


def test_an_unpickled_recognizer_reads_the_same(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE)
    copy = pickle.loads(pickle.dumps(recognizer))  # noqa: S301
    assert copy.read_number(page.image) == recognizer.read_number(page.image)


def test_a_number_is_ready_for_json(recognizer: DigitRecognizer):
    number = recognizer.read_number(write(POSTAL_CODE).image)
    described = number.to_dict()
    assert described["text"] == number.text
    assert described["digits"][0]["box"] == number.digits[0].box.to_dict()
    assert described["digits"][0]["prediction"]["digit"] == number.digits[0].prediction.digit
