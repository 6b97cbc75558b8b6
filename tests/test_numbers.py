"""`read_number`: whole numbers, as they are written and as they get dirty."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from inference import BlankImageError, DigitRecognizer, InferenceError, Number
from tests.drawings import Drawing, in_a_row, load_drawings, render_number, render_strokes

SIZE_PX = (600, 200)
DRAWINGS = {str(drawing): drawing for drawing in load_drawings()}


def plain(text: str) -> list[Drawing]:
    """The first drawing of each digit of a text."""
    by_label = {drawing.label: drawing for drawing in reversed(list(DRAWINGS.values()))}
    return [by_label[int(character)] for character in text]


def assert_consistent(number: Number, width: int, height: int) -> None:
    assert len(number.text) == len(number.digits)
    assert number.text == "".join(str(digit.prediction.digit) for digit in number.digits)
    assert 0 <= number.confidence <= 1
    for mark in (*number.digits, *number.left_out):
        assert 0 <= mark.box.left < mark.box.left + mark.box.width <= width
        assert 0 <= mark.box.top < mark.box.top + mark.box.height <= height


@pytest.mark.parametrize("text", ["07", "20731", "1984", "365", "4", "2222", "90210"])
def test_the_digits_are_read_from_left_to_right(recognizer: DigitRecognizer, text: str):
    number = recognizer.read_number(render_number(plain(text)))
    assert number.text == text
    assert number.left_out == ()
    assert_consistent(number, *SIZE_PX)


def test_boxes_frame_the_digits(recognizer: DigitRecognizer):
    page = Image.new("L", (500, 200), 255)
    pen = ImageDraw.Draw(page)
    pen.rectangle((100, 40, 111, 160), fill=0)  # a 1 each, the plainest
    pen.rectangle((300, 50, 311, 150), fill=0)
    boxes = [digit.box for digit in recognizer.read_number(page).digits]
    found = np.array([(box.left, box.top, box.width, box.height) for box in boxes])
    # The line is looked at in half its size, which widens a box to an even number of pixels.
    np.testing.assert_allclose(found, [(100, 40, 12, 121), (300, 50, 12, 101)], atol=2)


def test_boxes_are_in_pixels_of_a_large_source(recognizer: DigitRecognizer):
    page = render_number(plain("365")).resize((3000, 1000))
    number = recognizer.read_number(page)
    assert number.text == "365"
    assert number.digits[-1].box.left > 1500
    assert_consistent(number, 3000, 1000)


def test_the_confidence_is_that_every_digit_is_right(recognizer: DigitRecognizer):
    number = recognizer.read_number(render_number(plain("365")))
    product = np.prod([digit.prediction.confidence for digit in number.digits])
    assert number.confidence == pytest.approx(float(product))


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=str)
def test_a_single_digit_is_read_as_predict_reads_it(recognizer: DigitRecognizer, drawing: Drawing):
    image = drawing.render()
    assert recognizer.read_number(image).text == str(recognizer.predict(image).digit)


def test_digits_that_touch_are_cut_apart(recognizer: DigitRecognizer):
    strokes = in_a_row(plain("20"), *SIZE_PX, gap_share=-0.02)
    assert recognizer.read_number(render_strokes(strokes, SIZE_PX, 12)).text == "20"


def test_specks_of_dirt_are_no_digits(recognizer: DigitRecognizer):
    page = render_number(plain("365"))
    pen = ImageDraw.Draw(page)
    for x, y in ((20, 30), (250, 20), (570, 150), (400, 190)):
        pen.ellipse((x, y, x + 5, y + 5), fill=0)
    assert recognizer.read_number(page).text == "365"


def test_a_ruled_line_below_is_no_digit(recognizer: DigitRecognizer):
    page = render_number(plain("365"))
    ImageDraw.Draw(page).line((10, 185, 590, 185), fill=0, width=3)
    assert recognizer.read_number(page).text == "365"


def test_a_box_around_is_no_digit(recognizer: DigitRecognizer):
    page = render_number(plain("365"))
    ImageDraw.Draw(page).rectangle((8, 8, 591, 191), outline=0, width=3)
    assert recognizer.read_number(page).text == "365"


def test_writing_that_climbs_is_read(recognizer: DigitRecognizer):
    page = render_number(plain("1984"), (600, 240)).rotate(8, expand=True, fillcolor=255)
    assert recognizer.read_number(page).text == "1984"


def test_light_ink_on_dark_reads_the_same(recognizer: DigitRecognizer):
    page = render_number(plain("365"))
    dark = page.point([255 - level for level in range(256)])
    assert recognizer.read_number(dark).text == "365"


def test_a_scribble_beside_the_number_is_left_out_and_reported(recognizer: DigitRecognizer):
    page = Image.new("L", (800, 200), 255)
    page.paste(render_number(plain("365")), (0, 0))
    pen = ImageDraw.Draw(page)
    for x in range(640, 780, 14):
        pen.line((x, 60, x + 7, 140), fill=0, width=8)
        pen.line((x + 7, 140, x + 14, 60), fill=0, width=8)
    number = recognizer.read_number(page)
    sure = "".join(str(d.prediction.digit) for d in number.digits if d.prediction.is_digit)
    assert sure == "365"
    doubtful = [d for d in (*number.digits, *number.left_out) if not d.prediction.is_digit]
    assert doubtful
    assert all(mark.box.left > 600 for mark in doubtful)


def test_a_number_is_json_ready(recognizer: DigitRecognizer):
    number = recognizer.read_number(render_number(plain("07")))
    parsed = json.loads(json.dumps(number.to_dict()))
    assert parsed["text"] == "07"
    assert parsed["digits"][0]["box"] == number.digits[0].box.to_dict()


def test_one_call_of_the_session_reads_all_candidates(
    recognizer: DigitRecognizer, monkeypatch: pytest.MonkeyPatch
):
    calls: list[int] = []
    run = DigitRecognizer.run

    def spy(self: DigitRecognizer, ink: np.ndarray):
        calls.append(len(ink))
        return run(self, ink)

    monkeypatch.setattr(DigitRecognizer, "run", spy)
    recognizer.read_number(render_number(plain("20731")))
    assert len(calls) == 1


def test_blank_paper_is_blank(recognizer: DigitRecognizer):
    with pytest.raises(BlankImageError):
        recognizer.read_number(Image.new("L", (600, 200), 255))


def test_thousands_of_specks_stay_bounded(
    recognizer: DigitRecognizer, monkeypatch: pytest.MonkeyPatch
):
    drawn: list[int] = []
    run = DigitRecognizer.run

    def spy(self: DigitRecognizer, ink: np.ndarray):
        drawn.append(ink.size)
        return run(self, ink)

    monkeypatch.setattr(DigitRecognizer, "run", spy)
    page = np.full((1000, 1000), 255, np.uint8)
    page[5::12, 5::12] = 0
    page[6::12, 5::12] = 0
    assert_consistent(recognizer.read_number(page), 1000, 1000)
    assert sum(drawn) < 20_000_000  # bytes of ink at once


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(1, 60), st.integers(1, 90)),
        elements=st.sampled_from([0, 0, 0, 255, 128]),
        fill=st.just(255),
    )
)
def test_any_image_gives_a_number_or_a_clear_error(recognizer: DigitRecognizer, page: np.ndarray):
    try:
        number = recognizer.read_number(page)
    except InferenceError:
        return
    assert_consistent(number, page.shape[1], page.shape[0])
    lefts = [digit.box.left + digit.box.width / 2 for digit in number.digits]
    assert lefts == sorted(lefts)
