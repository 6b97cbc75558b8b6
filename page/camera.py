"""The tab to photograph in."""

import streamlit as st

from inference import DigitRecognizer
from page.answer import show_answer
from page.correct import show_corrections
from page.corrections import corrected
from page.frames import photo_html
from page.layout import lay_out
from page.reading import Failure, read_file
from page.words import escape_markdown, sentence


@st.fragment
def show_camera(recognizer: DigitRecognizer) -> None:
    """Take a photograph and read it."""
    picture, answer, rest = lay_out("camera")
    with picture:
        photograph = st.camera_input(
            "Hold numbers on paper in front of the camera, upright, so that they fill the picture",
            resolution="720p",
        )
    if photograph is None:
        return
    (result,) = read_file(recognizer, photograph)  # A photograph has one page.
    if isinstance(result, Failure):
        with answer:
            st.warning(escape_markdown(sentence(result.reason)), icon=":material/broken_image:")
        return
    shown = corrected(result)
    with picture:
        # The camera's own picture has no frames; the style hides it behind this one.
        st.html(photo_html(shown))
    with answer:
        show_answer(recognizer, result, shown, "camera")
    with rest:
        show_corrections("camera")
