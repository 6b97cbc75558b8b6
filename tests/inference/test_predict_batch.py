"""Several images at once."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from inference import (
    BlankImageError,
    DigitRecognizer,
    InvalidImageError,
)
from tests.inference.drawn import BLANK, DRAWINGS, PICTURES, assert_close


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
        (b"text", InvalidImageError, "image 3: the content is not an image file"),
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
