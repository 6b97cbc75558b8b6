"""What the tests of the page have in common: a canvas, a model, what is drawn and read."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from PIL import Image

import app
from inference import DigitRecognizer, Number
from tests.page.opened import (
    THREE,
    file_content,
)

ARTIFACTS = Path(app.__file__).parent / "artifacts"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, recognizer: DigitRecognizer) -> None:
    """What Streamlit does anew for each page, and need not."""
    # It looks for components in all packages.
    monkeypatch.setattr("importlib.metadata.distributions", list)
    monkeypatch.setattr(
        app, "DigitRecognizer", lambda own: DigitRecognizer(own) if own else recognizer
    )


@pytest.fixture(autouse=True)
def canvas(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands in for the canvas component, which needs a browser; it is empty at first."""
    st.cache_resource.clear()
    canvas = SimpleNamespace(strokes=0, content=None, width=None, start=None)

    def draw_canvas(
        width_px: int, _pen_width_px: int, start: dict | None
    ) -> tuple[int, bytes | None]:
        canvas.width, canvas.start = width_px, start
        return canvas.strokes, canvas.content

    monkeypatch.setattr("page.canvas.measure_width", lambda: 704)
    monkeypatch.setattr("page.draw.draw_canvas", draw_canvas)
    return canvas


@pytest.fixture
def draw(canvas: SimpleNamespace) -> Callable[..., None]:
    """Draws a picture on the canvas: pixels and one stroke, as the component gives them."""

    def draw(picture: Image.Image | None = None) -> None:
        canvas.content = file_content((picture or THREE.render()).convert("RGBA"))
        canvas.strokes = 1

    return draw


@pytest.fixture
def predict(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the recognizer find these numbers on every image."""

    def predict(*numbers: Number) -> None:
        monkeypatch.setattr(DigitRecognizer, "read_numbers", lambda *_: list(numbers))

    return predict


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the model, which the page loads instead; the finder's is beside it."""
    for name in ("digits.onnx", "digits.json", "numbers.onnx", "numbers.json"):
        shutil.copy(ARTIFACTS / name, tmp_path)
    model, finder = tmp_path / "digits.onnx", tmp_path / "numbers.onnx"

    def load(other: str | None) -> DigitRecognizer:
        return DigitRecognizer(other or model, finder=finder)

    monkeypatch.setattr(app, "DigitRecognizer", load)
    return model
