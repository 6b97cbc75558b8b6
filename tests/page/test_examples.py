"""The drawings to click on."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from page.canvas import CANVAS_HEIGHT_PX
from page.examples import EXAMPLES
from tests.page.opened import open_page


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_an_example_is_put_on_the_paper(name: str, canvas: SimpleNamespace) -> None:
    page = open_page()

    next(button for button in page.button if button.label == name).click().run()

    assert not page.exception
    assert canvas.start is not None
    assert len(canvas.start["objects"]) == len(EXAMPLES[name])
    for stroke in canvas.start["objects"]:
        coordinates = np.array(re.findall(r"-?[\d.]+", stroke["path"]), float).reshape(-1, 2)
        assert (coordinates >= 0).all()
        assert (coordinates <= (704, CANVAS_HEIGHT_PX)).all()


def test_the_same_example_twice_is_another_start(canvas: SimpleNamespace) -> None:
    page = open_page()
    button = next(button for button in page.button if button.label == "A star")
    button.click().run()
    first = canvas.start

    next(button for button in page.button if button.label == "A star").click().run()

    assert canvas.start != first
