"""The drawings to click on."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from page.examples import EXAMPLES
from tests.page.opened import open_page


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_an_example_is_put_on_the_paper(name: str, canvas: SimpleNamespace) -> None:
    page = open_page()

    next(button for button in page.button if button.label == name).click().run()

    assert not page.exception
    assert canvas.example is not None
    assert len(canvas.example["paths"]) == len(EXAMPLES[name])
    # It is as wide and as high as it says, around (0, 0).
    coordinates = re.findall(r"-?[\d.]+", " ".join(canvas.example["paths"]))
    points = np.array(coordinates, float).reshape(-1, 2)
    half = np.array([canvas.example["width"], canvas.example["height"]]) / 2
    assert points.max(axis=0) == pytest.approx(half, abs=0.1)
    assert points.min(axis=0) == pytest.approx(-half, abs=0.1)


def test_the_same_example_twice_is_another_one(canvas: SimpleNamespace) -> None:
    page = open_page()
    button = next(button for button in page.button if button.label == "A star")
    button.click().run()
    first = canvas.example

    next(button for button in page.button if button.label == "A star").click().run()

    assert canvas.example != first
    assert canvas.example["paths"] == first["paths"]
