"""A running app and a real browser; `DigitPage` is what the tests speak to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.digit_page import BROWSER_NAMES, DigitPage, find_browser, open_browser, serve_app
from tests.drawings import load_drawings, render_number
from tests.needs import skip_unless_ci

BEFORE_THE_CAMERA = ("2 flat base", "7 crossed", "0 oval")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    executable = find_browser()
    if executable is None:
        skip_unless_ci(f"none of {', '.join(BROWSER_NAMES)} is installed: apt install chromium")
    camera = tmp_path_factory.mktemp("camera") / "number.mjpeg"
    drawings = {str(drawing): drawing for drawing in load_drawings()}
    paper = render_number([drawings[name] for name in BEFORE_THE_CAMERA], (1280, 720), 26)
    paper.convert("RGB").save(camera, "JPEG")
    with open_browser(
        executable,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ) as browser:
        yield browser


@pytest.fixture(scope="session")
def server_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("app") / "server.log"


@pytest.fixture(scope="session")
def app_url(browser: Browser, server_log: Path) -> Iterator[str]:  # noqa: ARG001
    # Asks for the browser first: without one there is nothing to serve.
    with serve_app(server_log) as url:
        yield url


@pytest.fixture(scope="module")
def open_page(browser: Browser, app_url: str) -> Iterator[Callable[..., DigitPage]]:
    """Opens pages with Playwright's context options; none may have met an error."""
    pages: list[DigitPage] = []

    def open_page(**context_options: Any) -> DigitPage:
        page = DigitPage(browser.new_context(**context_options).new_page(), app_url)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.page.context.close()
    assert [error for page in pages for error in page.errors] == []


@pytest.fixture(scope="module")
def shared_page(open_page: Callable[..., DigitPage]) -> DigitPage:
    return open_page()


@pytest.fixture
def page(shared_page: DigitPage) -> DigitPage:
    """An open page with an empty canvas."""
    shared_page.page.get_by_role("tab", name="Draw").click()
    shared_page.clear()
    return shared_page
