"""Drawing with the mouse."""

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.browser.digit_page import Answer, DigitPage
from tests.drawings import Drawing, in_a_row, load_drawings

pytestmark = pytest.mark.browser

# Each move of the mouse waits for a frame of the screen.
DRAWINGS = [drawing.sparse() for drawing in load_drawings()]
BY_NAME = {str(drawing): drawing for drawing in DRAWINGS}
NUMBER = [
    BY_NAME[name] for name in ("4 open", "0 slashed", "7 crossed", "1 plain bar", "5 hat last")
]
DOWN = [(140.0, y) for y in range(40, 241, 10)]
ACROSS = [(x, 140.0) for x in range(40, 241, 10)]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_a_drawn_digit_is_recognized(page: DigitPage, drawing: Drawing) -> None:
    # Whether it is sure of all of them is measured elsewhere.
    assert page.draw(drawing).digits.rstrip("?") == str(drawing.label)


def test_the_answer_comes_with_confidence_probabilities_and_the_seen_image(page: DigitPage) -> None:
    answer = page.draw(DRAWINGS[0])

    assert answer.text.endswith("confident")
    expect(page.page.get_by_role("img", name="The 0 as the model sees it")).to_be_visible()
    chart = page.page.get_by_test_id("stVegaLiteChart")
    expect(chart.locator(".role-axis-label text")).to_have_text(list("0123456789"))


def test_every_stroke_is_answered_without_pressing_a_button(page: DigitPage) -> None:
    page.draw_strokes([DOWN])
    page.answer_to(1)
    page.draw_strokes([ACROSS])
    page.answer_to(2)


def test_clear_empties_the_paper(page: DigitPage) -> None:
    page.draw(DRAWINGS[0])

    page.clear()

    assert page.ink_pixels() == 0


def test_the_pen_says_what_it_is(page: DigitPage) -> None:
    expect(page.page.get_by_text("Pen 14 px", exact=True)).to_be_visible()


def test_the_pen_width_changes_by_keyboard_and_keeps_the_drawing(
    open_page: Callable[..., DigitPage],
) -> None:
    page = open_page()
    page.draw_strokes([DOWN])
    page.answer_to(1)
    thin_ink = page.ink_pixels()
    slider = page.page.get_by_role("slider", name="Pen width")

    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "Pen 32 px")
    page.draw_strokes([ACROSS])
    page.answer_to(2)  # Both strokes are there, and the new width has arrived before this answer.

    page.clear()
    page.draw_strokes([DOWN])
    page.answer_to(1)
    assert page.ink_pixels() > 1.5 * thin_ink


def test_a_drawing_survives_a_look_at_the_upload_tab(page: DigitPage) -> None:
    answer: Answer = page.draw(DRAWINGS[0])

    page.page.get_by_role("tab", name="Upload").click()
    page.page.get_by_role("tab", name="Draw").click()

    assert page.answer_to(len(DRAWINGS[0].strokes)) == answer
    assert page.ink_pixels() > 0


def test_a_whole_number_is_read_without_choosing_a_mode(page: DigitPage) -> None:
    answer = page.write(NUMBER)

    assert answer.digits == "40715"
    confidences = page.page.locator(".answer small").all_inner_texts()
    assert len(confidences) == 5
    assert all("%" in confidence for confidence in confidences)


def test_two_lines_are_two_answers_one_below_the_other(page: DigitPage) -> None:
    canvas = page.canvas_box()
    half = canvas["height"] / 2
    upper, lower = (in_a_row(digits, canvas["width"], half) for digits in (NUMBER[:3], NUMBER[3:]))

    page.draw_strokes([*upper, *([(x, y + half) for x, y in stroke] for stroke in lower)])

    assert page.answer_to(len(upper) + len(lower)).digits == "407 15"
    first, second = (line.bounding_box() for line in page.page.locator(".answer .several").all())
    assert first is not None
    assert second is not None
    assert first["y"] + first["height"] <= second["y"]
    # What resembles a digit too little may have a frame, too.
    digits = page.frames("mark:not(.rejected)")
    expect(digits).to_have_text([re.compile(rf"^{digit}\??$") for digit in "40715"])


def test_a_frame_lies_around_every_digit(page: DigitPage) -> None:
    page.write([BY_NAME["3 round"], BY_NAME["8 two circles"]])

    canvas = page.canvas_box()
    strokes = in_a_row(
        [BY_NAME["3 round"], BY_NAME["8 two circles"]], canvas["width"], canvas["height"]
    )
    expect(page.frames()).to_have_count(2)
    for frame, digit in zip(page.frames().all(), (strokes[:1], strokes[1:]), strict=True):
        box = frame.bounding_box()
        assert box is not None
        xs, ys = zip(*(point for stroke in digit for point in stroke), strict=True)
        # Half a pen's width and the frame's own are around the points; the rest is rounding, and
        # the network's error: it sees the digits a quarter as large, in cells of 4 pixels.
        assert box["x"] - canvas["x"] == pytest.approx(min(xs) - 7, abs=10)
        assert box["y"] - canvas["y"] == pytest.approx(min(ys) - 7, abs=10)
        assert box["width"] == pytest.approx(max(xs) - min(xs) + 14, abs=16)
        assert box["height"] == pytest.approx(max(ys) - min(ys) + 14, abs=16)


def test_the_frames_do_not_take_the_pen(page: DigitPage) -> None:
    page.draw_strokes([DOWN])
    page.answer_to(1)

    page.draw_strokes([[(140.0, y) for y in range(60, 221, 10)]])

    page.answer_to(2)


def test_a_scribble_beside_a_digit_is_reported_and_rejected(page: DigitPage) -> None:
    tips = [(500, 60), (560, 230), (410, 120), (590, 120), (440, 230), (500, 60)]
    # Close points, for the canvas rounds what lies between them.
    star = [
        (x + (next_x - x) * step / 15, y + (next_y - y) * step / 15)
        for (x, y), (next_x, next_y) in pairwise(tips)
        for step in range(16)
    ]

    page.draw_strokes([[(x + 100, y) for x, y in DOWN], star])

    answer = page.answer_to(2)
    assert answer.digits.rstrip("?") == "1"
    # The whole of it, or parts.
    assert "rejected as no digit" in answer.text
    expect(page.frames("rejected").first).to_have_text("✕")


def test_another_digit_of_a_number_can_be_looked_at(page: DigitPage) -> None:
    page.write(NUMBER)

    page.page.get_by_role("radio", name="7").first.click()

    expect(page.page.get_by_role("img", name="The 7 as the model sees it")).to_be_visible()


def test_each_of_two_equal_digits_can_be_looked_at(page: DigitPage) -> None:
    page.write([BY_NAME[name] for name in ("7 crossed", "1 plain bar", "7 crossed")])
    chooser = page.page.get_by_role("radiogroup", name="Look closer at").get_by_role("radio")

    for index in (2, 0):
        chooser.nth(index).click()
        expect(chooser.nth(index)).to_be_checked()
        expect(chooser.nth(2 - index)).not_to_be_checked()


def test_the_drawing_survives_a_narrower_window(open_page: Callable[..., DigitPage]) -> None:
    page = open_page(viewport={"width": 1000, "height": 800})
    answer = page.write(NUMBER)

    page.page.set_viewport_size({"width": 500, "height": 800})

    expect(page.canvas).to_have_js_property("offsetWidth", 468)
    assert page.canvas.get_attribute("width") != "468"  # It is scaled, and nothing cut off.
    box = page.canvas_box()
    page.draw_strokes([[(box["width"] - 10, 30.0), (box["width"] - 10, box["height"] - 30)]])
    page.answer_to(sum(len(drawing.strokes) for drawing in NUMBER) + 1)
    last = page.frames().last.bounding_box()
    assert last is not None
    assert last["x"] + last["width"] / 2 == pytest.approx(box["x"] + box["width"] - 10, abs=3)
    assert answer.digits == "40715"


@pytest.mark.parametrize(
    ("example", "digits"),
    [
        ("A crossed 7", "7"),
        ("A postal code", "20731"),
        ("A year", "1984"),
        ("Two digits that touch", "56"),
        ("A star", "No digit"),
    ],
)
def test_an_example_is_read_at_a_click(page: DigitPage, example: str, digits: str) -> None:
    assert page.look_at(example).digits == digits
    assert page.ink_pixels() > 0


def test_an_example_takes_the_place_of_what_was_drawn(page: DigitPage) -> None:
    page.draw(BY_NAME["4 open"])

    page.page.get_by_role("button", name="A crossed 7").click()

    expect(page.page.locator(".answer:visible")).to_have_attribute("data-numbers", "7")
    expect(page.frames()).to_have_count(1)


def test_an_example_can_be_cleared_and_drawn_over(page: DigitPage) -> None:
    page.look_at("A year")

    page.clear()
    assert page.ink_pixels() == 0

    assert page.draw(DRAWINGS[0]).digits == str(DRAWINGS[0].label)


def test_the_same_example_can_be_looked_at_again(page: DigitPage) -> None:
    page.look_at("A year")
    page.clear()

    assert page.look_at("A year").digits == "1984"
