"""The paper to draw on."""

import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from page.canvas import draw_canvas
from tests.page.opened import open_page


def test_the_canvas_is_as_wide_as_its_column_within_limits(
    canvas: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for measured, expected in ((358, 358), (1200, 704), (100, 240)):
        monkeypatch.setattr("page.canvas.measure_width", lambda measured=measured: measured)
        open_page()
        assert canvas.width == expected


def test_a_drawing_keeps_its_canvas_when_the_column_changes(
    canvas: SimpleNamespace, draw: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    draw()
    page.run()

    monkeypatch.setattr("page.canvas.measure_width", lambda: 358)
    page.run()

    assert canvas.width == 704


def sent_by_a_browser(value: object, monkeypatch: pytest.MonkeyPatch) -> tuple[int, bytes | None]:
    """What the page takes from a canvas that sent this."""

    def component(*_arguments: object, **_options: object) -> Callable[..., object]:
        return lambda **_options: value

    monkeypatch.setattr("page.canvas.component", component)
    # The component registers itself when it is imported, which needs a server.
    monkeypatch.delitem(sys.modules, "streamlit_drawable_canvas", raising=False)
    monkeypatch.setattr("streamlit.components.v2.component", component)
    return draw_canvas(600, 14, None)


@pytest.mark.parametrize(
    "drawing",
    [
        [1],
        "x",
        {"raw": "x", "data": None},
        {"raw": {"objects": 5}, "data": None},
        {"raw": {"objects": [{}]}, "data": "hello"},
        {"raw": {"objects": [{}]}, "data": 5},
        {"raw": {"objects": [{}]}, "data": "data:image/png;base64,!"},
    ],
    ids=str,
)
def test_a_canvas_may_send_what_it_likes(drawing: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent_by_a_browser({"drawing": drawing}, monkeypatch) == (1, b"")


def test_the_page_takes_the_canvas_as_the_browser_encoded_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawing = {"raw": {"objects": [{}, {}]}, "data": "data:image/png;base64,ZWlucw=="}
    assert sent_by_a_browser({"drawing": drawing}, monkeypatch) == (2, b"eins")
