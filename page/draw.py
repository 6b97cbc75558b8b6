"""The tab to draw in."""

from dataclasses import replace

import streamlit as st
from PIL import Image

from inference import (
    BlankImageError,
    Box,
    DetectedDigit,
    DigitRecognizer,
    InferenceError,
    Number,
)
from inference.image.ink import bounding_box, find_ink
from inference.image.picture import read_picture
from page.answer import show_answer
from page.canvas import DEFAULT_PEN_WIDTH_PX, choose_canvas_width, draw_canvas, show_tools
from page.correct import show_corrections
from page.corrections import corrected
from page.examples import show_examples
from page.frames import canvas_marks_html
from page.layout import lay_out
from page.reading import Failure, Reading, read

MAX_CANVAS_PIXELS = 10_000_000  # on the screen with the most pixels to a point


@st.fragment
def show_drawing(recognizer: DigitRecognizer) -> None:
    """Show the paper and, after every stroke, the answer."""
    picture, answer, rest = lay_out("drawing")
    with picture.container(key="paper"):
        width_px = choose_canvas_width()
        if width_px is None:
            return  # It is known in a moment.
        pen_width_px = st.session_state.setdefault("pen_width_px", DEFAULT_PEN_WIDTH_PX)
        stroke_count, content = draw_canvas(width_px, pen_width_px, st.session_state.get("start"))
        show_tools()
        marks_place = st.container(key="marks")
    st.session_state.is_drawn_on = stroke_count > 0
    if not stroke_count and width_px != st.session_state.column_width_px:
        st.rerun()  # The column's width changed before the last stroke was gone.
    result = read_drawing(recognizer, content) if stroke_count and content is not None else None
    shown = corrected(result) if isinstance(result, Reading) else None
    with marks_place:
        st.html(canvas_marks_html(shown, stroke_count))
    with answer:
        match result, shown:
            case Reading(), Reading():
                show_answer(recognizer, result, shown, "drawing", stroke_count)
            case Failure(), _:
                st.warning(f"The drawing {result.reason}", icon=":material/draw:")
            case _:
                st.html('<p class="waiting">The answer appears here.</p>')
    with rest:
        show_examples()
        show_corrections("drawing")


def read_drawing(recognizer: DigitRecognizer, content: bytes) -> Reading | Failure:
    """Read the canvas, an image file."""
    try:
        reading = read(recognizer, "drawing", content, MAX_CANVAS_PIXELS)
        if not reading.numbers:
            reading = replace(reading, numbers=unread(recognizer, reading.picture))
    except InferenceError:
        return Failure("drawing", "cannot be read. Clear the paper and draw again.")
    return reading


def unread(recognizer: DigitRecognizer, picture: Image.Image) -> list[Number]:
    """Take all that is drawn for a doubtful digit, or for none, so that it can be corrected."""
    try:
        top, left, bottom, right = bounding_box(find_ink(read_picture(picture)) > 0)
    except BlankImageError:
        return []
    box = Box(left, top, right - left + 1, bottom - top + 1)
    prediction = recognizer.predict(picture)
    mark = DetectedDigit(box, replace(prediction, is_digit=False))
    if prediction.is_digit:
        return [Number(str(prediction.digit), 0.0, False, box, digits=(mark,), rejected=())]
    return [Number("", 0.0, False, box, digits=(), rejected=(mark,))]
