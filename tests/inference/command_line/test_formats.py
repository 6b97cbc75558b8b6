"""What is printed or written of each result."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inference import Box, DigitRecognizer
from inference.command_line.main import main
from tests.inference.command_line.images import DRAWINGS, PRICE, Shows, a_number, posix_only

# --- What is printed ------------------------------------------------------------------------------


def test_the_table_says_what_it_is_unsure_of(noise: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["drawn/a.png", str(noise)]) == 0
    header, sure, unsure = capsys.readouterr().out.splitlines()
    assert header.split() == ["digit", "confidence", "image"]
    assert sure.split()[::2] == [str(DRAWINGS[0].label), "drawn/a.png"]
    assert sure.split()[1].endswith("%")
    assert unsure.split()[0].endswith("?")


def test_json_lines_hold_the_whole_prediction(
    folder: Path, capsys: pytest.CaptureFixture[str], recognizer: DigitRecognizer
):
    assert main(["drawn/a.png", "--json"]) == 0
    expected = recognizer.predict(folder / "drawn" / "a.png").to_dict()
    assert json.loads(capsys.readouterr().out) == {"image": "drawn/a.png", **expected}


def test_csv_has_a_header_and_quotes_what_needs_it(
    folder: Path, capsys: pytest.CaptureFixture[str], recognizer: DigitRecognizer
):
    path = folder / 'a, "b".png'
    DRAWINGS[0].render().save(path)
    assert main([path.name, "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    prediction = recognizer.predict(path)
    assert row["image"] == path.name
    assert int(row["digit"]) == prediction.digit
    assert row["is_digit"] == "true"
    probabilities = [float(row[f"p{digit}"]) for digit in range(10)]
    assert probabilities == prediction.to_dict()["probabilities"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("number_option", [[], ["--number"]])
def test_one_thing_has_one_name_in_csv_json_and_the_table(
    number_option: list[str], capsys: pytest.CaptureFixture[str]
):
    def printed(*options: str) -> str:
        assert main(["drawn/a.png", *number_option, *options]) == 0
        return capsys.readouterr().out

    said = json.loads(printed("--json"))
    said |= said.get("box", {})
    said |= {f"p{digit}": value for digit, value in enumerate(said.get("probabilities", []))}
    (row,) = csv.DictReader(io.StringIO(printed("--csv")))
    assert row.pop("error") == ""
    texts = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()
    }
    assert row.items() <= texts.items()
    assert set(printed().splitlines()[0].split()) <= said.keys()


@pytest.fixture
def number(folder: Path) -> str:
    """An image with three digits beside each other."""
    image = Image.new("L", (3 * 280, 280), 255)
    for index, drawing in enumerate(DRAWINGS):
        image.paste(drawing.render(), (280 * index, 0))
    image.save(folder / "number.png")
    return "".join(str(drawing.label) for drawing in DRAWINGS)


def test_numbers_are_read_as_a_whole(number: str, capsys: pytest.CaptureFixture[str]):
    assert main(["--number", "number.png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == number


DOUBTFUL = a_number("-5", Box(7, 90, 60, 35), is_sure=False)


@pytest.mark.usefixtures("folder")
class TestNumbers:
    def test_the_table_has_a_row_and_a_box_for_each(
        self, shows: Shows, capsys: pytest.CaptureFixture[str]
    ):
        shows(PRICE, DOUBTFUL)
        assert main(["--number", "drawn/a.png"]) == 0
        assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
            ["text", "confidence", "left", "top", "width", "height", "image"],
            ["12.50", "87.5%", "3", "20", "130", "40", "drawn/a.png"],
            ["-5?", "87.5%", "7", "90", "60", "35", "drawn/a.png"],
        ]

    def test_json_has_a_line_with_all_that_is_known_for_each(
        self, shows: Shows, capsys: pytest.CaptureFixture[str]
    ):
        shows(PRICE, DOUBTFUL)
        assert main(["--number", "drawn/a.png", "--json"]) == 0
        assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
            {"image": "drawn/a.png", **number.to_dict()} for number in (PRICE, DOUBTFUL)
        ]

    def test_csv_has_a_row_and_a_box_for_each(
        self, shows: Shows, capsys: pytest.CaptureFixture[str]
    ):
        shows(PRICE, DOUBTFUL)
        assert main(["--number", "drawn/a.png", "--csv"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "image,text,confidence,is_sure,left,top,width,height,error",
            "drawn/a.png,12.50,0.875,true,3,20,130,40,",
            "drawn/a.png,-5,0.875,false,7,90,60,35,",
        ]

    @pytest.mark.parametrize(
        ("options", "row"),
        [
            ([], "      none" + " " * 46 + "drawn/a.png"),
            (["--json"], '{"image": "drawn/a.png", "error": "no number was found on the image"}'),
            (["--csv"], "drawn/a.png,,,,,,,,no number was found on the image"),
        ],
    )
    def test_an_image_without_one_has_a_row_and_is_no_failure(
        self, options: list[str], row: str, shows: Shows, capsys: pytest.CaptureFixture[str]
    ):
        shows()
        assert main(["--number", "drawn/a.png", *options]) == 0
        printed = capsys.readouterr()
        assert printed.out.splitlines()[-1] == row
        assert not printed.err


# --- Where it is written --------------------------------------------------------------------------


def test_the_output_may_be_a_file(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["drawn", "--json", "--output", "digits.jsonl"]) == 0
    assert not capsys.readouterr().out
    assert len((folder / "digits.jsonl").read_text("utf-8").splitlines()) == 3


@posix_only
def test_a_file_name_of_another_encoding_is_printed_as_it_is(run: Any, folder: Path):
    name = b"drawn/\xff\xfe.png"
    try:
        os.link(folder / "drawn" / "a.png", folder / os.fsdecode(name))
    except OSError:
        pytest.skip("this file system has no such names")
    assert run(os.fsdecode(name)).stdout.splitlines()[1].endswith(b"  " + name)
