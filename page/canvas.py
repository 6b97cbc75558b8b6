"""The paper to draw on, and its tools."""

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

LOG = logging.getLogger(__name__)

CANVAS_HEIGHT_PX = 280
CANVAS_WIDTHS_PX = (240, 704)  # the widest its column ever is
PEN_WIDTHS_PX = range(6, 33, 2)
DEFAULT_PEN_WIDTH_PX = 14

MEASURE, HISTORY, MOVES = (
    Path(__file__).with_name(f"{name}.js").read_text("utf-8")
    for name in ("column_width", "canvas_history", "coalesced_moves")
)


def choose_canvas_width() -> int | None:
    """Fit the canvas to the page, but only while nothing is drawn that could be cut off."""
    width_px = measure_width()
    if width_px is not None:
        narrowest, widest = CANVAS_WIDTHS_PX
        st.session_state.column_width_px = min(max(width_px, narrowest), widest)
    if not st.session_state.get("is_drawn_on"):
        st.session_state.canvas_width_px = st.session_state.get("column_width_px")
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
    size = f"--canvas-width: {width_px}px; --canvas-ratio: {width_px} / {CANVAS_HEIGHT_PX};"
    st.html(f"<style>.st-key-paper {{ {size} }}</style>")
    # It registers itself with the running server when it is imported.
    import streamlit_drawable_canvas  # pyright: ignore[reportMissingTypeStubs]

    script, style = script_and_style(Path(streamlit_drawable_canvas.__file__).parent)
    # Without a shadow root, where the page's style could not reach its tools.
    streamlit_drawable_canvas.out = component(
        "canvas",
        js=script,
        css=style,
        html='<div class="canvas-root"></div>',
        isolate_styles=False,
    )
    try:
        drawing = streamlit_drawable_canvas.st_canvas(  # pyright: ignore[reportUnknownMemberType]
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


@cache
def script_and_style(package: Path) -> tuple[str, str]:
    """Read what the canvas is made of: the page's script around its own, and its style."""
    build = package / "frontend" / "build"
    [script], [style] = build.glob("index-*.js"), build.glob("index-*.css")
    return HISTORY.replace("index.js", script.name) + MOVES, style.read_text("utf-8")


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
            format="Pen %d px",
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
