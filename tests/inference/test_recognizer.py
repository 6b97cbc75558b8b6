"""From an image to a prediction, alone, in batches, in threads, and in other processes."""

import io
import itertools
import multiprocessing
import os
import pickle
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import Image, ImageOps

from inference import (
    BlankImageError,
    DigitRecognizer,
    InferenceError,
    InvalidImageError,
    Prediction,
)
from tests.drawings import Drawing, load_drawings

ROOT = Path(__file__).parents[2]
DRAWINGS = load_drawings()
PICTURES = [drawing.render() for drawing in DRAWINGS]
BLANK = np.full((28, 28), 255, np.uint8)


def assert_close(first: Prediction, second: Prediction) -> None:
    assert first.digit == second.digit
    assert first.is_digit == second.is_digit
    np.testing.assert_allclose(first.probabilities, second.probabilities, atol=1e-5)
    np.testing.assert_allclose(first.normalized, second.normalized, atol=1e-5)


# --- One image -----------------------------------------------------------------------------------


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


# --- Many images ---------------------------------------------------------------------------------


def test_a_batch_gives_what_single_predictions_give(recognizer: DigitRecognizer):
    batch = recognizer.predict_batch(PICTURES)
    assert len(batch) == len(PICTURES)
    for picture, prediction in zip(PICTURES, batch, strict=True):
        assert_close(prediction, recognizer.predict(picture))


@given(
    images=st.lists(
        npst.arrays(
            np.uint8,
            st.sampled_from([(1, 1), (2, 9), (9, 2), (28, 28)]),
            elements=st.sampled_from([0, 5, 100, 249, 250, 255]),
            fill=st.sampled_from([0, 255, 230]),
        ),
        max_size=8,
    )
)
def test_small_arrays_in_a_stream_give_what_they_give_alone(
    images: list[NDArray[np.uint8]], recognizer: DigitRecognizer
):
    results = list(recognizer.predict_stream(images, return_errors=True))
    assert len(results) == len(images)
    for image, result in zip(images, results, strict=True):
        if isinstance(result, InvalidImageError):
            with pytest.raises(type(result), match=re.escape(str(result))):
                recognizer.predict(image)
        else:
            assert_close(result, recognizer.predict(image))


def test_a_batch_of_mixed_sizes_and_kinds_keeps_its_order(
    recognizer: DigitRecognizer, tmp_path: Path
):
    images: list[Any] = []
    for index, picture in enumerate(PICTURES):
        resized = picture.resize((100 + 20 * (index % 3), 120))
        file = io.BytesIO()
        resized.save(file, "PNG")
        path = tmp_path / f"{index}.png"
        path.write_bytes(file.getvalue())
        images.append([resized, np.asarray(resized), file.getvalue(), file, path][index % 5])
    digits = [prediction.digit for prediction in recognizer.predict_batch(images)]
    assert digits == [recognizer.predict(image).digit for image in images]
    assert len(set(digits)) == 10


def test_an_empty_batch_gives_no_predictions(recognizer: DigitRecognizer):
    assert recognizer.predict_batch([]) == []


def test_a_batch_may_be_an_array(recognizer: DigitRecognizer):
    array = np.stack([np.asarray(picture) for picture in PICTURES[:5]])
    digits = [prediction.digit for prediction in recognizer.predict_batch(array)]
    assert digits == [drawing.label for drawing in DRAWINGS[:5]]


def test_a_batch_holds_small_arrays_of_any_memory_layout(recognizer: DigitRecognizer):
    small = [np.asarray(picture.convert("L").resize((28, 28))) for picture in PICTURES[:4]]
    page = np.hstack(small)
    views = [page[:, start : start + 28] for start in range(0, 112, 28)]
    views += [np.asfortranarray(image) for image in small]
    views += [image[::-1, ::-1].copy()[::-1, ::-1] for image in small]
    for result, image in zip(recognizer.predict_batch(views), small * 3, strict=True):
        assert_close(result, recognizer.predict(image))


def test_a_prediction_that_is_kept_does_not_keep_its_batch(recognizer: DigitRecognizer):
    normalized: Any = recognizer.predict_batch(PICTURES)[0].normalized
    held = normalized
    while getattr(held, "base", None) is not None:
        held = held.base
    assert memoryview(held).nbytes == normalized.nbytes


def test_a_long_batch_is_read_and_run_in_bounded_parts(
    recognizer: DigitRecognizer, monkeypatch: pytest.MonkeyPatch
):
    small = np.eye(28)
    large = np.pad(np.eye(28), 130)
    produced = 0
    waiting: list[int] = []
    sizes: list[int] = []
    run = DigitRecognizer.run

    def images() -> Iterator[NDArray[np.float64]]:
        nonlocal produced
        for index in range(300):
            produced += 1
            yield large if index % 3 == 0 else small

    def spy(self: DigitRecognizer, ink: NDArray[np.uint8]) -> Any:
        waiting.append(produced - sum(sizes))
        sizes.append(len(ink))
        assert ink.size <= 400_000
        return run(self, ink)

    monkeypatch.setattr(DigitRecognizer, "run", spy)
    assert len(recognizer.predict_batch(images())) == 300
    assert sum(sizes) == 300
    assert len(sizes) < 60  # images of equal size do go together
    assert max(waiting) <= 65


@pytest.mark.parametrize(
    ("bad", "error", "complaint"),
    [
        (BLANK, BlankImageError, "image 3: the image is blank"),
        (b"text", InvalidImageError, "image 3: the bytes is not an image file"),
    ],
)
def test_the_error_of_a_batch_says_which_image(
    bad: Any, error: type[InvalidImageError], complaint: str, recognizer: DigitRecognizer
):
    with pytest.raises(error, match=complaint) as caught:
        recognizer.predict_batch([*PICTURES[:3], bad, PICTURES[4]])
    assert caught.type is error


def repr_of_kind(value: Any) -> str:
    return f"{type(value).__name__}{getattr(value, 'shape', '')}"


@pytest.mark.parametrize(
    "single",
    [
        "seven.png",
        Path("seven.png"),
        b"\x89PNG",
        PICTURES[0],
        io.BytesIO(b"\x89PNG"),
        7,
        np.array(7),
        np.eye(28),
        np.zeros((28, 28, 1), np.uint8),
        np.zeros((28, 28, 3), np.uint8),
        np.zeros((28, 28, 4), bool),
    ],
    ids=repr_of_kind,
)
def test_a_single_image_is_no_batch(single: Any, recognizer: DigitRecognizer):
    with pytest.raises(InvalidImageError, match="for a single image call predict"):
        recognizer.predict_batch(single)


def test_an_error_of_the_callers_own_iterator_is_left_alone(recognizer: DigitRecognizer):
    def images() -> Iterator[NDArray[np.float64]]:
        yield np.eye(28)
        raise KeyError("the caller's")

    with pytest.raises(KeyError, match="the caller's"):
        recognizer.predict_batch(images())


# --- Streams -------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 7, 1_000])
def test_a_stream_gives_what_a_batch_gives_in_its_order(
    batch_size: int, threads: int, recognizer: DigitRecognizer
):
    sides = itertools.cycle([280, 100, 64])
    images = [picture.resize((side, side)) for picture, side in zip(PICTURES, sides, strict=False)]
    stream = recognizer.predict_stream(iter(images), batch_size=batch_size, threads=threads)
    for expected, prediction in zip(recognizer.predict_batch(images), stream, strict=True):
        assert_close(prediction, expected)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_stream_may_have_no_end(threads: int, recognizer: DigitRecognizer):
    taken = 0

    def endless() -> Iterator[Image.Image]:
        nonlocal taken
        for picture in itertools.cycle(PICTURES):
            taken += 1
            yield picture

    stream = recognizer.predict_stream(endless(), batch_size=4, threads=threads)
    assert len(list(itertools.islice(stream, 10))) == 10
    assert taken <= 10 + 2 * threads * 4


def test_64_images_are_taken_at_a_time(recognizer: DigitRecognizer):
    remaining = iter([np.eye(28)] * 100)
    next(recognizer.predict_stream(remaining))
    assert len(list(remaining)) == 36


def test_large_images_of_a_stream_are_held_in_small_numbers(recognizer: DigitRecognizer):
    given: list[weakref.ref[NDArray[np.uint8]]] = []
    most = 0

    def photographs() -> Iterator[NDArray[np.uint8]]:
        nonlocal most
        for _ in range(40):
            photograph = np.zeros((2_000, 2_000), np.uint8)
            photograph[500:1_500, 900:1_100] = 255
            given.append(weakref.ref(photograph))
            most = max(most, sum(reference() is not None for reference in given))
            yield photograph

    assert len(list(recognizer.predict_stream(photographs()))) == 40
    assert most <= 12  # 32 MB are 8 of them; a few more are in hand


def test_predictions_before_a_bad_image_are_given_first(recognizer: DigitRecognizer):
    stream = recognizer.predict_stream([PICTURES[0], PICTURES[1], b"text"])
    assert [next(stream).digit for _ in range(2)] == [DRAWINGS[0].label, DRAWINGS[1].label]
    with pytest.raises(InvalidImageError, match="image 2: the bytes is not an image file"):
        next(stream)


@pytest.mark.parametrize("threads", [1, 2])
def test_predictions_before_an_error_of_the_callers_own_iterator_are_given_first(
    threads: int, recognizer: DigitRecognizer
):
    def images() -> Iterator[Image.Image]:
        yield from PICTURES[:5]
        raise KeyError("the caller's")

    stream = recognizer.predict_stream(images(), batch_size=2, threads=threads)
    digits = [next(stream).digit for _ in range(5)]
    assert digits == [prediction.digit for prediction in recognizer.predict_batch(PICTURES[:5])]
    with pytest.raises(KeyError, match="the caller's"):
        next(stream)


def array_buffer() -> tuple[Any, Callable[[Image.Image], None]]:
    buffer = np.zeros((280, 280), np.uint8)
    return buffer, lambda frame: np.copyto(buffer, np.asarray(frame))


def image_buffer() -> tuple[Any, Callable[[Image.Image], None]]:
    buffer = Image.new("L", (280, 280))
    return buffer, lambda frame: buffer.paste(frame)


def bytes_buffer() -> tuple[Any, Callable[[Image.Image], None]]:
    buffer = bytearray(280 * 280 + 15)

    def fill(frame: Image.Image) -> None:
        buffer[:] = b"P5 280 280 255\n" + frame.tobytes()

    return buffer, fill


def file_buffer() -> tuple[Any, Callable[[Image.Image], None]]:
    buffer = io.BytesIO()

    def fill(frame: Image.Image) -> None:
        buffer.seek(0)
        buffer.truncate()
        frame.save(buffer, "PNG")

    return buffer, fill


class Camera:
    """Fills the same buffer with every frame."""

    def __init__(self, buffer: Any, fill: Callable[[Image.Image], None]) -> None:
        self.buffer, self.fill = buffer, fill

    def __iter__(self) -> Iterator[Any]:
        for frame in PICTURES[:5]:
            self.fill(frame.convert("L").resize((280, 280)))
            yield self.buffer


@pytest.mark.parametrize("make", [array_buffer, image_buffer, bytes_buffer, file_buffer])
def test_a_camera_may_fill_the_same_buffer_with_every_frame(
    make: Callable[[], tuple[Any, Callable[[Image.Image], None]]], recognizer: DigitRecognizer
):
    camera = Camera(*make())
    frames = [frame.convert("L").resize((280, 280)) for frame in PICTURES[:5]]
    expected = [prediction.digit for prediction in recognizer.predict_batch(frames)]
    assert len(set(expected)) > 1
    assert [prediction.digit for prediction in recognizer.predict_stream(camera)] == expected


@pytest.mark.parametrize("threads", [1, 2])
def test_a_stream_goes_on_after_a_bad_image_if_asked(threads: int, recognizer: DigitRecognizer):
    images: list[Any] = [b"text", PICTURES[0], BLANK, None, PICTURES[1]]
    results = list(
        recognizer.predict_stream(images, batch_size=2, threads=threads, return_errors=True)
    )
    assert [type(result) for result in results] == [
        InvalidImageError,
        Prediction,
        BlankImageError,
        InvalidImageError,
        Prediction,
    ]
    assert str(results[2]).startswith("the image is blank")


def test_a_returned_error_does_not_keep_its_image_in_memory(recognizer: DigitRecognizer):
    blank = np.full((28, 28), 255, np.uint8)
    dropped = weakref.ref(blank)
    errors = list(recognizer.predict_stream([blank], return_errors=True))
    del blank
    assert len(errors) == 1
    assert dropped() is None


def test_the_threads_of_a_stream_end_with_it(recognizer: DigitRecognizer):
    before = threading.active_count()
    stream = recognizer.predict_stream(itertools.cycle(PICTURES), batch_size=2, threads=4)
    next(stream)
    assert threading.active_count() > before
    del stream
    assert threading.active_count() == before


@pytest.mark.parametrize("arguments", [{"batch_size": 0}, {"threads": 0}, {"threads": -1}])
def test_a_stream_needs_at_least_one_of_everything(
    arguments: dict[str, Any], recognizer: DigitRecognizer
):
    with pytest.raises(ValueError, match="must be at least 1"):
        recognizer.predict_stream(PICTURES, **arguments)


def test_a_single_image_is_no_stream_and_the_call_says_so(recognizer: DigitRecognizer):
    with pytest.raises(InvalidImageError, match="for a single image call predict"):
        recognizer.predict_stream("seven.png")


# --- Ink, for those who hold it already ----------------------------------------------------------


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


# --- Threads and processes -----------------------------------------------------------------------


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
