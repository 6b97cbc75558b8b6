"""Composing numbers, reading lists of labels, and measuring how numbers are read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inference import (
    BlankImageError,
    Box,
    ImageSource,
    ModelError,
    Number,
    Prediction,
    SeveralNumbersError,
)
from tests.drawings import load_drawings
from training import evaluate_numbers
from training.evaluate_numbers import find_conditions, main, write_results
from training.evaluation.number_conditions import composed_conditions
from training.evaluation.number_forms import boxed, ruled
from training.evaluation.number_labels import labelled_conditions, of_kinds, read_labels
from training.evaluation.number_readings import NonDigits, Reading, read_condition, read_non_digits
from training.evaluation.number_separators import (
    PATTERNS,
    amount_or_date,
    digits_stroke_width,
    separator,
)
from training.evaluation.number_sheet import TILE_SIZE, caption, failures_sheet, worst_readings
from training.evaluation.number_summary import edit_distance, summarize_readings
from training.evaluation.numbers import Composer


class Scripted:
    """Says what it is told to, by the name of the picture's file; pages are `page`."""

    def __init__(self, says: Mapping[str, Sequence[str] | Exception], sure: bool = True) -> None:
        self._says = says
        self._sure = sure
        self.asked: list[tuple[str, str]] = []

    def predict(self, image: ImageSource) -> Prediction:
        (text,) = self._texts("predict", image)
        return Prediction(int(text), 0.75, (0.1,) * 10, self._sure, np.zeros((28, 28), np.float32))

    def read_number(self, image: ImageSource) -> Number:
        texts = self._texts("read_number", image)
        if len(texts) > 1:
            raise SeveralNumbersError("the image holds several numbers")
        return self._number(texts[0] if texts else "")

    def read_numbers(self, image: ImageSource) -> list[Number]:
        return [self._number(text) for text in self._texts("read_numbers", image)]

    def _texts(self, method: str, image: ImageSource) -> Sequence[str]:
        name = image.name if isinstance(image, Path) else "page"
        self.asked.append((method, name))
        said = self._says[name]
        if isinstance(said, Exception):
            raise said
        return said

    def _number(self, text: str) -> Number:
        return Number(text, 0.5 if text else 0.0, self._sure, Box(0, 0, 1, 1), (), ())


@pytest.fixture(scope="module")
def digits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' own drawings of one stroke, by two writers: even and odd digits."""
    folder = tmp_path_factory.mktemp("parent") / "digits"
    for index, drawing in enumerate(load_drawings()):
        if len(drawing.strokes) == 1:
            path = folder / str(drawing.label)
            path.mkdir(parents=True, exist_ok=True)
            writer = "odd" if drawing.label % 2 else "even"
            drawing.render(140, 9).save(path / f"{writer}-{index}.png")
    return folder


@pytest.fixture(scope="module")
def pictures(digits_folder: Path) -> list[tuple[Path, int]]:
    return [(path, int(path.parent.name)) for path in sorted(digits_folder.rglob("*.png"))]


@pytest.fixture(scope="module")
def composer(pictures: list[tuple[Path, int]]) -> Composer:
    return Composer(pictures, 5)


def labelled(folder: Path, rows: str, names: Sequence[str] = ()) -> Path:
    """A folder with that list, and with blank pictures of those names."""
    folder.mkdir(exist_ok=True)
    (folder / "labels.csv").write_text(rows, "utf-8")
    for name in names:
        Image.new("L", (30, 20), 255).save(folder / name)
    return folder


def count_pieces(page: NDArray[np.uint8]) -> int:
    """Counts the connected pieces of ink."""
    image = Image.fromarray(np.where(page < 192, 0, 255).astype(np.uint8)).copy()
    pieces = 0
    while len(dark := np.argwhere(np.asarray(image) == 0)):
        ImageDraw.floodfill(image, (int(dark[0][1]), int(dark[0][0])), 255)
        pieces += 1
    return pieces


# --- Composing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_digits_stand_apart_unless_they_shall_touch(composer: Composer, seed: int):
    for touching, pieces in ((False, 5), (True, 4)):
        number = composer.compose(np.random.default_rng(seed), touching=touching)
        assert len(number.text) == 5
        assert count_pieces(number.page) == pieces


def test_a_number_is_by_one_writer(composer: Composer):
    for seed in range(12):
        text = composer.compose(np.random.default_rng(seed), touching=False).text
        assert len({int(digit) % 2 for digit in text}) == 1


@pytest.mark.parametrize("write", [boxed, ruled, amount_or_date])
def test_the_same_seed_gives_the_same_number(composer: Composer, write: Any):
    first, second, other = (write(composer, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert first.text == second.text
    np.testing.assert_array_equal(first.page, second.page)
    assert first.page.shape != other.page.shape


def test_a_folder_of_too_few_digits_is_an_error(pictures: list[tuple[Path, int]]):
    with pytest.raises(ValueError, match="no writer with 100 pictures"):
        Composer(pictures, 100)


def test_each_digit_has_a_cell_whose_walls_it_does_not_touch(composer: Composer):
    numbers = [boxed(composer, np.random.default_rng(seed)) for seed in range(24)]
    pieces = [count_pieces(number.page) for number in numbers]
    # Five digits, and either all walls in one piece or a box for each.
    assert set(pieces) == {5 + 1, 5 + 5}
    for number in numbers:
        columns = (number.page < 192).sum(axis=0)
        walls = np.flatnonzero(columns == columns[np.flatnonzero(columns)[0]])
        assert (np.diff(walls) > 10).sum() >= 5  # From one wall to the next, over a digit.


@pytest.mark.parametrize("seed", range(6))
def test_ruled_lines_cross_the_page_and_the_number_stands_on_one(composer: Composer, seed: int):
    number = ruled(composer, np.random.default_rng(seed))
    ink = 255 - number.page.astype(int)
    full = np.flatnonzero((ink > 0).all(axis=1))
    assert full.size
    pen_rows = np.flatnonzero((ink == 255).any(axis=1))
    height = pen_rows[-1] - pen_rows[0]
    assert np.abs(full - pen_rows[-1]).min() < 0.25 * height


@pytest.mark.parametrize("seed", range(12))
def test_amounts_and_dates_have_their_separators(composer: Composer, seed: int):
    number = amount_or_date(composer, np.random.default_rng(seed))
    assert "".join("0" if sign.isdecimal() else sign for sign in number.text) in PATTERNS
    assert count_pieces(number.page) == len(number.text)


def test_separators_have_their_shapes_and_places():
    shapes = {}
    for sign in ".,-/":
        character = separator(sign, 100.0, 10.0, np.random.default_rng(1))
        assert character.ink.max() == 255
        shapes[sign] = (*character.ink.shape, character.drop_px)
    height, width, drop = shapes["."]
    assert 12 <= height <= 20
    assert abs(height - width) <= 1
    assert -7 <= drop <= 5
    height, width, drop = shapes[","]
    assert 50 > height > width
    assert drop > 10
    height, width, drop = shapes["-"]
    assert width > 2 * height
    assert -60 < drop < -20
    height, width, drop = shapes["/"]
    assert height > 95
    assert 0 <= drop <= 30


def test_the_stroke_width_of_digits_is_measured():
    bar = np.zeros((80, 80), np.uint8)
    bar[:, 30:38] = 255
    assert digits_stroke_width([bar, bar]) == pytest.approx(8, rel=0.15)


def test_composed_conditions_are_read_whole_and_single_digits_by_predict(
    pictures: list[tuple[Path, int]],
):
    recognizer = Scripted({"page": ["1"]})
    conditions = list(composed_conditions("pen", pictures, count=2, length=3, seed=0))
    assert [condition.name for condition in conditions] == [
        "pen: apart",
        "pen: one pair touching",
        "pen: apart, photographed",
        "pen: boxed",
        "pen: ruled",
        "pen: amounts and dates",
        "pen: single digits",
        "pen: single digits, photographed",
        "pen: single digits, read as numbers",
    ]
    asked: dict[str, str] = {}
    for condition in conditions:
        recognizer.asked.clear()
        assert len(read_condition(recognizer, condition)) == condition.count == 2
        (asked[condition.name],) = {method for method, _ in recognizer.asked}
    assert [name for name, method in asked.items() if method == "predict"] == [
        "pen: single digits",
        "pen: single digits, photographed",
    ]


# --- Labels --------------------------------------------------------------------------------------


def test_labels_are_texts_and_unknown_ones_are_left_out(tmp_path: Path):
    folder = labelled(
        tmp_path, 'path,label\na.png,007\nb.png,?\nc.png,"1,250.00"\n', ["a.png", "c.png"]
    )
    first, second = read_labels(folder)
    assert (first.name, first.numbers, first.kind) == ("a.png", ("007",), None)
    assert second.numbers == ("1,250.00",)


def test_lines_and_blanks_part_numbers(tmp_path: Path):
    folder = labelled(tmp_path, "path,label,kind\na.png,12 3 / 45,many\n", ["a.png"])
    (picture,) = read_labels(folder)
    assert (picture.numbers, picture.kind) == (("12", "3", "45"), "many")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "it needs path and label"),
        ("file,label\na.png,1\n", "has the columns .*'file'.*needs path and label"),
        ("path,label\n", "no row with a known label"),
        ("path,label\na.png,?\n", "no row with a known label"),
        ("path,label\na.png\n", "line 2: expected 2 cells"),
        ("path,label\na.png,1,250\n", "line 2: .*a label with a comma needs quotes"),
        ("path,label\na.png,\n", "line 2: '' is not a label"),
        ("path,label\na.png,12/x\n", "line 2: '12/x' is not a label"),
        ("path,label\na.png,1\nb.png,1\n", "line 3: there is no picture 'b.png'"),
        ("path,label\na.png,1\n,1\n", "line 3: there is no picture ''"),
        ('path,label\na.png,"1\n', "cannot be read as CSV"),
    ],
)
def test_a_bad_list_is_an_error_that_says_where(tmp_path: Path, rows: str, message: str):
    with pytest.raises(ValueError, match=f"labels.csv.*{message}"):
        read_labels(labelled(tmp_path, rows, ["a.png"]))


def test_a_list_that_is_missing_or_no_text_is_an_error(tmp_path: Path):
    with pytest.raises(ValueError, match=r"labels\.csv does not exist"):
        read_labels(tmp_path)
    (tmp_path / "labels.csv").write_bytes(b"path,label\n\xff\xfe,1\n")
    with pytest.raises(ValueError, match="UTF-8"):
        read_labels(tmp_path)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    rows = "path,label,kind\na.png,5,digit\nb.png,12,number\nc.png,34,number\nd.png,1/2,many\n"
    return labelled(tmp_path / "mixed", rows, ["a.png", "b.png", "c.png", "d.png"])


def test_each_kind_has_a_row_and_single_digits_another(mixed: Path):
    conditions = find_conditions([mixed])
    assert [(condition.name, condition.count) for condition in conditions] == [
        ("mixed: digit", 1),
        ("mixed: digit, single digits through predict", 1),
        ("mixed: number", 2),
        ("mixed: many", 1),
    ]


def test_kinds_restrict_the_sets_that_have_some(mixed: Path, tmp_path: Path):
    other = labelled(tmp_path / "other", "path,label\na.png,77\n", ["a.png"])
    conditions = find_conditions([mixed, other], kinds=["many", "number"])
    assert [c.name for c in conditions] == ["mixed: number", "mixed: many", "other"]
    with pytest.raises(ValueError, match=r"of kind scan; the kinds are digit, many, number"):
        find_conditions([mixed, other], kinds=["scan"])
    with pytest.raises(ValueError, match="the kinds are not given"):
        of_kinds({"other": read_labels(other)}, ["scan"])


def test_a_limit_takes_some_of_each_row_by_the_seed(tmp_path: Path):
    names = [f"{index}.png" for index in range(30)]
    rows = "path,label\n" + "".join(f"{name},1{i:02}\n" for i, name in enumerate(names))
    folder = labelled(tmp_path / "many", rows, names)
    first, second, other = (
        [question.name for question in find_conditions([folder], limit=5, seed=seed)[0].questions]
        for seed in (0, 0, 1)
    )
    assert len(set(first)) == 5
    assert first == second != other


def test_folders_that_cannot_be_used_are_errors(mixed: Path, tmp_path: Path):
    with pytest.raises(ValueError, match="two folders are named mixed"):
        find_conditions([mixed, mixed])
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match=r"no pictures in .*labels\.csv"):
        find_conditions([empty])


# --- Reading -------------------------------------------------------------------------------------


def read(
    folder: Path, recognizer: Scripted, *, whole_text: bool = False
) -> dict[str, list[Reading]]:
    conditions = labelled_conditions(
        "set", read_labels(folder), whole_text=whole_text, limit=None, seed=0
    )
    return {condition.name: read_condition(recognizer, condition) for condition in conditions}


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


# --- Results -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read", "distance"),
    [
        ("12345", "12345", 0),
        ("12345", "12845", 1),
        ("12345", "2345", 1),
        ("12345", "112345", 1),
        ("12345", "", 5),
        ("10", "01", 2),
    ],
)
def test_edit_distance_counts_wrong_lost_and_invented_characters(
    written: str, read: str, distance: int
):
    assert edit_distance(written, read) == distance


READINGS = [
    Reading("a", "12345", "12345", 0.99, True),
    Reading("b", "12345", "1235", 0.98, True),
    Reading("c", "12345", "12845", 0.6),
    Reading("d", "12345", "", is_several=True),
    Reading("e", "1", ""),
]


def test_a_summary_says_how_many_are_right_and_how_many_are_sure():
    assert summarize_readings(READINGS) == {
        "count": 5,
        "exact_match": 0.2,
        "character_error_rate": pytest.approx((1 + 1 + 5 + 1) / 21),
        "sure": 0.4,
        "exact_match_of_sure": 0.5,
        "sure_and_wrong": 1,
        "nothing_read": 0.2,
        "several_found": 0.2,
    }


def test_without_a_sure_reading_there_is_no_share_of_them():
    assert summarize_readings(READINGS[2:])["exact_match_of_sure"] is None


def test_the_worst_readings_are_the_sure_and_then_the_confident_ones():
    measured = {"one": READINGS, "two": [replace(READINGS[2], name="f", confidence=0.8)]}
    names = [reading.name for _, reading in worst_readings(measured)]
    assert names[:3] == ["b", "f", "c"]
    assert set(names[3:]) == {"d", "e"}
    assert [r.name for _, r in worst_readings(measured, 1)] == ["b", "f"]


def test_a_caption_says_what_was_read_and_how_surely():
    assert [caption(reading) for reading in READINGS[1:]] == [
        "1235 for 12345, 98%, sure",
        "12845 for 12345, 60%",
        "several numbers for 12345",
        "nothing for 1",
    ]


def test_the_sheet_has_a_tile_for_each_failure():
    width, height = TILE_SIZE
    assert failures_sheet({"a": READINGS[:1]}).size == (5 * width, height)
    assert failures_sheet({"a": READINGS}).size == (5 * width, height)
    taller = failures_sheet({"a": READINGS, "b": READINGS})
    assert taller.size == (5 * width, 2 * height)
    red = np.asarray(taller)[:18]
    assert (red[:, :width] == (178, 34, 34)).all(axis=2).any()
    assert not (red[:, 2 * width :] == (178, 34, 34)).all(axis=2).any()


def test_the_results_are_written(tmp_path: Path):
    settings = {"text": False, "length": 5}
    write_results(
        tmp_path,
        {"apart": READINGS, "unsure": READINGS[2:]},
        settings,
        NonDigits(1_200, 0.25, 0.125),
    )
    description = json.loads((tmp_path / "measured_numbers.json").read_text("utf-8"))
    assert description["measured"]["apart"]["exact_match"] == 0.2
    assert description["non_digits"] == {"count": 1200, "read": 0.25, "sure": 0.125}
    section = (tmp_path / "measured_numbers.md").read_text("utf-8")
    assert "| apart | 5 | 20.0% | 38.1% | 40.0% | 50.0% | 1 |" in section
    assert "| unsure | 3 | 0.0% | 63.6% | 0.0% | – | 0 |" in section
    assert "Of 1,200 pictures without a number, 12.5% are surely read as one" in section
    assert "on 25.0% anything is read" in section
    Image.open(tmp_path / "number_failures.png").verify()


def test_the_command_measures_folders_of_both_kinds(
    tmp_path: Path,
    mixed: Path,
    digits_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    says = {"a.png": ["5"], "b.png": ["12"], "c.png": ["3", "4"], "d.png": ["1", "2"]}
    recognizer = Scripted({**says, "page": ["3"]})
    monkeypatch.setattr(evaluate_numbers, "DigitRecognizer", lambda _, **_finder: recognizer)
    others = tmp_path / "others"
    others.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        Image.new("L", (9, 9), 255).save(others / name)
    flags = ["--limit", "2", "--length", "3", "--output", str(tmp_path), "--kind", "number"]
    main([str(mixed), str(digits_folder), "--non-digits", str(others), *flags])
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "measured_numbers.json").read_text("utf-8"))
    assert printed["measured"]["mixed: number"] == {
        "count": 2,
        "exact_match": 0.5,
        "character_error_rate": 0.5,
        "sure": 0.5,
        "exact_match_of_sure": 1.0,
        "sure_and_wrong": 0,
        "nothing_read": 0.0,
        "several_found": 0.5,
    }
    assert "mixed: digit" not in printed["measured"]
    assert printed["measured"]["digits: amounts and dates"]["count"] == 2
    assert printed["non_digits"]["count"] == 2


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--limit", "0"], "0 is below 1"),
        (["--seed", "-1"], "-1 is below 0"),
        (["--kind", "scan"], "no picture is of kind scan"),
    ],
)
def test_bad_flags_are_refused(
    mixed: Path, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        main([str(mixed), *flags])
    assert message in capsys.readouterr().err
