"""The tab to photograph in."""

import streamlit as st

from inference import DigitRecognizer
from page.answer import show_answer
from page.correct import show_corrections
from page.frames import photo_html
from page.reading import Failure, read_file


@st.fragment
def show_camera(recognizer: DigitRecognizer) -> None:
    """Take a photograph and read it."""
    photograph = st.camera_input(
        "Hold numbers on paper in front of the camera, upright, so that they fill the picture",
        resolution="720p",
    )
    if photograph is None:
        return
    (result,) = read_file(recognizer, photograph)  # A photograph has one page.
    if isinstance(result, Failure):
        st.warning(f"The photograph {result.reason}", icon=":material/broken_image:")
        return
    st.html(photo_html(result))
    show_answer(recognizer, result, "camera")
    show_corrections("camera")
