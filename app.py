"""The page: draw, upload or photograph numbers and see what the model reads.

Run it with `streamlit run app.py`; `DIGITS_MODEL=mine/digits.onnx` before it runs it on a model of
your own. Nothing that a visitor draws or uploads is written anywhere: it lives as long as the
visit.
"""

import logging
import os
from pathlib import Path

import streamlit as st

from inference import DigitRecognizer, ModelError
from page.camera import show_camera
from page.draw import show_drawing
from page.upload import limit_uploads, show_uploads
from page.words import escape_markdown

LOG = logging.getLogger(__name__)

MODEL = "DIGITS_MODEL"  # the environment variable with the path of another model

STYLE = Path(__file__).with_name("page") / "style.css"


def main() -> None:
    """Lay out the page."""
    st.set_page_config(page_title="Digit recognizer", page_icon="✏️", layout="wide")
    st.html(STYLE)
    st.title("Digit recognizer", anchor=False)
    limit_uploads()
    try:
        recognizer = load_recognizer()
        model_line, networks = describe_model(recognizer), describe_networks(recognizer)
    except ModelError:
        LOG.exception("The model cannot be opened.")  # Where it lies is nobody else's business.
        st.error(
            "No digit can be recognized for now: the model cannot be opened. Please come back"
            " later; whoever runs this page finds the reason in its log.",
            icon=":material/error:",
        )
        return
    draw_tab, upload_tab, camera_tab = st.tabs(
        ["Draw", "Upload", "Camera"], key="tab", on_change="rerun"
    )
    with draw_tab:
        show_drawing(recognizer)
    with upload_tab:
        show_uploads(recognizer)
    with camera_tab:
        if camera_tab.open:  # The camera is asked for when it is wanted.
            show_camera(recognizer)
    st.caption(model_line, help=networks)


@st.cache_resource(show_spinner="Loading the model…")
def load_recognizer() -> DigitRecognizer:
    """Load the model once for all visitors."""
    return DigitRecognizer(os.environ.get(MODEL) or None)


def describe_model(recognizer: DigitRecognizer) -> str:
    """Say in one line how good the model is, and which."""
    metadata = recognizer.metadata
    # Of its path, only the folder's name: where it lies is nobody's business.
    own = os.environ.get(MODEL)
    name = (
        f"“{Path(own).resolve().parent.name}”, {metadata.model_version}"
        if own
        else metadata.model_version
    )
    results = [
        # What follows the colon says which ones exactly; the model card has it.
        f"{metric['accuracy']:.1%} of {metric['images']:,} digits"
        f" ({escape_markdown(metric['data'].partition(':')[0])})"
        for metric in metadata.metrics.values()
        if "accuracy" in metric
    ]
    measured = f"Right on {' and '.join(results)}. " if results else ""
    return f"{measured}Model {escape_markdown(name)}."


def describe_networks(recognizer: DigitRecognizer) -> str:
    """Say what the model consists of; raises `ModelError`."""
    return (
        f"A convolutional network with {recognizer.finder_metadata.parameters:,} parameters finds"
        f" the numbers, and one with {recognizer.metadata.parameters:,} reads their digits."
    )


if __name__ == "__main__":
    main()
