"""What the number finder says of a picture, as plain objects."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from inference import InferenceError
from inference.model import Session, open_model
from inference.number.finder import Detection, find_characters
from inference.number.metadata import CHARACTERS, CONTRACT, parse_number_metadata
from inference.recognizer import DEFAULT_FINDER
from tests.drawings import Drawing, load_drawings
from tests.inference.number.found import INK_SIDE
from tests.writing import write

DRAWINGS = load_drawings()
TWO, SEVEN = (next(one for one in DRAWINGS if one.label == label) for label in (2, 7))
Levels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def session() -> Session:
    """Of the shipped finder."""
    return open_model(DEFAULT_FINDER, CONTRACT, parse_number_metadata)[0]


class Fixed:
    """A session whose graph gives the same for every picture, or fails."""

    def __init__(self, outputs: Mapping[str, NDArray[Any]] | Exception) -> None:
        self.outputs = outputs

    def run(
        self, output_names: Sequence[str], input_feed: Mapping[str, NDArray[Any]]
    ) -> Sequence[NDArray[Any]]:
        assert set(input_feed) == {"luminance"}
        if isinstance(self.outputs, Exception):
            raise self.outputs
        return [self.outputs[name] for name in output_names]


def sure(found: list[Detection]) -> list[Detection]:
    return [one for one in found if one.probability >= 0.5]


# --- From arrays to objects ----------------------------------------------------------------------


def test_the_outputs_of_the_graph_become_characters():
    probabilities = np.zeros((2, len(CHARACTERS)), np.float32)
    probabilities[0, [7, 1]] = 0.6, 0.3
    probabilities[1, CHARACTERS.index("-")] = 0.5
    ink = np.arange(2 * INK_SIDE**2).reshape(2, INK_SIDE, INK_SIDE).astype(np.uint8)
    boxes = np.array([[10, 20, 40, 80], [1, 2, 4, 3]], np.float32)
    graph = Fixed({"ink": ink, "boxes": boxes, "probabilities": probabilities})
    seven, minus = find_characters(graph, np.zeros((90, 90), np.uint8))

    assert (seven.left, seven.top, seven.right, seven.bottom) == (10, 20, 40, 80)
    assert (seven.width, seven.height, seven.x, seven.y) == (30, 60, 25, 50)
    assert seven.character == "7"
    assert seven.is_digit
    assert seven.probability == pytest.approx(0.9)
    np.testing.assert_array_equal(seven.probabilities, probabilities[0])
    np.testing.assert_array_equal(seven.ink, ink[0])

    assert minus.character == "-"
    assert not minus.is_digit
    assert minus.probability == pytest.approx(0.5)
    np.testing.assert_array_equal(minus.ink, ink[1])


def test_coordinates_are_plain_numbers(session: Session):
    found = find_characters(session, np.asarray(TWO.render()))
    assert {type(one.left) for one in found} == {type(one.probability) for one in found} == {float}


def test_an_error_of_onnxruntime_becomes_an_inference_error():
    graph = Fixed(RuntimeError("out of memory"))
    with pytest.raises(InferenceError, match=r"of shape \(20, 30\): out of memory; pass a smaller"):
        find_characters(graph, np.zeros((20, 30), np.uint8))


# --- The shipped finder --------------------------------------------------------------------------


def test_the_likeliest_comes_first(session: Session):
    found = find_characters(session, np.asarray(write(DRAWINGS[::4]).image))
    likely = [one.probability for one in found]
    assert len(likely) >= len(DRAWINGS[::4])
    assert likely == sorted(likely, reverse=True)


@pytest.mark.parametrize("level", [0, 90, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (64, 64), (480, 640)])
def test_nothing_is_found_on_an_even_picture(shape: tuple[int, int], level: int, session: Session):
    assert find_characters(session, np.full(shape, level, np.uint8)) == []


@pytest.mark.parametrize("drawing", [TWO, SEVEN], ids=str)
def test_a_digit_is_found_where_it_is(drawing: Drawing, session: Session):
    page = np.full((400, 700), 255, np.uint8)
    page[60:340, 300:580] = np.asarray(drawing.render())
    rows, columns = (np.flatnonzero((page < 128).any(axis=axis)) for axis in (1, 0))
    (found,) = sure(find_characters(session, page))
    assert found.character == str(drawing.label)
    np.testing.assert_allclose(
        (found.left, found.top, found.right, found.bottom),
        (columns[0], rows[0], columns[-1], rows[-1]),
        atol=30,  # 0.15 of its height
    )


@pytest.mark.parametrize("is_light", [False, True])
def test_the_cut_out_is_ink_of_the_character_alone(is_light: bool, session: Session):
    page = np.asarray(write([TWO, SEVEN]).image)
    found = sure(find_characters(session, 255 - page if is_light else page))
    two, _ = sorted(found, key=lambda one: one.x)
    assert two.ink.shape == (INK_SIDE, INK_SIDE)
    assert two.ink.dtype == np.uint8
    border = np.concatenate((two.ink[0], two.ink[-1], two.ink[:, 0], two.ink[:, -1]))
    assert not border.any()
    assert 0.05 < (two.ink > 128).mean() < 0.4
    assert two.ink.max() == 255


def test_many_threads_may_use_a_session(session: Session):
    pages = [np.asarray(drawing.render()) for drawing in DRAWINGS[::5]]

    def boxes(page: Levels) -> list[tuple[str, float, float]]:
        return [
            (one.character, one.left, one.probability) for one in find_characters(session, page)
        ]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(boxes, pages * 3)) == [boxes(page) for page in pages] * 3


@settings(max_examples=40)
@given(
    npst.arrays(
        np.uint8,
        st.tuples(st.integers(1, 90), st.integers(1, 90)),
        elements=st.sampled_from([0, 60, 200, 255]),
        fill=st.sampled_from([0, 255]),
    )
)
def test_whatever_is_found_lies_on_the_picture(session: Session, picture: Levels):
    height, width = picture.shape
    for one in find_characters(session, picture):
        assert 0 <= one.left <= one.right <= width
        assert 0 <= one.top <= one.bottom <= height
        assert 0 < one.probability <= 1 + 1e-5
        assert (one.probabilities >= 0).all()
