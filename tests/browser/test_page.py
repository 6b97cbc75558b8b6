"""What holds for the page as a whole."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.digit_page import DigitPage
from tests.drawings import load_drawings

pytestmark = pytest.mark.browser

LAPTOP = {"width": 1280, "height": 900}
FIVE_DIGITS = [one.sparse() for one in load_drawings() if one.label in (2, 3, 5, 6, 8)][::2][:5]
READABLE_CONTRAST = 4.5  # WCAG 2.2, level AA

# The contrast of every text under an element with the page's background.
CONTRASTS = """element => {
    const channels = colour => colour.match(/[\\d.]+/g).map(Number);
    const luminance = colour => {
        const [r, g, b] = channels(colour).slice(0, 3).map(value => value / 255)
            .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = luminance(getComputedStyle(document.querySelector(".stApp")).backgroundColor);
    const texts = [...element.querySelectorAll("*")].filter(node =>
        [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()));
    return texts.map(node => {
        const style = getComputedStyle(node);
        const ink = luminance(node instanceof SVGElement ? style.fill : style.color);
        return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    });
}"""


# Left, top, right and bottom of what is dark on a canvas.
INK_BOX = """canvas => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const xs = [], ys = [];
    for (let i = 0; i < width * height; i += 1)
        if (data[4 * i] < 128) { xs.push(i % width); ys.push(Math.floor(i / width)); }
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}"""


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_the_answer_is_readable_in_both_themes(
    open_page: Callable[..., DigitPage], scheme: str, is_dark: bool
) -> None:
    page = open_page(color_scheme=scheme)
    page.draw(load_drawings()[0])
    chart = page.page.get_by_test_id("stVegaLiteChart")
    chart.get_by_text("9", exact=True).wait_for()

    background = page.page.locator(".stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    assert ("255, 255, 255" not in background) == is_dark
    contrasts = [
        *page.page.locator(".answer").evaluate(CONTRASTS),
        *chart.evaluate(CONTRASTS),
    ]
    assert min(contrasts) >= READABLE_CONTRAST


def test_the_label_of_a_sure_digits_bar_is_whole(open_page: Callable[..., DigitPage]) -> None:
    page = open_page()
    page.draw(load_drawings()[0])
    chart = page.page.get_by_test_id("stVegaLiteChart")
    label = chart.get_by_text("%").last.bounding_box()
    picture = chart.locator("svg").first.bounding_box()
    assert label is not None
    assert picture is not None
    assert label["y"] >= picture["y"]


def test_the_line_about_the_model_is_not_too_pale(open_page: Callable[..., DigitPage]) -> None:
    line = open_page().page.get_by_text("Right on 99")
    opacity = line.evaluate("""element => {
        let opacity = 1;
        for (let each = element; each; each = each.parentElement)
            opacity *= getComputedStyle(each).opacity;
        return opacity;
    }""")
    assert opacity >= 0.75


def test_the_answer_is_beside_the_paper_and_the_examples_below_it(
    open_page: Callable[..., DigitPage],
) -> None:
    page = open_page(viewport=LAPTOP)
    page.write(FIVE_DIGITS)

    paper, answer = page.canvas_box(), page.page.locator(".answer").bounding_box()
    examples = page.page.get_by_role("button", name="A year").bounding_box()
    assert answer is not None
    assert examples is not None
    assert paper["width"] >= 700
    assert answer["x"] > paper["x"] + paper["width"]
    assert abs(answer["y"] - paper["y"]) < 20
    assert examples["x"] < answer["x"]
    assert examples["y"] > paper["y"] + paper["height"]


def test_nothing_about_five_digits_is_below_the_fold(open_page: Callable[..., DigitPage]) -> None:
    page = open_page(viewport=LAPTOP)
    page.write(FIVE_DIGITS)

    chart = page.page.get_by_test_id("stVegaLiteChart").locator("svg, canvas").first
    elements = [
        page.canvas,
        page.page.locator(".answer"),
        chart,
        page.page.get_by_role("radiogroup").last,
        page.page.get_by_label("Write the whole number"),
        page.page.get_by_text("Right on 99"),
    ]
    for element in elements:
        expect(element).to_be_in_viewport(ratio=1)


def test_an_empty_paper_invites_to_draw(open_page: Callable[..., DigitPage]) -> None:
    page = open_page(viewport=LAPTOP)
    paper, hint = page.canvas_box(), page.hint.bounding_box()
    assert hint is not None
    assert paper["y"] < hint["y"] < paper["y"] + paper["height"]
    page.page.mouse.move(paper["x"] + 300, paper["y"] + 100)

    page.page.mouse.down()

    expect(page.hint).to_be_hidden()
    page.page.mouse.up()


@pytest.mark.parametrize("size", [(1280, 900), (1000, 800), (390, 844)], ids=str)
def test_the_first_stroke_lies_where_the_pen_went(
    open_page: Callable[..., DigitPage], size: tuple[int, int]
) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]})
    box = page.canvas_box()  # At the first moment at which there is one.

    page.draw_strokes([[(100, y) for y in range(60, 221, 10)]])
    page.answer_to(1)

    assert page.canvas_box() == box
    assert page.page.locator("canvas.dc-canvas.lower-canvas").evaluate(INK_BOX) == [
        93,
        53,
        106,
        226,
    ]  # The pen is 14 pixels wide.


def test_nothing_is_asked_of_another_host(open_page: Callable[..., DigitPage]) -> None:
    page = open_page()

    page.draw(load_drawings()[0])
    page.page.get_by_role("tab", name="Upload").click()

    assert page.foreign_requests == []


def test_the_server_logs_no_warning(open_page: Callable[..., DigitPage], server_log: Path) -> None:
    page = open_page()

    page.draw(load_drawings()[0])

    log = server_log.read_text("utf-8")
    assert "URL: http://localhost" in log
    for word in ("Traceback", "Error", "Warning", "warning", "deprecated", "already registered"):
        assert word not in log
