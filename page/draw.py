"""The tab to draw in."""

import streamlit as st

from inference import DigitRecognizer, InferenceError
from page.answer import show_answer
from page.canvas import draw_canvas
from page.correct import show_corrections
from page.corrections import corrected
from page.desk import lay_out
from page.examples import show_examples
from page.frames import canvas_marks_html
from page.reading import Failure, Reading, read

MAX_CANVAS_PIXELS = 1_000_000


@st.fragment
def show_drawing(recognizer: DigitRecognizer) -> None:
    """Show the paper and, after every stroke, the answer."""
    picture, answer, rest = lay_out("drawing")
    with picture.container(key="paper"):
        stroke_count, content = draw_canvas(st.session_state.get("example"))
        marks_place = st.container(key="marks")
    result = None if content is None else read_drawing(recognizer, content)
    with marks_place:
        shown = corrected(result) if isinstance(result, Reading) else None
        st.html(canvas_marks_html(shown, stroke_count))
    with answer:
        match result:
            case None:
                st.html('<p class="waiting">The answer appears here.</p>')
            case Failure():
                st.warning(f"The drawing {result.reason}", icon=":material/draw:")
            case Reading():
                show_answer(recognizer, result, "drawing", stroke_count)
    with rest:
        show_examples()
        show_corrections("drawing")


def read_drawing(recognizer: DigitRecognizer, content: bytes) -> Reading | Failure:
    """Read the canvas, an image file."""
    try:
        return read(recognizer, "drawing", content, MAX_CANVAS_PIXELS)
    except InferenceError:
        return Failure("drawing", "cannot be read. Clear the paper and draw again.")
