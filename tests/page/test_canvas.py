"""The paper to draw on."""

from collections.abc import Callable

import pytest

from page.canvas import draw_canvas


def sent_by_a_browser(drawing: object, monkeypatch: pytest.MonkeyPatch) -> tuple[int, bytes | None]:
    """What the page takes from a canvas that sent this."""

    class Result:
        def __init__(self) -> None:
            self.drawing = drawing

    def component(*_arguments: object, **_options: object) -> Callable[..., object]:
        return lambda **_options: Result()

    monkeypatch.setattr("page.canvas.component", component)
    return draw_canvas(None)


@pytest.mark.parametrize(
    "drawing",
    [
        1,
        [1],
        "x",
        {},
        {"strokes": "x", "picture": ""},
        {"strokes": 1},
        {"strokes": 1, "picture": 5},
        {"strokes": 1, "picture": None},
        {"strokes": 1, "picture": "data:image/png;base64,!"},
        {"strokes": 1, "picture": "https://example.com/digit.png"},
    ],
    ids=str,
)
def test_a_canvas_may_send_what_it_likes(drawing: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent_by_a_browser(drawing, monkeypatch) == (1, b"")


def test_the_page_takes_the_canvas_as_the_browser_encoded_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawing = {"strokes": 2, "picture": "data:image/png;base64,ZWlucw=="}
    assert sent_by_a_browser(drawing, monkeypatch) == (2, b"eins")


@pytest.mark.parametrize("drawing", [None, {"strokes": 0, "picture": ""}], ids=str)
def test_an_empty_canvas_has_no_picture(drawing: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent_by_a_browser(drawing, monkeypatch) == (0, None)
