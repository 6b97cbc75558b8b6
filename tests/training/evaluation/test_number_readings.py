"""What counts as read, and how sure it was."""

from pathlib import Path

import pytest
from PIL import Image

from inference import BlankImageError, ModelError
from tests.training.evaluation.scripted import Scripted, labelled, read
from training.evaluation.number_readings import NonDigits, read_non_digits


def test_digits_are_compared_unless_the_text_is_asked_for(tmp_path: Path):
    folder = labelled(tmp_path, 'path,label\na.png,"1,250"\n', ["a.png"])
    recognizer = Scripted({"a.png": ["1.250"]})
    (reading,) = read(folder, recognizer)["set"]
    assert (reading.written, reading.read, reading.is_right) == ("1250", "1250", True)
    (reading,) = read(folder, recognizer, whole_text=True)["set"]
    assert (reading.written, reading.read, reading.is_right) == ("1,250", "1.250", False)


@pytest.mark.parametrize(
    ("numbers", "is_right"),
    [
        (["123", "45"], True),
        (["1-23", "45", "-"], True),
        (["45", "123"], False),
        (["12345"], False),
        (["123", "4", "5"], False),
        ([], False),
    ],
)
def test_several_numbers_are_right_if_each_is_in_reading_order(
    tmp_path: Path, numbers: list[str], is_right: bool
):
    folder = labelled(tmp_path, "path,label\na.png,123/45\n", ["a.png"])
    recognizer = Scripted({"a.png": numbers})
    (reading,) = read(folder, recognizer)["set"]
    assert recognizer.asked == [("read_numbers", "a.png")]
    assert reading.is_right == is_right
    assert reading.is_sure == bool(numbers)


def test_the_confidence_of_several_numbers_is_that_all_are_right(tmp_path: Path):
    folder = labelled(tmp_path, "path,label\na.png,123/45\n", ["a.png"])
    (reading,) = read(folder, Scripted({"a.png": ["123", "45"]}))["set"]
    assert reading.confidence == 0.25


def test_what_cannot_be_read_as_one_number_is_wrong_and_not_sure(tmp_path: Path):
    folder = labelled(
        tmp_path, "path,label\na.png,12\nb.png,34\nc.png,56\n", ["a.png", "b.png", "c.png"]
    )
    recognizer = Scripted({"a.png": ["1", "2"], "b.png": BlankImageError("blank"), "c.png": ["-"]})
    several, blank, dash = read(folder, recognizer)["set"]
    for reading in (several, blank, dash):
        assert (reading.read, reading.is_right, reading.is_sure) == ("", False, False)
    assert (several.is_several, blank.is_several) == (True, False)


def test_a_missing_model_is_no_empty_reading(tmp_path: Path):
    folder = labelled(tmp_path, "path,label\na.png,12\n", ["a.png"])
    recognizer = Scripted({"a.png": ModelError("numbers.onnx does not exist")})
    with pytest.raises(ModelError):
        read(folder, recognizer)
    with pytest.raises(ModelError):
        read_non_digits(recognizer, [folder / "a.png"])


def test_single_digits_through_predict_are_sure_if_they_are_digits(tmp_path: Path):
    folder = labelled(
        tmp_path, "path,label\na.png,5\nb.png,12\nc.png,6\n", ["a.png", "b.png", "c.png"]
    )
    says = {"a.png": ["5"], "b.png": ["12"], "c.png": ["8"]}
    right, wrong = read(folder, Scripted(says))["set, single digits through predict"]
    assert (right.name, right.is_right, right.confidence) == ("a.png", True, 0.75)
    assert (wrong.name, wrong.read, wrong.is_right) == ("c.png", "8", False)
    assert right.is_sure
    measured = read(folder, Scripted(says, sure=False))
    assert not any(r.is_sure for r in measured["set, single digits through predict"])


def test_a_small_copy_is_kept_of_what_is_wrong(tmp_path: Path):
    folder = labelled(tmp_path, "path,label\na.png,12\nb.png,34\n", ["a.png"])
    Image.new("RGBA", (2_000, 1_000), (0, 0, 0, 0)).save(folder / "b.png")
    right, wrong = read(folder, Scripted({"a.png": ["12"], "b.png": ["35"]}))["set"]
    assert right.picture is None
    assert wrong.picture is not None
    assert wrong.picture.size == (200, 100)
    assert wrong.picture.getextrema() == (255, 255)  # What is transparent is paper.


def test_non_digits_are_read_and_surely_read(tmp_path: Path):
    recognizer = Scripted(
        {"a": [""], "b": ["7"], "c": BlankImageError("blank"), "d": ["1", "2"], "e": []}
    )
    paths = [tmp_path / name for name in "abcde"]
    assert read_non_digits(recognizer, paths) == NonDigits(5, read=0.4, sure=0.4)
    unsure = Scripted({"a": [""], "b": ["7"]}, sure=False)
    assert read_non_digits(unsure, paths[:2]) == NonDigits(2, read=0.5, sure=0.0)
