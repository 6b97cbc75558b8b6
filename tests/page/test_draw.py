"""The tab to draw in."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.page.opened import answers, file_content, html_elements, open_page


def test_an_empty_canvas_has_no_answer() -> None:
    page = open_page()

    assert answers(page) == []
    assert any("The answer appears here." in body for body in html_elements(page))


def test_a_stroke_reaches_the_real_model(draw: Callable[..., None]) -> None:
    draw()

    assert answers(open_page())[0].startswith("3 |")


def test_a_drawing_without_a_number_is_called_so(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict()
    draw()

    page = open_page()

    assert answers(page) == ["No digit | No number is found on it; write larger or darker."]
    assert not page.expander


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
        b"\x89PNG\r\n\x1a\n123",
        file_content(Image.new("L", (4_000, 4_000), 255)),
    ],
    ids=["nothing", "PostScript", "a damaged PNG", "a large PNG"],
)
def test_a_canvas_that_sends_something_else_gets_a_friendly_answer(
    content: bytes, canvas: SimpleNamespace
) -> None:
    canvas.strokes, canvas.content = 1, content

    page = open_page()

    assert not page.exception
    assert page.warning[0].value.startswith("The drawing cannot be read.")
