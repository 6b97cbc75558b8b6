"""The recognizer on one image, on ink, in threads and in processes."""

import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import Image, ImageOps

from inference import (
    BlankImageError,
    DigitRecognizer,
    InferenceError,
    InvalidImageError,
)
from tests.drawings import Drawing
from tests.inference.drawn import BLANK, DRAWINGS, PICTURES, assert_close

ROOT = Path(__file__).parents[2]


# --- One image ------------------------------------------------------------------------------------


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_a_drawn_digit_is_recognized(drawing: Drawing, recognizer: DigitRecognizer):
    prediction = recognizer.predict(drawing.render())
    assert prediction.digit == drawing.label
    assert prediction.is_digit


@pytest.mark.parametrize("size_px", [64, 280, 1500])
@pytest.mark.parametrize("drawing", DRAWINGS[::4], ids=str)
def test_the_size_of_the_picture_does_not_matter(
    drawing: Drawing, size_px: int, recognizer: DigitRecognizer
):
    picture = drawing.render(size_px, pen_width_px=size_px // 15)
    assert recognizer.predict(picture).digit == drawing.label


@pytest.mark.parametrize("drawing", DRAWINGS[::4], ids=str)
def test_dark_on_light_light_on_dark_and_on_nothing_are_the_same(
    drawing: Drawing, recognizer: DigitRecognizer
):
    picture = drawing.render()
    stroke = ImageOps.invert(picture)
    expected = recognizer.predict(picture)
    assert recognizer.predict(stroke) == expected
    for colour in ("black", "white", "orange"):
        transparent = Image.new("RGB", picture.size, colour)
        transparent.putalpha(stroke)
        assert recognizer.predict(transparent) == expected


def test_a_prediction_says_what_the_graph_computed(recognizer: DigitRecognizer):
    picture = PICTURES[3]
    prediction = recognizer.predict(picture)
    output = recognizer.run(255 - np.asarray(picture)[np.newaxis])
    assert prediction.probabilities == tuple(output.probabilities[0].tolist())
    assert prediction.digit == output.probabilities[0].argmax()
    assert prediction.confidence == output.probabilities[0].max()
    np.testing.assert_array_equal(prediction.normalized, output.normalized[0])


def test_probabilities_are_plain_numbers_that_sum_to_one(recognizer: DigitRecognizer):
    prediction = recognizer.predict(PICTURES[0])
    assert type(prediction.digit) is int
    assert type(prediction.is_digit) is bool
    assert {type(probability) for probability in prediction.probabilities} == {float}
    assert sum(prediction.probabilities) == pytest.approx(1, abs=1e-5)


def test_the_normalized_image_cannot_be_written_to(recognizer: DigitRecognizer):
    normalized = recognizer.predict(PICTURES[0]).normalized
    assert normalized.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        normalized[0, 0] = 1


def test_a_prediction_is_a_digit_from_the_threshold_on(recognizer: DigitRecognizer):
    thresholds = recognizer.metadata.thresholds
    assert thresholds.accepts(thresholds.reject_confidence)
    assert not thresholds.accepts(thresholds.reject_confidence - 1e-6)
    noise = np.random.default_rng(0).integers(0, 256, (5, 12, 12), np.uint8)
    predictions = recognizer.predict_batch([*PICTURES, *noise])
    assert {prediction.is_digit for prediction in predictions} == {True, False}
    for prediction in predictions:
        assert prediction.is_digit == thresholds.accepts(prediction.confidence)


def test_a_blank_image_is_an_error(recognizer: DigitRecognizer):
    with pytest.raises(BlankImageError, match="blank"):
        recognizer.predict(BLANK)


def test_a_thing_that_is_no_image_is_an_error(recognizer: DigitRecognizer):
    nothing: Any = None
    with pytest.raises(InvalidImageError, match="NoneType is not an image"):
        recognizer.predict(nothing)


def test_every_error_of_an_image_is_an_inference_error():
    assert issubclass(BlankImageError, InvalidImageError)
    assert issubclass(InvalidImageError, InferenceError)


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (1, 400), (400, 1), (2, 2)])
def test_the_smallest_pictures_get_a_prediction(
    shape: tuple[int, int], recognizer: DigitRecognizer
):
    image = np.zeros(shape, np.uint8)
    image.flat[-1] = 255
    assert np.isfinite(recognizer.predict(image).probabilities).all()


@given(array=npst.arrays(np.uint8, npst.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_any_picture_gets_a_prediction_or_an_inference_error(
    array: NDArray[np.uint8], recognizer: DigitRecognizer
):
    try:
        prediction = recognizer.predict(array)
    except InferenceError:
        return
    assert sum(prediction.probabilities) == pytest.approx(1, abs=1e-5)
    assert prediction.confidence == max(prediction.probabilities)


# --- Ink, for those who hold it already -----------------------------------------------------------


def test_run_gives_what_the_graph_promises(recognizer: DigitRecognizer):
    output = recognizer.run(np.stack([255 - np.asarray(picture) for picture in PICTURES[:3]]))
    assert output.probabilities.shape == output.logits.shape == (3, 10)
    assert output.normalized.shape == (3, 28, 28)
    assert output.probabilities.argmax(axis=1).tolist() == output.logits.argmax(axis=1).tolist()
    assert output.normalized.min() == 0
    assert output.normalized.max() == pytest.approx(1, abs=1e-5)


def test_run_takes_blank_ink_and_any_memory_layout(recognizer: DigitRecognizer):
    ink = np.zeros((40, 2, 30), np.uint8).transpose(1, 0, 2)[:, ::-1]
    assert np.isfinite(recognizer.run(ink).probabilities).all()
    drawn = np.stack([255 - np.asarray(picture) for picture in PICTURES[:3]])
    turned = np.asfortranarray(drawn)[::-1]
    np.testing.assert_array_equal(
        recognizer.run(turned).normalized, recognizer.run(drawn[::-1].copy()).normalized
    )


def test_ink_is_read_as_the_picture_that_shows_it(recognizer: DigitRecognizer):
    ink = np.stack([255 - np.asarray(picture) for picture in PICTURES[:3]])
    for prediction, picture in zip(recognizer.predict_ink(ink), PICTURES, strict=False):
        assert_close(prediction, recognizer.predict(picture))


@pytest.mark.parametrize("method", ["run", "predict_ink"])
@pytest.mark.parametrize(
    "ink",
    [
        None,
        [[[0, 255]]],
        np.zeros((28, 28), np.uint8),
        np.zeros((1, 28, 28, 1), np.uint8),
        np.zeros((1, 28, 28), np.float32),
        np.zeros((1, 28, 28), bool),
        np.zeros((0, 28, 28), np.uint8),
        np.zeros((1, 0, 28), np.uint8),
    ],
)
def test_what_is_not_ink_is_refused(ink: Any, method: str, recognizer: DigitRecognizer):
    with pytest.raises(InvalidImageError, match=r"uint8 array of shape \(batch, height, width\)"):
        getattr(recognizer, method)(ink)


def test_an_error_of_onnxruntime_becomes_an_inference_error(
    recognizer: DigitRecognizer, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(recognizer._session, "run", fail)
    with pytest.raises(InferenceError, match="out of memory; pass fewer or smaller images"):
        recognizer.predict(PICTURES[0])


# --- Threads and processes ------------------------------------------------------------------------


def test_threads_that_share_a_recognizer_get_identical_results(recognizer: DigitRecognizer):
    expected = [recognizer.predict(picture) for picture in PICTURES]
    with ThreadPoolExecutor(64) as pool:
        results = list(pool.map(recognizer.predict, PICTURES * 20))
    assert results == expected * 20


def test_the_largest_number_of_pixels_can_be_chosen_and_is_pickled():
    small = pickle.loads(pickle.dumps(DigitRecognizer(max_pixels=783)))  # noqa: S301
    for read in (small.predict, small.read_number, small.read_numbers):
        with pytest.raises(InvalidImageError, match="more than 783 pixels"):
            read(np.eye(28))


def test_a_recognizer_can_be_pickled(recognizer: DigitRecognizer):
    copy = pickle.loads(pickle.dumps(recognizer))  # noqa: S301
    assert copy.predict(PICTURES[0]) == recognizer.predict(PICTURES[0])
    assert copy.metadata == recognizer.metadata


def test_a_pickled_recognizer_does_not_say_where_its_default_model_was(
    recognizer: DigitRecognizer,
):
    assert b"artifacts" not in pickle.dumps(recognizer)


def test_a_pickled_recognizer_finds_its_model_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    artifacts = Path(__file__).parents[2] / "artifacts"
    monkeypatch.chdir(artifacts)
    pickled = pickle.dumps(DigitRecognizer("digits.onnx"))
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(pickled).predict(PICTURES[0]).is_digit  # noqa: S301


def test_a_recognizer_with_its_own_session_options_says_why_it_cannot_be_pickled():
    recognizer = DigitRecognizer(session_options=onnxruntime.SessionOptions())
    with pytest.raises(pickle.PicklingError, match="create it in each process"):
        pickle.dumps(recognizer)


def test_a_recognizer_works_in_spawned_processes(
    recognizer: DigitRecognizer, monkeypatch: pytest.MonkeyPatch
):
    # A spawned process runs the main module again, and Streamlit's AppTest leaves one of its own.
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(recognizer.predict, PICTURES[:3]))
    assert results == [recognizer.predict(picture) for picture in PICTURES[:3]]


@pytest.mark.skipif(sys.platform != "linux", reason="forking is safe on Linux only")
def test_a_recognizer_that_has_predicted_works_in_forked_processes():
    # In a fresh process, because a fork copies none of the threads that earlier tests have started.
    code = (
        "import multiprocessing\n"
        "from inference import DigitRecognizer\n"
        "from tests.drawings import load_drawings\n"
        "recognizer = DigitRecognizer()\n"
        "pictures = [drawing.render() for drawing in load_drawings()[:6]]\n"
        "expected = [recognizer.predict(picture) for picture in pictures]\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    assert pool.map(recognizer.predict, pictures) == expected"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)  # noqa: S603


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_flat(recognizer: DigitRecognizer):
    """`PREDICTIONS=100000 pytest -k memory_stays_flat` is the long version."""
    predictions = int(os.environ.get("PREDICTIONS", "2000"))
    canvas = np.asarray(PICTURES[0].convert("RGBA"))
    small = np.asarray(PICTURES[0].resize((28, 28)))
    for _ in range(500):  # until the allocators have what they need
        recognizer.predict(canvas)
        recognizer.predict(small)
    before_bytes = resident_bytes()
    for _ in range(predictions // 2):
        recognizer.predict(canvas)
        recognizer.predict(small)
    assert resident_bytes() - before_bytes < 2_000_000
