"""The page: draw, upload or photograph numbers and see what the model reads.

Run it with `streamlit run app.py`. Nothing that a visitor draws or uploads is written anywhere: it
lives as long as the visit.
"""

import base64
import hashlib
import html
import io
import logging
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from PIL import Image
from starlette.exceptions import HTTPException
from streamlit.components.v2 import component
from streamlit.runtime import get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from inference import (
    Box,
    Change,
    DigitRecognizer,
    Explanation,
    InferenceError,
    InvalidImageError,
    Located,
    ModelError,
    Number,
    Prediction,
    explain,
    visible_image,
)
from inference.rows import comma_separated

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

LOG = logging.getLogger(__name__)

CANVAS_HEIGHT_PX = 280
CANVAS_WIDTHS_PX = (240, 800)
PEN_WIDTHS_PX = range(6, 33, 2)
DEFAULT_PEN_WIDTH_PX = 14
SHARPEST_CURVE = 0.4  # cosine of the turn from which on a point of an example is a corner
EXAMPLE_SHARES = (0.85, 0.65)  # of the canvas's width and height, as people tend to fill it

THUMBNAIL_SIDE_PX = 160
MODEL_VIEW_PX = 112
EXPLANATION_PX = 224
CHART_HEIGHT_PX = 150
CROP_MARGIN = 0.15  # of a digit's longer side

ALMOST_CERTAIN = 0.995  # What would round to 100%.
NO_SPACE = "\u200b"  # a character without a width
NOTHING_FOUND = "shows no number. Write it larger or darker."

UPLOAD_TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"]
MAX_FILES = 50
MAX_HELD_BYTES = 200_000_000  # of one visitor's uploads
MAX_PIXELS = 25_000_000  # of an upload: many visitors share one server
MAX_CANVAS_PIXELS = 10_000_000  # on the screen with the most pixels to a point

# Drawings to click on: the strokes of each as "x y x y …", y downwards, in any unit.
EXAMPLES = {
    "A crossed 7": (
        "0 2 25 4 58 0 43 29 29 70 23 100",
        "12 52 54 46",
    ),
    "A postal code": (
        "4 29 8 17 12 11 19 6 28 4 38 5 51 11 56 17 57 26 55 39 42 59 19 85 0 103 36 101 64 104",
        "91 41 101 26 108 20 116 15 130 12 139 12 148 15 156 19 162 25 167 32 171 40 173 58 "
        "169 75 159 89 148 96 139 98 130 98 121 96 113 93 105 88 99 82 93 70 90 57 92 38",
        "199 3 257 0 251 18 235 52 221 102",
        "287 21 296 13 302 9 316 8 324 11 327 15 331 24 331 29 328 36 320 46 304 53 319 55 "
        "327 58 334 68 337 76 335 84 331 93 325 98 318 101 310 103 303 102 283 92",
        "363 45 386 24 400 2 399 102",
    ),
    "A year": (
        "34 0 25 30 6 79 0 100",
        "102 20 89 9 83 6 74 8 64 17 60 31 61 39 70 50 77 53 85 52 96 44 100 36 104 22 105 52 "
        "102 80 100 86 92 96 87 100 80 101 63 93",
        "177 12 165 5 158 2 144 5 137 10 136 14 135 27 138 34 173 63 177 70 178 80 175 91 "
        "169 97 162 101 149 101 137 94 131 82 132 70 137 63 147 54 167 41 176 31 181 20 "
        "175 10",
        "216 8 213 35 207 59 236 60 266 58",
        "250 24 250 36 247 52 248 63 244 103",
    ),
    "Two digits that touch": (
        "65 0 40 2 17 1 7 44 26 36 36 35 46 37 56 42 64 49 68 61 68 74 65 82 49 94 29 100 "
        "13 98 0 90",
        "115 6 91 22 79 36 66 60 62 77 65 86 70 94 77 101 85 105 96 106 107 104 118 94 121 85 "
        "120 80 115 71 107 65 90 64 82 68 70 78",
    ),
    "A 1 or a 7": ("4 10 30 0 24 96",),
    "A star": ("50 0 79 92 2 35 98 35 21 92 50 0",),
}

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

# Tells the page how wide its column is, for the canvas needs a width in pixels.
MEASURE = """
export default function ({ parentElement, setStateValue }) {
  let reported;
  const report = () => {
    const width = Math.floor(parentElement.getBoundingClientRect().width);
    if (width > 0 && width !== reported) setStateValue("width", (reported = width));
  };
  let timer;
  const observer = new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(report, reported ? 200 : 0);
  });
  observer.observe(parentElement);
  return () => observer.disconnect();
}
"""

STYLE = """
<style>
/* The header's empty strip would push the answer off a phone's screen. */
.stMainBlockContainer { padding-top: 2.5rem; padding-bottom: 2rem; }

/* The canvas. It shows its tools on hover, in the paper's corner; a touch screen has no hover. */
.st-key-paper { position: relative; }
.st-key-measure { position: absolute; width: 100%; }
.st-key-paper .dc-canvas { border-radius: var(--st-base-radius); }
/* It shrinks with a window that became narrower than the drawing on it. */
.st-key-paper .dc-container, .st-key-paper .canvas-container {
  max-width: 100%; height: auto !important; aspect-ratio: var(--canvas-ratio);
}
.st-key-paper .dc-container canvas { width: 100% !important; height: 100% !important; }
/* Undo and redo hang below it, in the place that the row of tools leaves them. */
.st-key-paper .dc-toolbar, .st-key-paper .dc-root:hover > .dc-toolbar {
  opacity: 1; inset: 100% auto auto 0; padding: 0.5rem 0 0;
}
.st-key-paper .dc-toolbar-card { padding: 0; gap: 0.25rem; background: none; box-shadow: none; }
.st-key-paper .dc-icon-button { width: 2.75rem; height: 2.75rem; }
.st-key-paper .dc-icon-button svg { width: 1.25rem; height: 1.25rem; }
.st-key-paper .dc-icon-button:focus-visible { outline: 2px solid var(--st-primary-color); }
.st-key-paper .dc-toolbar-separator,
.st-key-paper .dc-icon-button[aria-label^="Update"],
.st-key-paper .dc-icon-button[aria-label^="Reset"],
.st-key-paper .dc-icon-button[aria-label="Edit"] { display: none; }
.st-key-tools { padding-left: 6.25rem; min-height: 2.75rem; margin-top: -0.5rem; }
.st-key-tools button { min-height: 2.75rem; }

/* What was found, framed on the paper. The sign beside the digit says what the colour says. */
[data-testid="stLayoutWrapper"]:has(> .st-key-marks) {
  position: absolute; inset: 0 0 auto; pointer-events: none; z-index: 30;
}
.photo .marks { position: absolute; inset: 0; }
.marks { position: relative; }
.mark {
  position: absolute; border: 2px solid #2f6df0; border-radius: 4px; box-sizing: border-box;
  --tag: #2f6df0;
}
.mark.unsure { border: 2px dashed #b45309; --tag: #b45309; }
.mark.left-out { border: 2px dotted #6b7280; --tag: #6b7280; }
.mark > span {
  position: absolute; left: -2px; bottom: 100%; padding: 0 0.35em; border-radius: 4px 4px 0 0;
  background: var(--tag); color: #fff; font-size: 0.75rem; font-weight: 600; line-height: 1.5;
  white-space: nowrap;
}
.mark.low > span { bottom: auto; top: 0; left: 0; border-radius: 2px 0 4px 0; }
.photo { position: relative; display: table; margin: 0; }
.photo img {
  display: block; max-width: 100%; max-height: 26rem; border-radius: 0.5rem;
  outline: 1px solid var(--st-border-color, #8884);
}

/* The examples show their drawing; their name is for those who hear it. */
.st-key-examples { overflow-x: auto; padding: 2px; }
.st-key-examples .stElementContainer { flex: none; }
.st-key-examples button {
  min-height: 3rem; height: 3rem; padding: 0;
  background: #fff center / contain no-repeat !important;
}
.st-key-examples button p { position: absolute; clip-path: inset(50%); }

/* The answer. */
.answer { line-height: 1.2; }
.answer:has(.several) { container-type: inline-size; }
.answer .digits { font-size: 6rem; font-weight: 700; line-height: 1; }
.answer .digits.unsure { font-size: 3rem; line-height: 2; white-space: nowrap; }
.answer .digits.several {
  display: flex; flex-wrap: wrap; gap: 0.5rem 0.25rem; margin-bottom: 0.5rem;
  font-size: clamp(2.25rem, calc(85cqi / var(--count)), 5.5rem);
}
.answer .several ~ .several { margin-top: 1rem; }
.answer .several > span { min-width: 2.75rem; text-align: center; }
.answer .several small {
  display: block; margin-top: 0.35rem; font-size: 0.875rem; font-weight: 400; line-height: 1.2;
}
.answer .several b { border-bottom: 3px solid transparent; }
.answer .several .unsure b { border-bottom: 4px dashed #d97706; }

/* What the model saw. */
.pixels { margin: 0; }
.pixels div { position: relative; }
.pixels img { display: block; width: 100%; border-radius: 0.5rem; image-rendering: pixelated; }
.pixels i { position: absolute; outline: 2px solid #fff; }
.pixels figcaption { padding-top: 0.25rem; font-size: 0.875rem; text-align: center; opacity: 0.75; }

/* Below the answer. The chart takes a line of its own where it would be narrow. */
[data-testid="stLayoutWrapper"]:has(> [class*="-chart"]) { min-width: 13rem; }
[class*="-correct-"] [role="radiogroup"] { gap: 0.25rem; }
[class*="-correct-"] button { width: 2rem; min-width: 0; padding: 0; }

/* The results of several pictures. */
.results { width: 100%; border-collapse: collapse; }
.results td, .results th {
  padding: 0.5rem 0.75rem 0.5rem 0; text-align: left; vertical-align: middle;
  border-bottom: 1px solid var(--st-border-color, #8884); font-weight: 400;
}
.results thead th { font-size: 0.875rem; }
.results img { display: block; max-width: 6rem; max-height: 3.5rem; border-radius: 4px; }
.results .number { font-size: 1.5rem; font-weight: 700; }
.results .name { overflow-wrap: anywhere; }
.results .note { display: block; font-size: 0.875rem; }
</style>
"""


@dataclass(frozen=True)
class Reading:
    """A picture and the numbers that were read on it.

    Attributes:
        name: The file's name, or what stands for it.
        picture: What was read, upright, in RGB.
        numbers: What was read, in reading order.
    """

    name: str
    picture: Image.Image
    numbers: list[Number]

    @property
    def marks(self) -> list[Located]:
        """All that was found, read as a digit or not, each number's from left to right."""
        return [
            mark
            for number in self.numbers
            for mark in sorted((*number.digits, *number.left_out), key=lambda mark: mark.box.left)
        ]

    @property
    def left_out(self) -> list[Located]:
        """What was read as no digit."""
        return [mark for number in self.numbers for mark in number.left_out]


@dataclass(frozen=True)
class Failure:
    """A picture that could not be read, and why, in a visitor's words."""

    name: str
    reason: str


def main() -> None:
    """Lay out the page."""
    st.set_page_config(page_title="Digit recognizer", page_icon="✏️")
    st.html(STYLE)
    st.title("Digit recognizer", anchor=False)
    limit_uploads()
    try:
        recognizer = load_recognizer()
        model_line = describe_model(recognizer)
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
    st.caption(model_line)


@st.cache_resource(show_spinner="Loading the model…")
def load_recognizer() -> DigitRecognizer:
    """Load the model once for all visitors."""
    return DigitRecognizer()


@st.cache_resource(show_spinner=False)
def limit_uploads() -> None:
    """Refuse what a visitor uploads beyond `MAX_HELD_BYTES`: Streamlit would hold all of it."""
    manager = get_instance().uploaded_file_mgr
    if not isinstance(manager, MemoryUploadedFileManager):  # Nothing is uploaded to it.
        return
    add_file = manager.add_file

    def add_if_there_is_room(session_id: str, file: "UploadedFileRec") -> None:
        held = manager.file_storage.get(session_id, {}).values()
        if sum(len(other.data) for other in held) + len(file.data) > MAX_HELD_BYTES:
            raise HTTPException(413, "There are too many large files; remove some.")
        add_file(session_id, file)

    manager.add_file = add_if_there_is_room


def describe_model(recognizer: DigitRecognizer) -> str:
    """Say in one line what the model is and how good; raises `ModelError`."""
    model = (
        f"A convolutional network with {recognizer.finder_metadata.parameters:,} parameters finds"
        f" the numbers, and one with {recognizer.metadata.parameters:,} reads their digits"
    )
    results = [
        f"{metric['accuracy']:.1%} of {metric['images']:,} digits"
        f" ({escape_markdown(metric['data'])})"
        for metric in recognizer.metadata.metrics.values()
        if "accuracy" in metric
    ]
    return f"{model}, right on {' and '.join(results)}." if results else f"{model}."


# --- Draw ----------------------------------------------------------------------------------------


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


def choose_canvas_width() -> int | None:
    """Fit the canvas to the page, but only while nothing is drawn that could be cut off."""
    width_px = measure_width()
    if width_px is not None and not st.session_state.get("is_drawn_on"):
        narrowest, widest = CANVAS_WIDTHS_PX
        st.session_state.canvas_width_px = min(max(width_px, narrowest), widest)
    return st.session_state.get("canvas_width_px")


def measure_width() -> int | None:
    """Ask the browser for the width of the column; None until it has answered."""
    measure = component("page_width", js=MEASURE, isolate_styles=False)
    return measure(key="measure", on_width_change=lambda: None).width


def draw_canvas(
    width_px: int, pen_width_px: int, start: dict[str, Any] | None
) -> tuple[int, bytes | None]:
    """Show the paper to draw on; black ink on white in every theme.

    It starts anew whenever `start`, what is drawn on it already, changes.

    Returns:
        How many strokes there are, and the picture, as the browser sent it: nothing is decoded.
    """
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
    try:
        drawing = streamlit_drawable_canvas.st_canvas(
            stroke_width=pen_width_px,
            stroke_color="#000000",
            background_color="#ffffff",
            width=width_px,
            height=CANVAS_HEIGHT_PX,
            return_image_data=True,
            initial_drawing=start,
            key="canvas",
        )
        return len((drawing.json_data or {}).get("objects", [])), drawing.image_bytes
    except Exception:
        # A browser sends what it likes; the component trusts it.
        LOG.exception("The canvas sent something that is no drawing.")
        return 1, b""


def show_tools() -> None:
    """Show the tools below the paper."""
    with st.container(key="tools", horizontal=True, vertical_alignment="center", wrap=False):
        # The canvas has a button for this, too, but that one only goes back to a clicked example.
        st.button("Clear", icon=":material/delete:", type="tertiary", on_click=start_drawing)
        st.slider(
            "Pen width",
            min_value=PEN_WIDTHS_PX.start,
            max_value=PEN_WIDTHS_PX[-1],
            step=PEN_WIDTHS_PX.step,
            format="%d px",
            key="pen_width_px",
            label_visibility="collapsed",
        )


def start_drawing(strokes: Sequence[str] = ()) -> None:
    """Put these strokes, in pixels as an SVG's path has them, on the paper and nothing else."""
    objects = [
        {
            "type": "Path",
            "path": path,
            "fill": None,
            "stroke": "#000000",
            "strokeWidth": DEFAULT_PEN_WIDTH_PX,
            "strokeLineCap": "round",
            "strokeLineJoin": "round",
        }
        for path in strokes
    ]
    # The number makes it another start than the last, even with the same strokes.
    starts = st.session_state.get("starts", 0) + 1
    st.session_state.update(
        starts=starts, start={"objects": objects, "start": starts}, is_drawn_on=bool(strokes)
    )


def show_examples() -> None:
    """Show drawings to click on."""
    with st.container(
        key="examples", horizontal=True, gap="xsmall", vertical_alignment="center", wrap=False
    ):
        st.markdown("Try", width="content")
        for index, name in enumerate(EXAMPLES):
            st.button(name, key=f"example-{index}", on_click=start_example, args=[name])
    st.html(f"<style>{example_styles()}</style>")


def start_example(name: str) -> None:
    """Put an example on the paper."""
    canvas_width_px = st.session_state.canvas_width_px
    start_drawing(placed(EXAMPLES[name], canvas_width_px, CANVAS_HEIGHT_PX))


@cache
def example_styles() -> str:
    """Write the styles that give every example's button its drawing."""
    styles = []
    for index, strokes in enumerate(EXAMPLES.values()):
        points = [point for stroke in strokes for point in stroke_points(stroke)]
        width, height = (max(axis) - min(axis) for axis in zip(*points, strict=True))
        width_px, height_px = max(48, round(48 * EXAMPLE_SHARES[1] * width / height) + 20), 48
        paths = "".join(f'<path d="{path}"/>' for path in placed(strokes, width_px, height_px))
        drawing = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_px} {height_px}"'
            ' fill="none" stroke="black" stroke-width="3" stroke-linecap="round"'
            f' stroke-linejoin="round">{paths}</svg>'
        )
        styles.append(
            f".st-key-example-{index} button {{ width: {width_px}px;"
            f" background-image: url({data_url(drawing.encode(), 'image/svg+xml')}) !important; }}"
        )
    return "".join(styles)


def placed(strokes: Sequence[str], width_px: int, height_px: int) -> list[str]:
    """Fit an example's strokes into the middle of a paper, as paths of an SVG."""
    lines = [np.array(stroke_points(stroke)) for stroke in strokes]
    low, high = np.vstack(lines).min(axis=0), np.vstack(lines).max(axis=0)
    size = np.array([width_px, height_px])
    scale = (size * EXAMPLE_SHARES / (high - low)).min()
    return [smooth_path((line - (low + high) / 2) * scale + size / 2) for line in lines]


def smooth_path(line: np.ndarray) -> str:
    """Write a line [points, 2] as a path of an SVG that is round where it does not turn sharply."""
    path = f"M {line[0, 0]:.1f} {line[0, 1]:.1f}"
    for before, (x, y), after in zip(line, line[1:], line[2:], strict=False):
        entry, exit_ = (x, y) - before, after - (x, y)
        if entry @ exit_ < SHARPEST_CURVE * np.linalg.norm(entry) * np.linalg.norm(exit_):
            path += f" L {x:.1f} {y:.1f}"
        else:
            path += f" Q {x:.1f} {y:.1f} {(x + after[0]) / 2:.1f} {(y + after[1]) / 2:.1f}"
    return f"{path} L {line[-1, 0]:.1f} {line[-1, 1]:.1f}"


def stroke_points(stroke: str) -> list[tuple[int, int]]:
    """Read "x y x y …" as points."""
    numbers = [int(number) for number in stroke.split()]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def read_drawing(recognizer: DigitRecognizer, content: bytes) -> Reading | Failure:
    """Read the canvas, an image file."""
    try:
        return read(recognizer, "drawing", content, MAX_CANVAS_PIXELS)
    except InferenceError as error:
        return Failure("drawing", explain_error(error))


def read(
    recognizer: DigitRecognizer, name: str, file: "bytes | UploadedFile", max_pixels: int
) -> Reading:
    """Read the numbers on a picture, and keep what was read; raises `InferenceError`."""
    picture = visible_image(file, max_pixels)
    return Reading(name, picture, recognizer.read_numbers(picture))


# --- Upload and camera ---------------------------------------------------------------------------


@st.fragment
def show_uploads(recognizer: DigitRecognizer) -> None:
    """Take picture files and read each."""
    files = st.file_uploader(
        "Pictures of numbers, dark on light or light on dark",
        type=UPLOAD_TYPES,
        accept_multiple_files=True,
    )
    if not files:
        return
    if len(files) > MAX_FILES:
        st.warning(
            f"Only the first {MAX_FILES} pictures are read. Remove them to read the others.",
            icon=":material/filter_list:",
        )
    with st.spinner("Reading…"):
        results = [read_file(recognizer, file) for file in files[:MAX_FILES]]
    st.html(results_html(results))
    st.download_button(
        "Download as CSV",
        results_csv(results),
        "numbers.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    readings = [result for result in results if isinstance(result, Reading)]
    if not readings:
        return
    index = 0
    if len(readings) > 1:
        index = st.selectbox(
            "Look closer at",
            range(len(readings)),
            # With its place: Streamlit tells options apart by their labels alone.
            format_func=lambda index: f"{index + 1}. {readings[index].name}",
        )
    st.html(photo_html(readings[index]))
    show_answer(recognizer, readings[index], "upload")
    show_corrections("upload")


@st.fragment
def show_camera(recognizer: DigitRecognizer) -> None:
    """Take a photograph and read it."""
    photograph = st.camera_input(
        "Hold numbers on paper in front of the camera, upright, so that they fill the picture",
        resolution="720p",
    )
    if photograph is None:
        return
    result = read_file(recognizer, photograph)
    if isinstance(result, Failure):
        st.warning(f"The photograph {result.reason}", icon=":material/broken_image:")
        return
    st.html(photo_html(result))
    show_answer(recognizer, result, "camera")
    show_corrections("camera")


def read_file(recognizer: DigitRecognizer, file: "UploadedFile") -> Reading | Failure:
    """Read one file, or say what is wrong with it."""
    try:
        reading = read_good_file(recognizer, file.file_id, file)
    except InferenceError as error:
        return Failure(file.name, explain_error(error))
    return reading if reading.numbers else Failure(file.name, NOTHING_FOUND)


@st.cache_resource(scope="session", show_spinner=False, max_entries=MAX_FILES)
def read_good_file(
    _recognizer: DigitRecognizer,
    file_id: str,  # noqa: ARG001 — it is what the cache goes by
    _file: "UploadedFile",
) -> Reading:
    """Read one file; only once, however often the page is drawn."""
    return read(_recognizer, _file.name, _file, MAX_PIXELS)


def explain_error(error: InferenceError) -> str:
    """Say what is wrong with a picture and what would be right, in a visitor's words."""
    if isinstance(error, InvalidImageError):
        return (
            "cannot be read as a picture. A complete PNG, JPEG, WebP, GIF, BMP or TIFF file of"
            f" up to {MAX_PIXELS // 1_000_000} megapixels would be right."
        )
    return "could not be processed. A smaller picture may work."


def results_html(results: Sequence[Reading | Failure]) -> str:
    """Write the table of results."""
    return (
        '<table class="results"><thead><tr><th></th><th>File</th><th>Number</th></tr></thead>'
        f"<tbody>{''.join(map(result_html, results))}</tbody></table>"
    )


def result_html(result: Reading | Failure) -> str:
    """Write a picture's rows of the table, one for each number."""
    name = html.escape(result.name)
    if isinstance(result, Failure):
        reason = html.escape(result.reason)
        return (
            f'<tr><td>⚠</td><td class="name">{name}</td>'
            f'<td><span class="note" role="alert">{reason[0].upper()}{reason[1:]}</span></td></tr>'
        )
    thumbnail = result.picture.copy()
    thumbnail.thumbnail((THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX))
    rows = "</tr><tr>".join(
        f'<td><span class="number">{number_text(number)}</span>'
        f'<span class="note">{describe_number(number)}</span></td>'
        for number in result.numbers
    )
    span = f'rowspan="{len(result.numbers)}"'
    return (
        f'<tr><td {span}><img src="{data_url(png(thumbnail), "image/png")}" alt="{name}"></td>'
        f'<td {span} class="name">{name}</td>{rows}</tr>'
    )


def results_csv(results: Sequence[Reading | Failure]) -> bytes:
    """Write the results as the command line does, in a file that spreadsheets open as UTF-8."""
    text = io.StringIO(newline="")
    write = comma_separated(text, of_numbers=True)
    for result in results:
        for row in [result.reason] if isinstance(result, Failure) else result.numbers:
            write(result.name, row)
    return text.getvalue().encode("utf-8-sig")


# --- The answer ----------------------------------------------------------------------------------


def show_answer(
    recognizer: DigitRecognizer, reading: Reading, key: str, stroke_count: int | None = None
) -> None:
    """Show the numbers and, of one of their marks, all that is known."""
    answer = answer_html(reading, stroke_count)
    marks = reading.marks
    if len(marks) == 1:
        show_mark(recognizer, reading, marks[0], key, answer)
        return
    st.html(answer)
    if not marks:
        return
    # Whoever looks closer, looks at the least sure one first.
    least_sure = min(range(len(marks)), key=lambda index: marks[index].prediction.confidence)
    chosen = st.segmented_control(
        "Look closer at",
        range(len(marks)),
        # Equal digits differ by what is not seen: Streamlit tells options apart by their labels.
        format_func=lambda index: mark_name(marks[index], reading) + index * NO_SPACE,
        default=least_sure,
        required=True,
        key=f"{key}-mark-{fingerprint(reading)}",
    )
    show_mark(recognizer, reading, marks[least_sure if chosen is None else chosen], key)


def show_mark(
    recognizer: DigitRecognizer,
    reading: Reading,
    mark: Located,
    key: str,
    answer: str | None = None,
) -> None:
    """Show what the model saw and the ten probabilities; why; and let it be corrected."""
    prediction = mark.prediction
    is_left_out = mark in reading.left_out
    what = "mark" if is_left_out else prediction.digit
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        if answer:
            st.html(answer, width="content")
        st.html(
            pixels_html(
                255 * prediction.normalized,
                f"The {what} as the model sees it: centred, in 28 × 28 pixels",
                "The model’s view",
            ),
            width=MODEL_VIEW_PX,
        )
        with st.container(key=f"{key}-chart"):
            show_probabilities(prediction)
    if not is_left_out:
        show_why(recognizer, prediction, key)
    show_correction(reading, mark, key)


def answer_html(reading: Reading, stroke_count: int | None) -> str:
    """Write the answer: the only digit, or every number in a line of its own."""
    numbers = reading.numbers
    match reading.marks:
        case []:
            lines = f'<div class="digits unsure">No digit</div>The drawing {NOTHING_FOUND}'
        case [mark]:
            lines = single_answer(mark, numbers[0])
        case _:
            # All in one size, which shrinks with the longest and with the lines.
            count = max(4 * len(numbers), *(len(number_text(number)) for number in numbers))
            lines = "".join(number_html(number, count) for number in numbers)
    # The count tells which drawing is answered: while strokes are added, the answer lags behind.
    strokes = "" if stroke_count is None else f' data-stroke-count="{stroke_count}"'
    texts = " ".join(number.text for number in numbers)
    return f'<div class="answer" role="status" data-numbers="{texts}"{strokes}>{lines}</div>'


def single_answer(mark: Located, number: Number) -> str:
    """Write a number of one digit; one that the model is unsure of names the two likeliest."""
    first, second = mark.prediction.top(2)
    odds = ", ".join(f"{format_probability(share)} for {digit}" for digit, share in (first, second))
    if not number.digits:
        text, note = "No digit", f"At best: {odds}"
    elif number.is_sure or mark.prediction.is_digit:
        text, note = number_text(number), describe_number(number)
    else:
        other = number.text.replace(str(first[0]), str(second[0]))
        text, note = f"{number.text} or {other}?", f"Not sure: {odds}"
    kind = "digits" if number.is_sure else "digits unsure"
    return f'<div class="{kind}">{text}</div>{note}'


def number_html(number: Number, count: int) -> str:
    """Write a number, every digit above its confidence, as large as `count` digits fit in."""
    digits = iter(number.digits)
    cells = "".join(
        digit_html(next(digits).prediction) if character.isdecimal() else f"<b>{character}</b>"
        for character in number_text(number)
    )
    return (
        f'<div class="digits several" style="--count: {count}">{cells}</div>'
        f"{describe_number(number)}"
    )


def number_text(number: Number) -> str:
    """Write a number in plain characters, an unsure one with a question mark."""
    return f"{number.text}{'' if number.is_sure else '?'}" if number.text else "–"


def digit_html(prediction: Prediction) -> str:
    """Write one digit of a number above its confidence."""
    confidence = format_probability(prediction.confidence)
    kind, sign = ("sure", "") if prediction.is_digit else ("unsure", " ?")
    return f'<span class="{kind}"><b>{prediction.digit}</b><small>{confidence}{sign}</small></span>'


def describe_number(number: Number) -> str:
    """Say how sure a number is and what was left out."""
    unsure = sum(not digit.prediction.is_digit for digit in number.digits)
    parts = []
    if number.digits:
        doubt = "" if number.is_sure else "Not sure: "
        parts.append(f"{doubt}{format_probability(number.confidence)} confident")
    if unsure:
        parts.append(f"{unsure} unsure, marked “?”")
    if number.left_out:
        parts.append(f"{len(number.left_out)} left out as no digit")
    return ", ".join(parts)


def mark_name(mark: Located, reading: Reading) -> str:
    """Name a mark in one or two characters: its digit, the unsure ones with a question mark."""
    if mark in reading.left_out:
        return "✕"
    return f"{mark.prediction.digit}{'' if mark.prediction.is_digit else ' ?'}"


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


def canvas_marks_html(reading: Reading | Failure | None, canvas_width_px: int) -> str:
    """Frame what was found on the canvas, however it is scaled."""
    ratio = f"{canvas_width_px} / {CANVAS_HEIGHT_PX}"
    frames = marks_html(reading) if isinstance(reading, Reading) else ""
    return (
        f"<style>.st-key-paper {{ --canvas-ratio: {ratio}; }}</style>"
        f'<div class="marks" style="width: min(100%, {canvas_width_px}px); aspect-ratio: {ratio}">'
        f"{frames}</div>"
    )


def photo_html(reading: Reading) -> str:
    """Show a picture with frames around what was found."""
    picture = io.BytesIO()
    reading.picture.save(picture, "JPEG", quality=85)
    url, name = data_url(picture.getvalue(), "image/jpeg"), html.escape(reading.name)
    return (
        f'<figure class="photo"><img src="{url}" alt="{name}">'
        f'<div class="marks">{marks_html(reading)}</div></figure>'
    )


def marks_html(reading: Reading) -> str:
    """Write the frames, in percent of the picture's width and height."""
    return "".join(mark_html(mark, reading) for mark in reading.marks)


def mark_html(mark: Located, reading: Reading) -> str:
    """Write one frame with what it holds."""
    width, height = reading.picture.size
    box = mark.box
    classes = ["mark", mark_kind(mark, reading)]
    if box.top < height / 10:
        classes.append("low")  # There is no room above it.
    place = (
        f"left: {box.left / width:.2%}; top: {box.top / height:.2%};"
        f" width: {box.width / width:.2%}; height: {box.height / height:.2%}"
    )
    name = mark_name(mark, reading)
    return f'<div class="{" ".join(classes)}" style="{place}"><span>{name}</span></div>'


def mark_kind(mark: Located, reading: Reading) -> str:
    """Tell the three kinds of marks apart."""
    if mark in reading.left_out:
        return "left-out"
    return "sure" if mark.prediction.is_digit else "unsure"


# --- Why? ----------------------------------------------------------------------------------------


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
        except InferenceError as error:
            st.warning(f"The explanation {explain_error(error)}", icon=":material/help:")
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
    row, column = ((start + change.side / 2) / 28 for start in (change.top, change.left))
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


# --- Correct me ----------------------------------------------------------------------------------


def show_correction(reading: Reading, mark: Located, key: str) -> None:
    """Let a digit be corrected with one click; the same click takes it back."""
    corrections: dict[bytes, int] = st.session_state.setdefault("corrections", {})
    picture = png(cut_out(reading, mark))
    label = st.pills(
        "Wrong? Click the right digit.",
        range(10),
        default=corrections.get(picture),
        key=f"{key}-correct-{hashlib.sha256(picture).hexdigest()}",
    )
    if label is None:
        corrections.pop(picture, None)
    else:
        corrections[picture] = label


def show_corrections(key: str) -> None:
    """Offer what was corrected for download."""
    corrections: dict[bytes, int] = st.session_state.get("corrections", {})
    if not corrections:
        return
    count = len(corrections)
    with st.container(border=True):
        st.markdown(
            f"**{count} {'digit' if count == 1 else 'digits'} corrected.** Nothing is kept on the"
            " server: download them before you leave. To teach a model your hand, unpack the zip"
            " into a folder and run `python -m training.train --extra FOLDER --output mine`."
        )
        st.download_button(
            "Download as zip",
            corrections_zip(corrections),
            "corrected.zip",
            "application/zip",
            icon=":material/download:",
            key=f"{key}-zip",
            on_click="ignore",
        )


def cut_out(reading: Reading, mark: Located) -> Image.Image:
    """Cut a digit out of the picture, with some paper around it.

    Where a neighbour would be cut as well, what the model saw of it alone is taken.
    """
    box = mark.box
    margin = round(CROP_MARGIN * max(box.width, box.height))
    left, top = max(0, box.left - margin), max(0, box.top - margin)
    right = min(reading.picture.width, box.left + box.width + margin)
    bottom = min(reading.picture.height, box.top + box.height + margin)
    crop = Box(left, top, right - left, bottom - top)
    if any(other is not mark and overlap(crop, other.box) for other in reading.marks):
        return Image.fromarray((255 - 255 * mark.prediction.normalized).astype(np.uint8))
    return reading.picture.crop((left, top, right, bottom))


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share a pixel."""
    return (
        one.left < other.left + other.width
        and other.left < one.left + one.width
        and one.top < other.top + other.height
        and other.top < one.top + one.height
    )


def corrections_zip(corrections: Mapping[bytes, int]) -> bytes:
    """Pack corrected digits, PNG → label, as `<label>/<image>.png`.

    An image's name comes from its content, so that folders of several visits can be merged.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for picture, label in corrections.items():
            archive.writestr(f"{label}/{hashlib.sha256(picture).hexdigest()[:16]}.png", picture)
    return file.getvalue()


# --- Small things --------------------------------------------------------------------------------


def fingerprint(reading: Reading) -> str:
    """Tell drawings apart, so that each starts with its own choices."""
    return hashlib.sha256(reading.picture.tobytes()).hexdigest()[:16]


def pixels_html(
    levels: np.ndarray, alt: str, caption: str = "", change: Change | None = None
) -> str:
    """Show 28 × 28 pixels, 0…255, as sharp squares, with a frame around what could be changed.

    The picture is a part of the page, since one that is asked for may be gone by then: the next
    stroke has replaced it.
    """
    picture = data_url(png(Image.fromarray(levels.clip(0, 255).astype(np.uint8))), "image/png")
    frame = ""
    if change is not None:
        left, top, side = (f"{start / 28:.2%}" for start in (change.left, change.top, change.side))
        frame = f'<i style="left: {left}; top: {top}; width: {side}; height: {side}"></i>'
    return (
        f'<figure class="pixels"><div><img src="{picture}" alt="{alt}">{frame}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def png(picture: Image.Image) -> bytes:
    """Encode a picture as PNG."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def data_url(content: bytes, media_type: str) -> str:
    """Write a file's content as a URL."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def format_probability(probability: float) -> str:
    """Write a probability as a percentage that never claims certainty."""
    return ">99%" if probability >= ALMOST_CERTAIN else f"{probability:.0%}"


def escape_markdown(text: str) -> str:
    """Make Markdown show a text as it is."""
    return re.sub(r"([^\w\s]|_)", r"\\\1", text)


if __name__ == "__main__":
    main()
