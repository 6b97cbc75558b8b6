"""Lists of what is written on pictures."""

from pathlib import Path

import pytest

from tests.training.evaluation.scripted import labelled
from training.evaluate_numbers import find_conditions
from training.evaluation.number_labels import of_kinds, read_labels


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
