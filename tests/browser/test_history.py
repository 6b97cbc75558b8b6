"""Undo and redo, of strokes, of Clear and of examples."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.digit_page import Answer, DigitPage
from tests.browser.test_phone import COMMON_PHONE
from tests.drawings import load_drawings

pytestmark = pytest.mark.browser

BY_NAME = {str(drawing): drawing for drawing in load_drawings()}
THREE = BY_NAME["3 round"]
DOWN = [(140.0, y) for y in range(40, 241, 10)]
ACROSS = [(x, 140.0) for x in range(40, 241, 10)]


def draw_two_strokes(page: DigitPage) -> tuple[Answer, Answer]:
    page.draw_strokes([DOWN])
    first = page.answer_to(1)
    page.draw_strokes([ACROSS])
    return first, page.answer_to(2)


def click_on(page: DigitPage, button: str) -> None:
    page.page.get_by_role("button", name=button, exact=True).click()


def test_undo_and_redo_go_through_the_strokes(page: DigitPage) -> None:
    first, second = draw_two_strokes(page)

    page.undo.click()
    assert page.answer_to(1) == first
    page.redo.click()
    assert page.answer_to(2) == second


def test_undoing_the_only_stroke_leaves_the_hint(page: DigitPage) -> None:
    page.draw_strokes([DOWN])
    page.answer_to(1)

    page.undo.click()

    expect(page.hint).to_be_visible()


def test_strokes_in_quick_succession_are_taken_back_one_by_one(page: DigitPage) -> None:
    page.draw_strokes([DOWN, ACROSS])
    page.answer_to(2)

    page.undo.click()

    page.answer_to(1)


def test_undo_at_once_takes_back_the_last_stroke(page: DigitPage) -> None:
    page.draw_strokes([DOWN])
    page.answer_to(1)
    page.draw_strokes([ACROSS])

    page.undo.click()
    page.page.wait_for_timeout(500)  # The stroke must have had the time to come back.
    page.answer_to(1)
    page.redo.click()
    page.answer_to(2)


def test_a_stroke_forgets_what_was_taken_back(page: DigitPage) -> None:
    draw_two_strokes(page)
    page.undo.click()
    page.answer_to(1)

    page.draw_strokes([ACROSS])
    page.answer_to(2)

    expect(page.redo).to_be_disabled()


def test_nothing_can_be_taken_back_at_first(open_page: Callable[..., DigitPage]) -> None:
    page = open_page()

    expect(page.undo).to_be_disabled()
    expect(page.redo).to_be_disabled()


def test_undo_takes_back_clear_with_answer_ink_and_frames(page: DigitPage) -> None:
    answer = page.draw(THREE)
    ink = page.ink_pixels()
    frame = page.frames().bounding_box()
    page.clear()

    page.undo.click()

    assert page.answer_to(1) == answer
    assert page.ink_pixels() == ink
    assert page.frames().bounding_box() == frame


def test_undo_goes_on_behind_clear_and_redo_comes_back(page: DigitPage) -> None:
    first, second = draw_two_strokes(page)
    page.clear()
    page.draw_strokes([ACROSS])
    third = page.answer_to(1)

    page.undo.click()
    expect(page.hint).to_be_visible()
    page.undo.click()
    assert page.answer_to(2) == second
    page.undo.click()
    assert page.answer_to(1) == first

    page.redo.click()
    assert page.answer_to(2) == second
    page.redo.click()
    expect(page.hint).to_be_visible()
    page.redo.click()
    assert page.answer_to(1) == third


def test_clearing_an_empty_paper_is_nothing_to_take_back(page: DigitPage) -> None:
    page.draw_strokes([DOWN])
    page.answer_to(1)
    page.undo.click()
    expect(page.hint).to_be_visible()

    click_on(page, "Clear")
    page.page.wait_for_timeout(500)  # It must have had the time to be done.

    page.redo.click()
    page.answer_to(1)


def test_undo_takes_back_an_example(page: DigitPage) -> None:
    answer = page.draw(THREE)
    click_on(page, "A year")
    page.answer_to(5)

    page.undo.click()
    assert page.answer_to(1) == answer
    page.redo.click()
    assert page.answer_to(5).digits == "1984"


def test_a_stroke_on_an_example_is_taken_back_alone(page: DigitPage) -> None:
    page.look_at("A star")
    page.draw_strokes([DOWN])
    page.answer_to(2)

    page.undo.click()

    assert page.answer_to(1).digits == "No digit"


def test_a_drawing_that_is_cleared_at_once_comes_back(page: DigitPage) -> None:
    page.draw_strokes([DOWN])
    page.clear()

    page.undo.click()

    page.answer_to(1)


def test_a_correction_comes_back_with_its_drawing(open_page: Callable[..., DigitPage]) -> None:
    page = open_page()
    page.draw(THREE)
    page.page.get_by_role("radiogroup").last.get_by_role("radio", name="8").click()
    expect(page.frames("corrected")).to_have_text("8 ✎")
    page.clear()

    page.undo.click()

    expect(page.frames("corrected")).to_have_text("8 ✎")
    expect(page.page.locator(".answer")).to_have_attribute("data-numbers", "8")


def test_a_drawing_that_would_be_cut_off_does_not_come_back(
    open_page: Callable[..., DigitPage],
) -> None:
    page = open_page(viewport={"width": 1000, "height": 800})
    page.draw(THREE)
    page.page.set_viewport_size({"width": 500, "height": 800})

    page.clear()

    expect(page.canvas).to_have_attribute("width", "468")
    expect(page.undo).to_be_disabled()


@pytest.mark.parametrize(
    ("undo", "redo"),
    [("Control+z", "Control+y"), ("Control+z", "Control+Shift+z"), ("Meta+z", "Meta+Shift+z")],
)
def test_the_keys_for_undo_and_redo_work(page: DigitPage, undo: str, redo: str) -> None:
    first, second = draw_two_strokes(page)

    page.page.keyboard.press(undo)
    assert page.answer_to(1) == first
    page.page.keyboard.press(redo)
    assert page.answer_to(2) == second


def test_keys_in_quick_succession_go_as_many_steps(page: DigitPage) -> None:
    draw_two_strokes(page)
    page.clear()
    page.draw(THREE)
    click_on(page, "A year")
    page.answer_to(5)

    for _ in range(3):
        page.page.keyboard.press("Control+z")
    page.answer_to(2)
    for _ in range(3):
        page.page.keyboard.press("Control+y")
    page.answer_to(5)


def test_the_keys_are_a_text_fields_own_while_one_writes(page: DigitPage) -> None:
    page.draw(THREE)
    field = page.page.get_by_label("Write the whole number")
    field.press_sequentially("12")

    field.press("Control+z")

    assert field.input_value() != "12"
    page.page.wait_for_timeout(500)  # The drawing must have had the time to go.
    page.answer_to(1)


def test_the_keys_leave_a_drawing_that_is_not_seen(page: DigitPage) -> None:
    page.draw(THREE)
    page.page.get_by_role("tab", name="Upload").click()
    expect(page.canvas).to_be_hidden()

    page.page.keyboard.press("Control+z")

    page.page.get_by_role("tab", name="Draw").click()
    page.answer_to(1)
    assert page.ink_pixels() > 0


@pytest.mark.parametrize("by_touch", [False, True], ids=["mouse", "touch"])
def test_a_fast_stroke_keeps_all_its_points(
    open_page: Callable[..., DigitPage], *, by_touch: bool
) -> None:
    page = open_page(**COMMON_PHONE)
    zigzag = [(60 + x, 60 + abs(x % 80 - 40) * 4) for x in range(240)]
    page.draw_strokes([zigzag], by_touch=by_touch)
    page.answer_to(1)
    slow_ink = page.ink_pixels()
    page.clear()

    page.draw_at_once(zigzag, by_touch=by_touch)
    page.answer_to(1)

    assert page.ink_pixels() == pytest.approx(slow_ink, rel=0.02)
