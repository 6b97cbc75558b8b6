"""Drawings to click on."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st

from page.canvas import CANVAS_HEIGHT_PX, start_drawing
from page.pictures import data_url

SHARPEST_CURVE = 0.4  # cosine of the turn from which on a point of an example is a corner
EXAMPLE_SHARES = (0.85, 0.65)  # of the canvas's width and height, as people tend to fill it

Stroke = list[list[int]]
"""Points [x, y], y downwards, in any unit."""

# Name → the strokes, as in tests/strokes.json.
EXAMPLES: dict[str, list[Stroke]] = json.loads(
    Path(__file__).with_name("examples.json").read_text("utf-8")
)


def show_examples() -> None:
    """Show drawings to click on."""
    with st.container(key="examples", horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.markdown("Or try", width="content")
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
    styles: list[str] = []
    for index, strokes in enumerate(EXAMPLES.values()):
        points = [point for stroke in strokes for point in stroke]
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


def placed(strokes: Sequence[Stroke], width_px: int, height_px: int) -> list[str]:
    """Fit an example's strokes into the middle of a paper, as paths of an SVG."""
    lines = [np.array(stroke) for stroke in strokes]
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
