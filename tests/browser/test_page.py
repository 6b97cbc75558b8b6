"""What holds for the page as a whole."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.digit_page import DigitPage
from tests.drawings import load_drawings

pytestmark = pytest.mark.browser

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
