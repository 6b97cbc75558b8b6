"""Taking a photograph, with a number before the camera."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import BEFORE_THE_CAMERA
from tests.browser.digit_page import DigitPage

pytestmark = pytest.mark.browser

COUNT_REQUESTS = """() => {
    window.cameraRequests = 0;
    const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (...args) => {
        window.cameraRequests += 1;
        return original(...args);
    };
}"""


def test_a_number_on_paper_is_photographed_and_read(open_page: Callable[..., DigitPage]) -> None:
    page = open_page(permissions=["camera"])
    page.page.get_by_role("tab", name="Camera").click()
    # The button can be pressed before the camera has a picture, and then nothing is taken.
    page.page.wait_for_function("document.querySelector('video')?.videoWidth > 0")

    page.page.get_by_role("button", name="Take Photo").click()

    answer = page.page.get_by_role("tabpanel", name="Camera").locator(".answer")
    expect(answer).to_be_visible()
    assert answer.get_attribute("data-numbers") == "".join(name[0] for name in BEFORE_THE_CAMERA)
    expect(page.frames()).to_have_count(3)
    expect(page.page.get_by_role("tabpanel", name="Camera").locator("img:visible")).to_have_count(2)
    expect(answer).to_be_in_viewport(ratio=1)  # Beside the photograph, which is shown once.


def test_the_camera_is_not_asked_for_before_its_tab_is_opened(
    open_page: Callable[..., DigitPage],
) -> None:
    page = open_page(permissions=["camera"])
    page.page.evaluate(COUNT_REQUESTS)

    page.look_at("A star")
    assert page.page.evaluate("window.cameraRequests") == 0

    page.page.get_by_role("tab", name="Camera").click()
    page.page.get_by_role("button", name="Take Photo").wait_for()
    assert page.page.evaluate("window.cameraRequests") > 0


def test_a_drawing_survives_a_look_at_the_camera(open_page: Callable[..., DigitPage]) -> None:
    page = open_page(permissions=["camera"])
    page.look_at("A year")
    ink = page.ink_pixels()

    page.page.get_by_role("tab", name="Camera").click()
    page.page.get_by_role("button", name="Take Photo").wait_for()
    page.page.get_by_role("tab", name="Draw").click()

    expect(page.frames()).to_have_count(4)
    assert page.ink_pixels() == ink
