"""What is said of one number, several, or none."""

import json
import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference import (
    BlankImageError,
    Box,
    DigitRecognizer,
    InvalidImageError,
    Located,
    Number,
    SeveralNumbersError,
)
from tests.inference.number.found import character, row, write_finder
from tests.inference.written import CLEAR, POSTAL_CODE, texts_on
from tests.writing import write

# --- One number, several, or none -----------------------------------------------------------------


PICTURE = np.full((700, 700), 255, np.uint8)
PICTURE[300:400, 300:310] = 0


def reader_of(folder: Path, found: Sequence[Any], **reading: Any) -> DigitRecognizer:
    """Reads what a stand-in finds, the same on every picture."""
    return DigitRecognizer(finder=write_finder(folder, found, **reading))


@pytest.mark.parametrize("texts", [["12", "345"], ["12", "345", "6"]])
def test_several_numbers_are_an_error_that_names_them_and_the_remedy(
    texts: list[str], tmp_path: Path
):
    rows = [row(text, y=60 + 220 * index) for index, text in enumerate(texts)]
    recognizer = reader_of(tmp_path, [one for part in rows for one in part])
    with pytest.raises(SeveralNumbersError, match=rf"\({', '.join(texts)}\); call read_numbers"):
        recognizer.read_number(PICTURE)
    assert texts_on(PICTURE, recognizer) == texts


def test_that_there_are_several_numbers_is_an_error_of_the_image():
    assert issubclass(SeveralNumbersError, InvalidImageError)


@pytest.mark.parametrize(
    "other",
    [row("34", y=400, probability=0.5), [character("3", 0, 400, height=20, probability=0.9)]],
    ids=["weak", "low"],
)
def test_what_is_weak_or_low_beside_a_number_is_left_out_of_it(other: Any, tmp_path: Path):
    recognizer = reader_of(tmp_path, [*row("12", y=60), *other])
    number = recognizer.read_number(PICTURE)
    assert number.text == "12"
    assert [mark.prediction.digit for mark in number.rejected] == [
        int(one.character) for one in other
    ]
    assert recognizer.read_numbers(PICTURE) == [number]


def test_what_is_left_out_has_a_box_and_is_from_left_to_right(tmp_path: Path):
    lost = [character(digit, left, 60, probability=0.3) for digit, left in (("9", 330), ("4", 10))]
    number = reader_of(tmp_path, [*row("12", left=150, y=60), *lost]).read_number(PICTURE)
    assert number.text == "12"
    assert [mark.prediction.digit for mark in number.rejected] == [4, 9]
    assert [mark.box.left for mark in number.rejected] == [10, 330]
    assert not any(mark.prediction.is_digit for mark in number.rejected)


def test_where_nothing_is_found_the_number_is_empty_and_as_large_as_the_picture(tmp_path: Path):
    recognizer = reader_of(tmp_path, [])
    number = recognizer.read_number(PICTURE)
    assert number == Number("", 0.0, is_sure=False, box=Box(0, 0, 700, 700), digits=(), rejected=())
    assert recognizer.read_numbers(PICTURE) == []


@pytest.mark.parametrize("threshold", [0.3, 0.7])
def test_a_number_is_sure_from_the_threshold_of_the_metadata_on(threshold: float, tmp_path: Path):
    weights = dict.fromkeys(DigitRecognizer().finder_metadata.reading.confidence_weights, 0.0)
    recognizer = reader_of(
        tmp_path, row("12", y=60), sure_confidence=threshold, confidence_weights=weights
    )
    number = recognizer.read_number(PICTURE)
    assert number.confidence == 0.5
    assert number.is_sure == (threshold < 0.5)
    exactly = reader_of(tmp_path, row("1"), sure_confidence=0.5, confidence_weights=weights)
    assert exactly.read_number(PICTURE).is_sure


def test_a_doubtful_digit_is_kept_and_marked(tmp_path: Path):
    """A digit lost from a postal code is worse than one that is marked as doubtful."""
    doubtful = character("2", 90, 60, probability=0.45)
    recognizer = reader_of(tmp_path, [*row("1", y=60), doubtful, *row("3", left=180, y=60)])
    number = recognizer.read_number(PICTURE)
    assert number.text == "123"
    assert [digit.prediction.is_digit for digit in number.digits] == [True, False, True]


BLANKS = [
    np.full((200, 600), 255, np.uint8),
    np.zeros((200, 600), np.uint8),
    np.zeros((1, 1), np.uint8),
    Image.new("RGBA", (90, 90), (0, 0, 0, 0)),
]


@pytest.mark.parametrize("blank", BLANKS, ids=["white", "black", "a pixel", "transparent"])
def test_on_a_blank_image_there_are_no_numbers(blank: Any, recognizer: DigitRecognizer):
    assert recognizer.read_numbers(blank) == []


@pytest.mark.parametrize("blank", BLANKS, ids=["white", "black", "a pixel", "transparent"])
def test_to_read_one_number_of_a_blank_image_is_an_error(blank: Any, recognizer: DigitRecognizer):
    with pytest.raises(BlankImageError, match="draw"):
        recognizer.read_number(blank)


@pytest.mark.parametrize("method", ["read_number", "read_numbers"])
def test_what_is_no_image_is_an_error(method: str, recognizer: DigitRecognizer):
    with pytest.raises(InvalidImageError, match="does not exist"):
        getattr(recognizer, method)("missing.png")


# --- One recognizer for all -----------------------------------------------------------------------


def test_all_digits_are_read_at_once(recognizer: DigitRecognizer, monkeypatch: pytest.MonkeyPatch):
    counts: list[int] = []
    run = DigitRecognizer.run

    def recorded(self: DigitRecognizer, ink: NDArray[np.uint8]):
        counts.append(len(ink))
        return run(self, ink)

    monkeypatch.setattr(DigitRecognizer, "run", recorded)
    number = recognizer.read_number(write(POSTAL_CODE).image)
    assert counts == [len(number.digits) + len(number.rejected)]


def test_many_threads_may_read_at_once():
    recognizer = DigitRecognizer()  # whose finder is not open yet
    pages = [write(CLEAR[start : start + 4]) for start in range(0, 30, 5)]
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(recognizer.read_number, [page.image for page in pages] * 4))
    assert [number.text for number in numbers] == [page.text for page in pages] * 4
    assert numbers == numbers[: len(pages)] * 4


def test_an_unpickled_recognizer_reads_the_same(recognizer: DigitRecognizer):
    page = write(POSTAL_CODE)
    copy = pickle.loads(pickle.dumps(recognizer))  # noqa: S301
    assert copy.read_number(page.image) == recognizer.read_number(page.image)


def test_a_number_is_ready_for_json(tmp_path: Path):
    found = [*row("12", y=60), character(".", 66, 100, width=18, height=18)]
    found.append(character("9", 180, 60, probability=0.3))
    number = reader_of(tmp_path, found).read_number(PICTURE)
    described = json.loads(json.dumps(number.to_dict()))
    assert described.pop("left_out") == described["rejected"]
    assert described == {
        "text": "1.2",
        "confidence": round(number.confidence, 4),
        "is_sure": number.is_sure,
        "box": {"left": 0, "top": 10, "width": 150, "height": 100},
        "digits": [
            {"box": digit.box.to_dict(), "prediction": digit.prediction.to_dict()}
            for digit in number.digits
        ],
        "rejected": [number.rejected[0].to_dict()],
    }


def test_a_number_is_said_with_a_confidence_of_four_decimals():
    number = Number("", 0.123456789, is_sure=False, box=Box(1, 2, 3, 4), digits=(), rejected=())
    assert number.to_dict()["confidence"] == 0.1235
    assert number.confidence == 0.123456789
    assert repr(number) == (
        "Number(text='', confidence=0.1235, is_sure=False, "
        "box=Box(left=1, top=2, width=3, height=4), digits=(), rejected=())"
    )


def test_former_names_are_understood(tmp_path: Path):
    number = reader_of(tmp_path, [*row("12", y=60), character("9", 180, 60, probability=0.3)])
    read = number.read_number(PICTURE)
    with pytest.warns(DeprecationWarning, match="`left_out` is called `rejected` now"):
        assert read.left_out == read.rejected != ()
    assert isinstance(read.rejected[0], Located)
