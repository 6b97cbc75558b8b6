"""Why? What a digit rests on, and what the second choice would have needed."""

import logging

import numpy as np
import streamlit as st

from inference import Change, DigitRecognizer, Explanation, InferenceError, Prediction, explain
from inference.metadata import NORMALIZED_SIDE_PX
from page.pictures import pixels_html
from page.words import format_probability

LOG = logging.getLogger(__name__)

EXPLANATION_PX = 224


def show_why(recognizer: DigitRecognizer, prediction: Prediction, key: str) -> None:
    """Explain a digit, on demand."""
    why = st.expander(
        "Why?",
        icon=":material/help:",
        key=f"{key}-why",
        on_change="rerun",
    )
    if not why.open:
        return
    with why:
        try:
            explanation = explain(recognizer, prediction)
        except InferenceError:
            LOG.exception("A digit cannot be explained.")
            st.warning("There is no explanation for now; try again.", icon=":material/help:")
            return
        with st.container(horizontal=True, gap="medium"):
            with st.container(width=EXPLANATION_PX):
                st.html(
                    pixels_html(
                        heat_map(prediction, explanation.for_digit),
                        f"What speaks for {explanation.digit}, in orange",
                    )
                )
                st.markdown(
                    f"**What speaks for {explanation.digit}.** The answer rests on the orange"
                    " parts. Blue ones speak against it."
                )
            with st.container(width=EXPLANATION_PX):
                st.html(
                    pixels_html(
                        heat_map(prediction, explanation.for_second),
                        f"What speaks for {explanation.second} instead, in orange",
                        change=explanation.needed,
                    )
                )
                st.markdown(
                    f"**What {explanation.second} would need.** {describe_need(explanation)}"
                    f" Orange parts speak for {explanation.second}, blue ones for"
                    f" {explanation.digit}."
                )


def describe_need(explanation: Explanation) -> str:
    """Say in words what the second choice would have needed."""
    change, second = explanation.needed, explanation.second
    if change is None:
        return "Nothing is drawn."
    what = "With ink" if change.adds_ink else "Without what is"
    where = f"in the frame, {place(change)},"
    likely = format_probability(change.probability)
    if change.digit == second:
        return f"{what} {where} it would be read as {second} ({likely})."
    return f"No small change is enough: {what.lower()} {where} {second} gets to {likely}."


def place(change: Change) -> str:
    """Name the part of the image where a change lies."""
    row, column = (
        (start + change.side / 2) / NORMALIZED_SIDE_PX for start in (change.top, change.left)
    )
    words = [
        "top" if row < 0.4 else "bottom" if row > 0.6 else "",
        "left" if column < 0.42 else "right" if column > 0.58 else "",
    ]
    return f"at the {' '.join(filter(None, words))}" if any(words) else "in the middle"


def heat_map(prediction: Prediction, map_: np.ndarray) -> np.ndarray:
    """Colour what the model saw: orange where the map [28, 28] is positive, blue where negative."""
    share = (np.abs(map_) / max(float(np.abs(map_).max()), 1e-6))[..., np.newaxis]
    colour = np.where(map_[..., np.newaxis] > 0, (255, 140, 0), (70, 150, 255))
    return prediction.normalized[..., np.newaxis] * (share * colour + (1 - share) * 200)
