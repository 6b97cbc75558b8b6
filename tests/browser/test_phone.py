"""The page on a phone, drawn on with a finger."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.digit_page import DigitPage
from tests.browser.test_upload import png
from tests.drawings import load_drawings, render_number

pytestmark = pytest.mark.browser

TOUCH = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2}
COMMON_PHONE = {"viewport": {"width": 390, "height": 844}, **TOUCH}
SMALL_PHONE = {"viewport": {"width": 320, "height": 640}, **TOUCH}


@pytest.fixture(scope="module", params=[COMMON_PHONE, SMALL_PHONE], ids=["390 px", "320 px"])
def phone(request: pytest.FixtureRequest, open_page: Callable[..., DigitPage]) -> DigitPage:
    return open_page(**request.param)


@pytest.fixture
def page(phone: DigitPage) -> DigitPage:
    phone.clear()
    return phone


def test_the_page_does_not_scroll_sideways(page: DigitPage) -> None:
    page.draw(load_drawings()[0], by_touch=True)

    for scroller in ("html", "[data-testid=stMain]"):
        fits = "element => element.scrollWidth <= element.clientWidth"
        assert page.page.locator(scroller).evaluate(fits)


def test_the_canvas_and_its_tools_are_fully_visible(page: DigitPage) -> None:
    for element in (page.canvas, page.undo, page.redo):
        expect(element).to_be_in_viewport(ratio=1)


def test_a_digit_drawn_by_touch_is_recognized(page: DigitPage) -> None:
    drawing = load_drawings()[0]

    assert page.draw(drawing, by_touch=True).digits == str(drawing.label)


@pytest.mark.parametrize("x", [10.0, 348.0], ids=["left", "right"])
def test_the_first_stroke_may_begin_in_a_top_corner(
    open_page: Callable[..., DigitPage], x: float
) -> None:
    page = open_page(**COMMON_PHONE)

    page.draw_strokes([[(x, 10.0), ((x + 140) / 2, 75.0), (140.0, 140.0)]], by_touch=True)

    page.answer_to(1)


def test_drawing_does_not_scroll_the_page(page: DigitPage) -> None:
    page.draw_strokes([[(140.0, y) for y in range(260, 20, -10)]], by_touch=True)
    page.answer_to(1)

    assert page.page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0


def test_the_canvas_fills_the_screen(page: DigitPage) -> None:
    viewport = page.page.viewport_size
    assert viewport is not None
    assert page.canvas_box()["width"] == viewport["width"] - 32  # A margin on each side.


def test_a_number_written_by_touch_is_read(page: DigitPage) -> None:
    drawings = {str(drawing): drawing for drawing in load_drawings()}
    names = ("2 flat base", "0 oval", "3 round")
    thinner = page.page.get_by_role("slider", name="Pen width")
    thinner.press("Home")
    expect(thinner).to_have_attribute("aria-valuetext", "Pen 6 px")

    assert page.write([drawings[name] for name in names], by_touch=True).digits == "203"


def test_a_turned_phone_keeps_the_drawing(open_page: Callable[..., DigitPage]) -> None:
    page = open_page(**COMMON_PHONE)
    drawing = load_drawings()[0]
    page.draw(drawing, by_touch=True)
    ink = page.ink_pixels()

    for width, height in ((844, 390), (390, 844)):
        page.page.set_viewport_size({"width": width, "height": height})
        page.page.wait_for_timeout(500)  # The page must have had the time to go wrong.
        assert page.ink_pixels() == ink
        assert page.answer_to(len(drawing.strokes)).digits == str(drawing.label)


def test_a_cleared_canvas_fits_the_turned_phone(open_page: Callable[..., DigitPage]) -> None:
    page = open_page(**COMMON_PHONE)
    page.page.set_viewport_size({"width": 844, "height": 390})

    expect(page.canvas).not_to_have_js_property("offsetWidth", 358)
    assert page.canvas_box()["width"] > 600


def test_an_example_is_looked_at_by_touch(page: DigitPage) -> None:
    assert page.look_at("A postal code").digits == "20731"


def test_every_right_digit_can_be_tapped(page: DigitPage) -> None:
    page.draw(load_drawings()[0], by_touch=True)

    buttons = page.page.get_by_role("radiogroup").last.get_by_role("radio")
    expect(buttons).to_have_text([*"0123456789", "no digit"])


def test_everything_to_draw_with_is_large_enough_for_a_finger(
    open_page: Callable[..., DigitPage],
) -> None:
    page = open_page(**COMMON_PHONE)
    page.draw(load_drawings()[0], by_touch=True)
    page.page.get_by_role("radiogroup").last.get_by_role("radio", name="8").click()
    page.page.get_by_text("1 digit corrected.").wait_for()

    assert_targets_are_large_enough(page, at_least=25)


def test_a_message_is_closed_by_a_finger(open_page: Callable[..., DigitPage]) -> None:
    page = open_page(**COMMON_PHONE)
    page.draw(load_drawings()[0], by_touch=True)
    page.page.get_by_label("Write the whole number").fill("abc")
    page.page.keyboard.press("Enter")
    page.page.get_by_test_id("stToast").wait_for()

    assert_targets_are_large_enough(page, at_least=25)


def test_everything_about_uploads_is_large_enough_for_a_finger(
    open_page: Callable[..., DigitPage],
) -> None:
    page = open_page(**COMMON_PHONE)
    page.page.get_by_role("tab", name="Upload").tap()
    assert_targets_are_large_enough(page, at_least=5)
    number = png(render_number(load_drawings()[:2]))
    page.upload(*((f"{index}.png", number) for index in range(6)))
    page.page.get_by_label("Write the whole number").filter(visible=True).wait_for()
    assert_targets_are_large_enough(page, at_least=25)

    page.page.get_by_role("combobox", name="Look closer at").tap()

    page.page.get_by_role("option").first.wait_for()
    assert_targets_are_large_enough(page, at_least=31)


def test_the_camera_and_the_menu_are_large_enough_for_a_finger(
    open_page: Callable[..., DigitPage],
) -> None:
    page = open_page(**COMMON_PHONE)
    page.page.get_by_role("tab", name="Camera").tap()
    page.page.get_by_role("button", name="Take Photo").wait_for()

    page.page.get_by_test_id("stMainMenu").get_by_role("button").tap()

    page.page.get_by_role("menuitem", name="Print").wait_for()
    assert_targets_are_large_enough(page, at_least=7)


def assert_targets_are_large_enough(page: DigitPage, at_least: int) -> None:
    targets = page.page.locator(
        "button, summary, [role=tab], [role=option], input:not([type=range]), .stSlider > div > div"
    ).filter(visible=True)
    boxes = [(str(target), target.bounding_box()) for target in targets.all()]
    assert len(boxes) >= at_least
    too_small = [
        (name, box) for name, box in boxes if box and min(box["width"], box["height"]) < 44
    ]
    assert too_small == []


def test_undo_works_by_touch(page: DigitPage) -> None:
    page.draw_strokes([[(140.0, y) for y in range(40, 241, 10)]], by_touch=True)
    page.answer_to(1)

    page.undo.tap()

    expect(page.hint).to_be_visible()


def test_the_answer_is_on_the_first_screen_of_a_common_phone(
    open_page: Callable[..., DigitPage],
) -> None:
    page = open_page(**COMMON_PHONE)

    page.draw(load_drawings()[0], by_touch=True)

    expect(page.page.locator(".answer")).to_be_in_viewport(ratio=1)


def test_the_answer_is_directly_below_the_paper_and_the_examples_below_it(
    open_page: Callable[..., DigitPage],
) -> None:
    page = open_page(**COMMON_PHONE)
    page.draw(load_drawings()[0], by_touch=True)

    paper, answer = page.canvas_box(), page.page.locator(".answer").bounding_box()
    examples = page.page.get_by_role("button", name="A year").bounding_box()
    assert answer is not None
    assert examples is not None
    assert 0 < answer["y"] - (paper["y"] + paper["height"]) < 100  # Its tools are in between.
    assert answer["y"] + answer["height"] < examples["y"]
