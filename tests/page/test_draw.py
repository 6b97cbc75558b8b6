"""The tab to draw in."""

import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.page.opened import answers, file_content, html_elements, open_page


def two_strokes() -> Image.Image:
    """An upright and a flat one, far from each other."""
    paper = Image.new("L", (200, 100), 255)
    paper.paste(0, (20, 10, 30, 60))
    paper.paste(0, (100, 40, 160, 50))
    return paper


def test_an_empty_canvas_has_no_answer() -> None:
    page = open_page()

    assert answers(page) == []
    assert any("The answer appears here." in body for body in html_elements(page))


def test_a_stroke_reaches_the_real_model(draw: Callable[..., None]) -> None:
    draw()

    assert answers(open_page())[0].startswith("3 |")


def test_a_drawing_without_a_number_is_doubtfully_what_the_digit_network_says(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict()
    draw()

    (answer,) = answers(open_page())

    assert re.fullmatch(r"3\? \| Not sure: 3 \(.*\) or . \(.*\)", answer)


def test_a_drawing_that_is_no_digit_either_is_called_so_with_what_it_resembles(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict()
    draw(two_strokes())

    (answer,) = answers(open_page())

    assert re.fullmatch(r"No digit \| It resembles . \(.*\) and . \(.*\) most", answer)


def test_all_of_a_drawing_without_a_number_is_framed(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict()
    draw(two_strokes())

    page = open_page()

    (frames,) = [body for body in html_elements(page) if 'class="marks"' in body]
    assert "left: 10.00%; top: 10.00%; width: 70.00%; height: 50.00%" in frames


def test_a_drawing_without_ink_is_called_so(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict()
    draw(Image.new("L", (200, 100), 255))

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
