"""The paper to draw on, and its tools: `canvas.html`, `.css` and `.js`."""

import base64
import binascii
from pathlib import Path
from typing import TypedDict

from streamlit.components.v2 import component

PNG_URL = "data:image/png;base64,"

HTML, CSS, JS = (
    Path(__file__).with_name(f"canvas.{kind}").read_text("utf-8") for kind in ("html", "css", "js")
)


class Example(TypedDict):
    """A drawing to put on the paper.

    Attributes:
        id: Another one for each click.
        paths: Its strokes as an SVG's paths, in any unit, around (0, 0).
        width: Of the drawing, in that unit.
        height: Likewise.
    """

    id: str
    paths: list[str]
    width: float
    height: float


def draw_canvas(example: Example | None) -> tuple[int, bytes | None]:
    """Show the paper to draw on; black ink on white in every theme.

    Args:
        example: What is put on the paper, once, in place of what was drawn.

    Returns:
        How many strokes there are, and the picture, as the browser sent it: nothing is decoded.
    """
    paper = component("paper", html=HTML, css=CSS, js=JS, isolate_styles=False)
    drawing = paper(key="canvas", data={"example": example}, on_drawing_change=lambda: None).drawing
    match drawing:
        case None | {"strokes": 0}:
            return 0, None
        case {"strokes": int(strokes), "picture": str(picture)}:
            try:
                return strokes, base64.b64decode(picture.removeprefix(PNG_URL), validate=True)
            except binascii.Error:
                return 1, b""
        case _:
            return 1, b""  # A browser sends what it likes.
