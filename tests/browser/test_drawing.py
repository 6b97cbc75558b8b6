"""Drawing with the mouse."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.digit_page import Answer, DigitPage
from tests.drawings import Drawing, load_drawings

pytestmark = pytest.mark.browser

DRAWINGS = load_drawings()
DOWN = [(140.0, y) for y in range(40, 241, 10)]
ACROSS = [(x, 140.0) for x in range(40, 241, 10)]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_a_drawn_digit_is_recognized(page: DigitPage, drawing: Drawing) -> None:
    assert page.draw(drawing).digits == str(drawing.label)


def test_the_answer_comes_with_confidence_probabilities_and_the_seen_image(page: DigitPage) -> None:
    answer = page.draw(DRAWINGS[0])

    assert answer.text.endswith("confident")
    expect(page.page.get_by_role("img", name="The digit as the model sees it")).to_be_visible()
    chart = page.page.get_by_test_id("stVegaLiteChart")
    expect(chart.locator(".role-axis-label text")).to_have_text(list("0123456789"))


def test_every_stroke_is_answered_without_pressing_a_button(page: DigitPage) -> None:
    page.draw_strokes([DOWN])
    page.answer_to(1)
    page.draw_strokes([ACROSS])
    page.answer_to(2)


def test_undo_and_redo_go_through_the_strokes(page: DigitPage) -> None:
    page.draw_strokes([DOWN])
    first = page.answer_to(1)
    page.draw_strokes([ACROSS])
    second = page.answer_to(2)

    page.undo.click()
    assert page.answer_to(1) == first
    page.redo.click()
    assert page.answer_to(2) == second


def test_undoing_the_only_stroke_leaves_the_hint(page: DigitPage) -> None:
    page.draw_strokes([DOWN])
    page.answer_to(1)

    page.undo.click()

    expect(page.hint).to_be_visible()


def test_clear_empties_the_paper(page: DigitPage) -> None:
    page.draw(DRAWINGS[0])

    page.clear()

    assert page.ink_pixels() == 0
    expect(page.undo).to_be_disabled()


def test_the_pen_width_changes_by_keyboard_and_keeps_the_drawing(
    open_page: Callable[..., DigitPage],
) -> None:
    page = open_page()
    page.draw_strokes([DOWN])
    page.answer_to(1)
    thin_ink = page.ink_pixels()
    slider = page.page.get_by_role("slider", name="Pen width")

    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "32 px")
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
