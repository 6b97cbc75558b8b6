"""The tab to draw in."""

import streamlit as st

from inference import DigitRecognizer, InferenceError
from page.answer import show_answer
from page.canvas import DEFAULT_PEN_WIDTH_PX, choose_canvas_width, draw_canvas, show_tools
from page.correct import show_corrections
from page.examples import show_examples
from page.frames import canvas_marks_html
from page.reading import Failure, Reading, explain_error, read

MAX_CANVAS_PIXELS = 10_000_000  # on the screen with the most pixels to a point


@st.fragment
def show_drawing(recognizer: DigitRecognizer) -> None:
    """Show the paper and, after every stroke, the answer."""
    with st.container(key="paper"):
        width_px = choose_canvas_width()
        if width_px is None:
            return  # It is known in a moment.
        pen_width_px = st.session_state.setdefault("pen_width_px", DEFAULT_PEN_WIDTH_PX)
        stroke_count, content = draw_canvas(width_px, pen_width_px, st.session_state.get("start"))
        show_tools()
        marks_place = st.container(key="marks")
    st.session_state.is_drawn_on = stroke_count > 0
    show_examples()
    reading = None
    if stroke_count == 0 or content is None:
        st.info(
            "Draw a digit from 0 to 9, or whole numbers, with the mouse, a finger or a pen. "
            "The answer appears here after every stroke.",
            icon=":material/draw:",
        )
    else:
        reading = read_drawing(recognizer, content)
    with marks_place:
        st.html(canvas_marks_html(reading, width_px))
    if isinstance(reading, Failure):
        st.warning(f"The drawing {reading.reason}", icon=":material/draw:")
    elif reading:
        show_answer(recognizer, reading, "drawing", stroke_count)
    show_corrections("drawing")


def read_drawing(recognizer: DigitRecognizer, content: bytes) -> Reading | Failure:
    """Read the canvas, an image file."""
    try:
        return read(recognizer, "drawing", content, MAX_CANVAS_PIXELS)
    except InferenceError as error:
        return Failure("drawing", explain_error(error))
