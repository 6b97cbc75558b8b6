"""Asking why, and correcting what was read."""

import io
import re
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from inference import DigitRecognizer
from tests.browser.digit_page import DigitPage
from tests.drawings import load_drawings

pytestmark = pytest.mark.browser

# Saturated pixels of the heat map, as the page shows it.
COLOURED_PIXELS = """image => {
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let count = 0;
    for (let i = 0; i < data.length; i += 4)
        if (Math.max(data[i], data[i + 1], data[i + 2])
            - Math.min(data[i], data[i + 1], data[i + 2]) > 80) count += 1;
    return count / (data.length / 4);
}"""


@pytest.fixture
def page(open_page: Callable[..., DigitPage]) -> DigitPage:
    return open_page()


def right_digit(page: DigitPage, digit: int) -> Locator:
    return page.page.get_by_role("radiogroup").last.get_by_role("radio", name=str(digit))


def test_why_shows_a_heat_map_and_what_the_second_choice_would_need(page: DigitPage) -> None:
    page.draw(next(drawing for drawing in load_drawings() if drawing.label == 3))

    page.page.get_by_text("Why?", exact=True).click()

    heat_map = page.page.get_by_role("img", name="What speaks for 3, in orange")
    expect(heat_map).to_be_visible()
    expect(page.page.get_by_text("What speaks for 3.")).to_be_visible()
    assert heat_map.evaluate(COLOURED_PIXELS) > 0.02
    expect(page.page.get_by_text(re.compile(r"What \d would need\."))).to_be_visible()


def test_why_stays_open_for_the_next_drawing(page: DigitPage) -> None:
    page.look_at("A crossed 7")
    page.page.get_by_text("Why?", exact=True).click()
    page.page.get_by_role("img", name="What speaks for 7, in orange").wait_for()

    page.page.get_by_role("button", name="A year").click()

    expect(page.page.get_by_text(re.compile(r"What speaks for [1984]\."))).to_be_visible()


def test_a_digit_is_corrected_with_one_click_and_downloaded(page: DigitPage) -> None:
    page.draw(next(drawing for drawing in load_drawings() if drawing.label == 3))

    right_digit(page, 8).click()

    expect(page.page.get_by_text("1 digit corrected.")).to_be_visible()
    expect(page.page.get_by_text("Nothing is kept on the server: download")).to_be_visible()
    expect(page.page.get_by_text("training.train --extra FOLDER --output mine")).to_be_visible()
    name, content = page.download("Download as zip")
    assert name == "corrected.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (member,) = archive.namelist()
        assert re.fullmatch(r"8/[0-9a-f]{16}\.png", member)
        picture = Image.open(archive.open(member))
    assert DigitRecognizer().predict(picture).digit == 3


def test_a_correction_corrects_headline_and_frame(page: DigitPage) -> None:
    page.look_at("A year")
    page.page.get_by_role("radiogroup").first.get_by_role("radio", name="8").click()
    page.page.get_by_role("img", name="The 8 as the model sees it").wait_for()

    right_digit(page, 3).click()

    answer = page.page.locator(".answer")
    expect(answer).to_have_attribute("data-numbers", "1934")
    expect(answer).to_contain_text("Corrected by you")
    expect(page.frames("corrected")).to_have_text("3 ✎")
    # The same digit is still looked at.
    expect(page.page.get_by_role("img", name="The 8 as the model sees it")).to_be_visible()


def test_a_missing_digit_is_written(page: DigitPage) -> None:
    page.look_at("A year")

    page.page.get_by_label("Write the whole number").fill("19845")
    page.page.keyboard.press("Enter")

    expect(page.page.locator(".answer")).to_have_attribute("data-numbers", "19845")
    expect(page.page.get_by_text("1 number corrected.")).to_be_visible()


def test_a_refused_number_leaves_the_page_as_it_was(page: DigitPage) -> None:
    page.look_at("A year")
    size = "element => [element.offsetWidth, element.offsetHeight]"
    frame_size = page.frames().first.evaluate(size)

    page.page.get_by_label("Write the whole number").fill("abc")
    page.page.keyboard.press("Enter")

    expect(page.page.get_by_text("A number has up to 40 digits")).to_be_visible()
    assert page.frames().first.evaluate(size) == frame_size


def test_a_correction_of_another_drawing_is_taken_back_from_the_list(page: DigitPage) -> None:
    page.look_at("A crossed 7")
    right_digit(page, 1).click()
    page.page.get_by_text("1 digit corrected.").wait_for()
    page.look_at("A year")

    page.page.get_by_role("button", name="Take back").click()

    expect(page.page.get_by_text("1 digit corrected.")).to_have_count(0)
    page.look_at("A crossed 7")
    expect(right_digit(page, 1)).not_to_be_checked()
    expect(page.page.locator(".answer")).to_have_attribute("data-numbers", "7")


def test_corrections_of_several_drawings_are_collected(page: DigitPage) -> None:
    page.look_at("A crossed 7")
    right_digit(page, 1).click()
    page.page.get_by_text("1 digit corrected.").wait_for()
    page.look_at("A year")
    page.page.get_by_role("radiogroup").first.get_by_role("radio", name="8").click()
    page.page.get_by_role("img", name="The 8 as the model sees it").wait_for()

    right_digit(page, 3).click()

    page.page.get_by_text("2 digits corrected.").wait_for()
    _, content = page.download("Download as zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(member[0] for member in archive.namelist()) == ["1", "3"]
        eight = next(member for member in archive.namelist() if member.startswith("3/"))
        assert DigitRecognizer().predict(Image.open(archive.open(eight))).digit == 8


def test_a_correction_is_taken_back_with_the_same_click(page: DigitPage) -> None:
    page.look_at("A crossed 7")
    right_digit(page, 1).click()
    page.page.get_by_text("1 digit corrected.").wait_for()

    right_digit(page, 1).click()

    expect(page.page.get_by_text("1 digit corrected.")).not_to_be_visible()


def test_a_correction_is_remembered_when_its_drawing_comes_back(page: DigitPage) -> None:
    page.look_at("A crossed 7")
    right_digit(page, 1).click()
    page.page.get_by_text("1 digit corrected.").wait_for()

    page.clear()
    page.look_at("A crossed 7")

    expect(right_digit(page, 1)).to_be_checked()


def test_what_one_visitor_corrects_no_other_sees(open_page: Callable[..., DigitPage]) -> None:
    one, other = open_page(), open_page()
    one.look_at("A crossed 7")
    right_digit(one, 1).click()
    one.page.get_by_text("1 digit corrected.").wait_for()

    other.look_at("A crossed 7")

    expect(right_digit(other, 1)).to_be_visible()
    expect(right_digit(other, 1)).not_to_be_checked()
