"""Drawings to click on."""

import json
from functools import cache
from pathlib import Path
from uuid import uuid4

import numpy as np
import streamlit as st

from page.canvas import Example
from page.pictures import data_url

SHARPEST_CURVE = 0.4  # cosine of the turn from which on a point of an example is a corner
BUTTON_HEIGHT_PX = 48
BUTTON_SHARE = 0.65  # of a button's height, which its drawing fills

# Name → the strokes, each as "x y x y …", y downwards, in any unit.
EXAMPLES: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("examples.json").read_text("utf-8")
)


def show_examples() -> None:
    """Show drawings to click on."""
    with st.container(
        key="examples", horizontal=True, gap="xsmall", vertical_alignment="center", wrap=False
    ):
        st.markdown("Or try", width="content")
        for index, name in enumerate(EXAMPLES):
            st.button(name, key=f"example-{index}", on_click=start_example, args=[name])
    st.html(f"<style>{example_styles()}</style>")


def start_example(name: str) -> None:
    """Put an example on the paper."""
    st.session_state.example = as_example(EXAMPLES[name])


@cache
def example_styles() -> str:
    """Write the styles that give every example's button its drawing."""
    styles: list[str] = []
    for index, strokes in enumerate(EXAMPLES.values()):
        example = as_example(strokes)
        height = example["height"] / BUTTON_SHARE
        width_px = max(BUTTON_HEIGHT_PX, round(BUTTON_HEIGHT_PX * example["width"] / height) + 20)
        width = width_px * height / BUTTON_HEIGHT_PX
        paths = "".join(f'<path d="{path}"/>' for path in example["paths"])
        drawing = (
            '<svg xmlns="http://www.w3.org/2000/svg"'
            f' viewBox="{-width / 2} {-height / 2} {width} {height}" fill="none" stroke="black"'
            f' stroke-width="{3 * height / BUTTON_HEIGHT_PX}" stroke-linecap="round"'
            f' stroke-linejoin="round">{paths}</svg>'
        )
        styles.append(
            f".st-key-example-{index} button {{ width: {width_px}px;"
            f" background-image: url({data_url(drawing.encode(), 'image/svg+xml')}) !important; }}"
        )
    return "".join(styles)


def as_example(strokes: list[str]) -> Example:
    """Smooth strokes and centre them."""
    lines = [np.array([int(each) for each in stroke.split()]).reshape(-1, 2) for stroke in strokes]
    low, high = np.vstack(lines).min(axis=0), np.vstack(lines).max(axis=0)
    width, height = (high - low).tolist()
    paths = [smooth_path(line - (low + high) / 2) for line in lines]
    return Example(id=uuid4().hex, paths=paths, width=width, height=height)


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
