"""The tab to photograph in."""

from tests.drawings import render_number
from tests.page.opened import YEAR, file_content, html_elements, open_page


def test_a_photograph_is_answered() -> None:
    page = open_page()
    page.session_state["tab"] = "Camera"
    page.run()

    page.camera_input[0].set_value(
        ("photo.jpg", file_content(render_number(YEAR), "JPEG"), "image/jpeg")
    )
    page.run()

    assert not page.exception
    assert 'data-numbers="1984"' in "".join(html_elements(page))
