"""The page: draw or upload a digit and see what the model reads.

Run it with `streamlit run app.py`.
"""

import re
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import streamlit as st
from PIL import Image, ImageOps
from streamlit.components.v2 import component

from inference import (
    MAX_PIXELS,
    BlankImageError,
    DigitRecognizer,
    InferenceError,
    InvalidImageError,
    ModelError,
    Prediction,
)

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile
    from streamlit_drawable_canvas import CanvasResult

CANVAS_SIZE_PX = 280  # Fits the narrowest phones, which are 320 px wide.
PEN_WIDTHS_PX = range(8, 33, 2)
DEFAULT_PEN_WIDTH_PX = 18
SMALL_IMAGE_SIZE_PX = 112
CHART_HEIGHT_PX = 190
ALMOST_CERTAIN = 0.995  # What would round to 100%.

UPLOAD_TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"]

# Text in the page's own colour: Vega's default is black in every theme.
PROBABILITY_CHART = {
    "encoding": {
        "x": {
            "field": "digit",
            "type": "ordinal",
            "title": None,
            "axis": {"labelAngle": 0, "labelFontSize": 14, "labelColor": "currentColor"},
        },
        "y": {
            "field": "probability",
            "type": "quantitative",
            "axis": None,
            "scale": {"domain": [0, 1.1]},  # Room for the label above a full bar.
        },
    },
    "layer": [
        {
            "mark": {"type": "bar", "cornerRadiusEnd": 3},
            "encoding": {
                "opacity": {"condition": {"test": "datum.is_answered", "value": 1}, "value": 0.4}
            },
        },
        {
            "mark": {"type": "text", "dy": -8, "fontSize": 12, "color": "currentColor"},
            "encoding": {"text": {"field": "label"}},
        },
    ],
}

STYLE = """
<style>
/* The header's empty strip would push the answer off a phone's screen. */
.stMainBlockContainer { padding-top: 2.5rem; padding-bottom: 2rem; }

/* The canvas shows its tools on hover, in the paper's corner. A touch screen has no hover: there
   they would stay invisible and swallow the strokes that begin in that corner. */
.st-key-drawing .dc-canvas { border-radius: var(--st-base-radius); }
.st-key-drawing .dc-toolbar { position: static; opacity: 1; padding: 0.5rem 0 0; }
.st-key-drawing .dc-toolbar-card {
  width: 100%; justify-content: space-between; padding: 0; background: none; box-shadow: none;
}
.st-key-drawing .dc-icon-button { width: 5.5rem; height: 2.75rem; }
.st-key-drawing .dc-icon-button svg { width: 1.25rem; height: 1.25rem; }
.st-key-drawing .dc-icon-button:focus-visible { outline: 2px solid var(--st-primary-color); }
.st-key-drawing .dc-toolbar-separator,
.st-key-drawing .dc-icon-button[aria-label^="Update"],
.st-key-drawing .dc-icon-button[aria-label="Edit"] { display: none; }

.answer { line-height: 1.2; }
.answer .digits { font-size: 6rem; font-weight: 700; line-height: 1; }
.answer .digits.unsure { font-size: 3rem; line-height: 2; }
</style>
"""


def main() -> None:
    """Lay out the page."""
    st.set_page_config(page_title="Digit recognizer", page_icon="✏️")
    st.html(STYLE)
    st.title("Digit recognizer", anchor=False)
    try:
        recognizer = load_recognizer()
    except ModelError as error:
        st.error(
            f"No digit can be recognized for now: {escape_markdown(str(error))}.",
            icon=":material/error:",
        )
        return
    draw_tab, upload_tab = st.tabs(["Draw", "Upload"])
    with draw_tab:
        show_drawing(recognizer)
    with upload_tab:
        show_uploads(recognizer)
    st.caption(describe_model(recognizer))


@st.cache_resource(show_spinner="Loading the model…")
def load_recognizer() -> DigitRecognizer:
    """Load the model once for all visitors."""
    return DigitRecognizer()


def describe_model(recognizer: DigitRecognizer) -> str:
    """Say in one line what the model is and how good."""
    model = f"A convolutional network with {recognizer.metadata.parameters:,} parameters"
    results = [
        f"{metric['accuracy']:.1%} of {metric['images']:,} digits"
        f" ({escape_markdown(metric['data'])})"
        for metric in recognizer.metadata.metrics.values()
        if "accuracy" in metric
    ]
    return f"{model}, right on {' and '.join(results)}." if results else f"{model}."


@st.fragment
def show_drawing(recognizer: DigitRecognizer) -> None:
    """Show the paper and, after every stroke, the answer."""
    with st.container(horizontal=True, horizontal_alignment="center", gap="medium"):
        paper = st.container(key="drawing", width=CANVAS_SIZE_PX)
        answer = st.container()
    with paper:
        # The slider stands below the canvas but is asked first: its value is the pen's.
        canvas_place = st.container()
        pen_width_px = st.slider(
            "Pen width",
            min_value=PEN_WIDTHS_PX.start,
            max_value=PEN_WIDTHS_PX[-1],
            value=DEFAULT_PEN_WIDTH_PX,
            step=PEN_WIDTHS_PX.step,
            format="%d px",
        )
        with canvas_place:
            drawing = draw_canvas(pen_width_px)
    with answer:
        stroke_count = len((drawing.json_data or {}).get("objects", []))
        if stroke_count == 0 or drawing.image_data is None:
            st.info(
                "Draw a digit from 0 to 9 with the mouse, a finger or a pen. "
                "The answer appears here after every stroke.",
                icon=":material/draw:",
            )
            return
        try:
            prediction = recognizer.predict(drawing.image_data)
        except InferenceError as error:
            st.warning(f"The drawing {explain(error)}", icon=":material/draw:")
        else:
            show_answer(prediction, stroke_count)


def draw_canvas(pen_width_px: int) -> "CanvasResult":
    """Show the paper to draw on; black ink on white in every theme."""
    # It registers itself with the running server when it is imported.
    import streamlit_drawable_canvas

    # Registered as the component does it itself, but without a shadow root, where the page's style
    # could not reach its tools.
    streamlit_drawable_canvas.out = component(
        "streamlit-drawable-canvas.streamlit_drawable_canvas",
        js="index-*.js",
        css="index-*.css",
        html='<div class="canvas-root"></div>',
        isolate_styles=False,
    )
    return streamlit_drawable_canvas.st_canvas(
        stroke_width=pen_width_px,
        stroke_color="#000000",
        background_color="#ffffff",
        width=CANVAS_SIZE_PX,
        height=CANVAS_SIZE_PX,
        return_image_data=True,
        key="canvas",
    )


@st.fragment
def show_uploads(recognizer: DigitRecognizer) -> None:
    """Take picture files and answer each."""
    files = st.file_uploader(
        "Pictures of one digit each, dark on light or light on dark",
        type=UPLOAD_TYPES,
        accept_multiple_files=True,
    )
    for file in files:
        show_upload(recognizer, file)


def show_upload(recognizer: DigitRecognizer, file: "UploadedFile") -> None:
    """Answer one file, or say what is wrong with it."""
    name = escape_markdown(file.name)
    try:
        prediction = recognizer.predict(file)
    except InferenceError as error:
        st.warning(f"**{name}** {explain(error)}", icon=":material/broken_image:")
        return
    with st.container(border=True):
        st.markdown(f"**{name}**")
        with st.container(horizontal=True, gap="medium"):
            st.image(make_thumbnail(file), alt=file.name, width=SMALL_IMAGE_SIZE_PX)
            with st.container():
                show_answer(prediction)


def explain(error: InferenceError) -> str:
    """Say what is wrong with a picture and what would be right, in a visitor's words."""
    match error:
        case BlankImageError():
            return "looks blank. Draw the digit larger or darker."
        case InvalidImageError():
            return (
                "cannot be read as a picture. A complete PNG, JPEG, WebP, GIF, BMP or TIFF file of"
                f" up to {MAX_PIXELS // 1_000_000} megapixels would be right."
            )
        case _:
            return "could not be processed. A smaller picture may work."


def make_thumbnail(file: BinaryIO) -> Image.Image:
    """Shrink a picture to the size at which the page shows it, the right way up."""
    file.seek(0)
    with Image.open(file) as picture:
        upright = picture
        with suppress(Exception):  # Damaged EXIF data does not make a picture unreadable.
            upright = ImageOps.exif_transpose(picture)
        thumbnail = upright.convert("RGBA")
    thumbnail.thumbnail((SMALL_IMAGE_SIZE_PX, SMALL_IMAGE_SIZE_PX))
    return thumbnail


def show_answer(prediction: Prediction, stroke_count: int | None = None) -> None:
    """Show the digit, the confidence, what the model saw and the ten probabilities."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.html(answer_html(prediction, stroke_count), width="content")
        st.image(
            enlarge(prediction.normalized, SMALL_IMAGE_SIZE_PX * 2),
            caption="The model’s view",
            alt="The digit as the model sees it: centred, in 28 × 28 pixels",
            width=SMALL_IMAGE_SIZE_PX,
            clamp=True,
        )
    show_probabilities(prediction)


def answer_html(prediction: Prediction, stroke_count: int | None) -> str:
    """Write the answer; one that the model is unsure of names the two likeliest digits."""
    if prediction.is_digit:
        digits = f'<div class="digits">{prediction.digit}</div>'
        text = f"{format_probability(prediction.confidence)} confident"
    else:
        first, second = (
            (digit, format_probability(probability)) for digit, probability in prediction.top(2)
        )
        digits = f'<div class="digits unsure">{first[0]} or {second[0]}?</div>'
        text = f"Not sure: {first[1]} for {first[0]}, {second[1]} for {second[0]}"
    # The count tells which drawing is answered: while strokes are added, the answer lags behind.
    strokes = "" if stroke_count is None else f' data-stroke-count="{stroke_count}"'
    return f'<div class="answer" role="status"{strokes}>{digits}{text}</div>'


def show_probabilities(prediction: Prediction) -> None:
    """Show the ten probabilities as bars, the digits of the answer in full colour."""
    percentages = [format_probability(probability) for probability in prediction.probabilities]
    answered = [digit for digit, _ in prediction.top(1 if prediction.is_digit else 2)]
    st.vega_lite_chart(
        {
            "digit": range(10),
            "probability": prediction.probabilities,
            "label": ["" if percentage == "0%" else percentage for percentage in percentages],
            "is_answered": [digit in answered for digit in range(10)],
        },
        PROBABILITY_CHART,
        height=CHART_HEIGHT_PX,
        alt=f"Probabilities: {', '.join(f'{d}: {p}' for d, p in enumerate(percentages))}",
    )


def enlarge(image: np.ndarray, size_px: int) -> np.ndarray:
    """Repeat pixels so that they stay sharp squares: [h, w] to [size_px, size_px]."""
    factor = size_px // image.shape[0]
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def format_probability(probability: float) -> str:
    """Write a probability as a percentage that never claims certainty."""
    return ">99%" if probability >= ALMOST_CERTAIN else f"{probability:.0%}"


def escape_markdown(text: str) -> str:
    """Make Markdown show a text as it is."""
    return re.sub(r"([^\w\s]|_)", r"\\\1", text)


if __name__ == "__main__":
    main()
