"""`python -m inference`: what it prints, what it exits with, and how it ends early."""

import csv
import errno
import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference import (
    Box,
    DigitRecognizer,
    Located,
    ModelError,
    Number,
    Prediction,
    __version__,
)
from inference.command_line.main import main
from inference.command_line.rows import printable
from tests.drawings import load_drawings

ROOT = Path(__file__).parents[3]
DRAWINGS = load_drawings()[:3]
COMMAND = [sys.executable, "-m", "inference"]
WAIT_S = 60  # far more than anything here takes, so that a hang ends

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals or pipes")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with digits in `drawn/` and below it, and things that are no image."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drawn" / "more").mkdir(parents=True)
    for drawing, path in zip(DRAWINGS, ("a.png", "b.JPG", "more/c.gif"), strict=True):
        drawing.render().save(tmp_path / "drawn" / path)
    (tmp_path / "drawn" / "notes.txt").write_text("no image")
    (tmp_path / "empty").mkdir()
    return tmp_path


def names(output: str) -> list[str]:
    return [Path(json.loads(line)["image"]).as_posix() for line in output.splitlines()]


def digits(output: str) -> list[int]:
    return [json.loads(line)["digit"] for line in output.splitlines()]


@pytest.fixture
def run(folder: Path) -> Any:
    """Runs the command in a process of its own, in the folder."""

    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return run_in(folder, [*COMMAND, *arguments], stdin)

    return run


def run_in(
    folder: Path, command: list[str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603
        command,
        input=stdin,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=WAIT_S,
    )


# --- What is recognized --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["drawn/a.png"], ["drawn/a.png"]),
        (["drawn/b.JPG", "drawn/a.png"], ["drawn/b.JPG", "drawn/a.png"]),
        (["drawn"], ["drawn/a.png", "drawn/b.JPG", "drawn/more/c.gif"]),
        (["drawn/*.png"], ["drawn/a.png"]),
        (["**/*.[gp]*"], ["drawn/a.png", "drawn/more/c.gif"]),
        (["dra*"], ["drawn/a.png", "drawn/b.JPG", "drawn/more/c.gif"]),
    ],
)
def test_files_folders_and_patterns_are_found_in_order(
    arguments: list[str],
    expected: list[str],
    folder: Path,  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
):
    assert main([*arguments, "--json"]) == 0
    assert names(capsys.readouterr().out) == expected


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    DRAWINGS[0].render().save(folder / "[1].png")
    assert main(["[1].png", "--json"]) == 0
    assert names(capsys.readouterr().out) == ["[1].png"]


def test_standard_input_is_one_image(run: Any, folder: Path):
    result = run("-", "drawn/b.JPG", "--json", stdin=(folder / "drawn" / "a.png").read_bytes())
    assert names(result.stdout.decode()) == ["-", "drawn/b.JPG"]
    assert digits(result.stdout.decode()) == [drawing.label for drawing in DRAWINGS[:2]]


@pytest.mark.parametrize("file_format", ["pdf", "tiff"])
@pytest.mark.parametrize("threads", ["1", "2"])
def test_each_page_of_a_document_has_a_row(
    file_format: str, threads: str, folder: Path, capsys: pytest.CaptureFixture[str]
):
    first, *others = (drawing.render() for drawing in DRAWINGS)
    path = folder / "drawn" / f"d.{file_format}"
    first.save(path, save_all=True, append_images=others)
    assert main(["drawn", "--json", "--threads", threads]) == 0
    output = capsys.readouterr().out
    documents = [f"drawn/d.{file_format}#{number}" for number in (1, 2, 3)]
    assert names(output) == ["drawn/a.png", "drawn/b.JPG", *documents, "drawn/more/c.gif"]
    assert digits(output)[2:5] == [drawing.label for drawing in DRAWINGS]


def test_each_page_of_a_document_from_standard_input_has_a_row(run: Any):
    document = io.BytesIO()
    first, *others = (drawing.render() for drawing in DRAWINGS)
    first.save(document, "PDF", save_all=True, append_images=others)
    result = run("-", "--json", stdin=document.getvalue())
    assert names(result.stdout.decode()) == ["-#1", "-#2", "-#3"]


def test_a_document_that_cannot_be_read_has_a_row_and_the_rest_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "drawn" / "aa.pdf").write_bytes(b"%PDF-1.7")
    assert main(["drawn", "--csv"]) == 1
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["error"] for row in rows] == [
        "",
        "the file 'drawn/aa.pdf' is a damaged PDF",
        "",
        "",
    ]


@pytest.mark.parametrize("threads", ["1", "3"])
def test_many_images_keep_their_order(
    threads: str,
    folder: Path,  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
):
    assert main([*["drawn"] * 70, "--json", "--threads", threads]) == 0
    assert digits(capsys.readouterr().out) == [drawing.label for drawing in DRAWINGS] * 70


# --- What is printed -----------------------------------------------------------------------------


@pytest.fixture
def noise(folder: Path) -> Path:
    """An image that the model is not sure of."""
    levels = np.random.default_rng(0).integers(0, 256, (12, 12), np.uint8)
    Image.fromarray(levels).save(folder / "noise.png")
    return folder / "noise.png"


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
    assert row["is_sure"] == "true"
    probabilities = [float(row[f"p{digit}"]) for digit in range(10)]
    assert probabilities == list(prediction.probabilities)


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


def a_number(text: str, box: Box, *, is_sure: bool = True) -> Number:
    """A number with one digit for each of the text's."""
    digits = tuple(
        Located(box, Prediction(int(digit), 0.9, (0.1,) * 10, True, np.zeros((28, 28), np.float32)))
        for digit in text
        if digit.isdecimal()
    )
    return Number(text, 0.875, is_sure, box, digits, ())


PRICE = a_number("12.50", Box(3, 20, 130, 40))
DOUBTFUL = a_number("-5", Box(7, 90, 60, 35), is_sure=False)

Shows = Callable[..., None]


@pytest.fixture
def shows(monkeypatch: pytest.MonkeyPatch) -> Shows:
    """Lets every image show these numbers."""

    def shows(*numbers: Number) -> None:
        monkeypatch.setattr(DigitRecognizer, "read_numbers", lambda *_: list(numbers))

    return shows


@pytest.mark.usefixtures("folder")
class TestNumbers:
    def test_the_table_has_a_row_and_a_box_for_each(
        self, shows: Shows, capsys: pytest.CaptureFixture[str]
    ):
        shows(PRICE, DOUBTFUL)
        assert main(["--number", "drawn/a.png"]) == 0
        assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
            ["number", "confidence", "left", "top", "width", "height", "image"],
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
            "image,number,confidence,is_sure,left,top,width,height,error",
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


# --- What is noted -------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", [[PRICE], [a_number("5", PRICE.box)] * 2])
def test_several_digits_are_noted_once_and_are_no_failure(
    numbers: list[Number], noise: Path, shows: Shows, capsys: pytest.CaptureFixture[str]
):
    shows(*numbers)
    assert main([noise.name, "drawn/a.png"]) == 0
    assert (
        capsys.readouterr().err == "noise.png: seems to hold several digits; --number reads them "
        "all\n"
    )


@pytest.mark.parametrize("numbers", [[], [a_number("5", PRICE.box)], [a_number("-5", PRICE.box)]])
def test_one_unsure_digit_is_not_taken_for_several(
    numbers: list[Number], noise: Path, shows: Shows, capsys: pytest.CaptureFixture[str]
):
    shows(*numbers)
    assert main([noise.name]) == 0
    assert not capsys.readouterr().err


def test_a_sure_digit_is_not_looked_at_twice(
    folder: Path,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
):
    def read_numbers(*_: object) -> list[Number]:
        pytest.fail("a second look takes time")

    monkeypatch.setattr(DigitRecognizer, "read_numbers", read_numbers)
    assert main(["drawn/a.png"]) == 0


def test_digits_need_no_model_of_numbers(
    noise: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def read_numbers(*_: object) -> list[Number]:
        raise ModelError("the model of numbers is missing")

    monkeypatch.setattr(DigitRecognizer, "read_numbers", read_numbers)
    assert main([noise.name]) == 0
    assert not capsys.readouterr().err


def test_several_digits_from_a_pipe_are_noted(
    noise: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def read_numbers(recognizer: DigitRecognizer, image: Any) -> list[Number]:
        recognizer.predict(image)  # raises if the pipe's content is gone
        return [PRICE]

    monkeypatch.setattr(DigitRecognizer, "read_numbers", read_numbers)
    its_end, pipe = os.pipe()
    os.write(pipe, noise.read_bytes())
    os.close(pipe)
    with open(its_end, "rb") as buffer:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer))
        assert main(["-"]) == 0
    assert capsys.readouterr().err.startswith("-: seems to hold several digits")


# --- Where it is written -------------------------------------------------------------------------


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


# --- What goes wrong -----------------------------------------------------------------------------


def test_bad_images_are_reported_and_the_rest_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "cut.png").write_bytes((folder / "drawn" / "a.png").read_bytes()[:200])
    bad = ["nowhere.png", "drawn/notes.txt", "cut.png", "empty", "*.webp"]
    for number_option in ([], ["--number"]):
        assert main(["drawn/a.png", *bad, "drawn/b.JPG", "--json", *number_option]) == 1
        printed = capsys.readouterr()
        assert names(printed.out) == ["drawn/a.png", *bad, "drawn/b.JPG"]
        complaints = dict(line.split(": ", 1) for line in printed.err.splitlines())
        assert set(complaints) == set(bad)
        assert "does not exist" in complaints["nowhere.png"]
        assert "is not an image file" in complaints["drawn/notes.txt"]
        assert "cannot be read" in complaints["cut.png"]
        assert "holds no image" in complaints["empty"]
        assert "no file matches" in complaints["*.webp"]


def test_a_blank_image_has_no_digit(folder: Path, capsys: pytest.CaptureFixture[str]):
    Image.new("L", (50, 50), 255).save(folder / "blank.png")
    assert main(["blank.png"]) == 1
    assert "blank" in capsys.readouterr().err


@pytest.mark.parametrize("number_option", [[], ["--number"]])
class TestErrorRow:
    def test_of_the_table(
        self,
        number_option: list[str],
        folder: Path,  # noqa: ARG002
        capsys: pytest.CaptureFixture[str],
    ):
        main(["nowhere.png", *number_option])
        assert capsys.readouterr().out.splitlines()[1].split() == ["none", "nowhere.png"]

    def test_of_json(
        self,
        number_option: list[str],
        folder: Path,  # noqa: ARG002
        capsys: pytest.CaptureFixture[str],
    ):
        main(["nowhere.png", "--json", *number_option])
        printed = capsys.readouterr()
        message = printed.err.removeprefix("nowhere.png: ").rstrip("\n")
        assert json.loads(printed.out) == {"image": "nowhere.png", "error": message}

    def test_of_csv(
        self,
        number_option: list[str],
        folder: Path,  # noqa: ARG002
        capsys: pytest.CaptureFixture[str],
    ):
        main(["nowhere.png", "--csv", *number_option])
        printed = capsys.readouterr()
        (row,) = csv.DictReader(io.StringIO(printed.out))
        message = printed.err.removeprefix("nowhere.png: ").rstrip("\n")
        assert {column: cell for column, cell in row.items() if cell} == {
            "image": "nowhere.png",
            "error": message,
        }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "IMAGE"),
        (["drawn", "--json", "--csv"], "not allowed with"),
        (["drawn", "--threads", "0"], "'0' is not a whole number from 1 up"),
        (["drawn", "--model", "nowhere.onnx"], "the model is missing"),
        (["drawn", "--output", "nowhere/digits.csv"], "nowhere/digits.csv"),
    ],
)
def test_what_cannot_work_exits_with_2_and_one_message(
    arguments: list[str], complaint: str, run: Any
):
    result = run(*arguments)
    assert result.returncode == 2
    assert not result.stdout
    assert complaint in result.stderr.decode()
    assert b"Traceback" not in result.stderr


def test_help_explains_every_option_and_exit_code(run: Any):
    help_text = run("--help").stdout.decode()
    assert help_text.startswith("usage: python -m inference ")
    flags = ("--json", "--csv", "--number", "--output", "--threads", "--model", "--version")
    for word in (*flags, "exit codes"):
        assert word in help_text


def test_the_version_is_that_of_the_package(run: Any):
    result = run("--version")
    assert result.stdout.decode() == f"python -m inference {__version__}\n"
    assert result.returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["drawn/a.png", "--output", "drawn/a.png"],
        ["drawn/b.JPG", "--output", "drawn/a.png"],  # --output *.png
        ["scan", "--output", "scan"],
        ["sca*", "--output", "scan"],
        ["scan", "--output", "link"],
        ["drawn/a.png", "--model", "my.onnx", "--output", "my.onnx"],
        ["drawn/a.png", "--model", "my.onnx", "--output", "my.json"],
    ],
)
def test_an_image_or_the_model_is_never_overwritten(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copy(folder / "drawn" / "a.png", folder / "scan")
    (folder / "link").hardlink_to(folder / "scan")
    for suffix in ("onnx", "json"):
        shutil.copy(ROOT / "artifacts" / f"digits.{suffix}", folder / f"my.{suffix}")
    precious = [path for path in folder.rglob("*") if path.is_file()]
    before = [path.read_bytes() for path in precious]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "would overwrite" in capsys.readouterr().err
    assert [path.read_bytes() for path in precious] == before


@pytest.mark.parametrize("suffix", ["onnx", "json"])
def test_the_model_of_numbers_is_never_overwritten(suffix: str, folder: Path):
    model = folder / f"numbers.{suffix}"
    model.write_text("a model")
    with pytest.raises(SystemExit):
        main(["drawn/a.png", "--output", model.name])
    assert model.read_text() == "a model"


@pytest.mark.parametrize(
    "earlier", [[], ["--csv"], ["--json"], ["--number"], ["--number", "--csv"]]
)
def test_an_earlier_output_is_replaced(earlier: list[str], folder: Path):
    assert main(["drawn/a.png", "drawn/b.JPG", *earlier, "--output", "results"]) == 0
    assert main(["drawn/a.png", "--csv", "--output", "results"]) == 0
    assert len((folder / "results").read_text("utf-8").splitlines()) == 2


def test_an_empty_file_may_be_the_output(folder: Path):
    (folder / "results").touch()
    assert main(["drawn/a.png", "--output", "results"]) == 0


def test_anything_that_is_no_earlier_result_is_never_overwritten(folder: Path):
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(SystemExit) as ended:
        main(["drawn/a.png", "--output", "thesis.txt"])
    assert ended.value.code == 2
    assert (folder / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", ["x" * 5_000, "", "a\0b.png"])
def test_an_impossible_name_is_reported_and_the_rest_goes_on(
    name: str,
    folder: Path,  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
):
    assert main(["drawn/a.png", name, "drawn/b.JPG", "--json"]) == 1
    printed = capsys.readouterr()
    assert names(printed.out) == ["drawn/a.png", Path(name).as_posix(), "drawn/b.JPG"]
    assert printed.err.startswith(f"{printable(name)}: ")


@posix_only
def test_a_folder_that_may_not_be_read_is_reported_and_the_rest_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    scandir = os.scandir

    def guarded(path: str) -> Any:  # Permissions do not keep the superuser out, whom CI may be.
        if Path(path).name == "more":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert main(["drawn", "--json"]) == 1
    printed = capsys.readouterr()
    assert names(printed.out) == ["drawn/a.png", "drawn/b.JPG", "drawn/more"]
    assert (
        printed.err == f"{Path('drawn', 'more')}: the folder cannot be read (Permission denied)\n"
    )
    assert main([str(folder / "drawn" / "more"), "--json"]) == 1
    assert "holds no image" not in capsys.readouterr().err


@posix_only
@pytest.mark.parametrize(
    ("redirection", "code", "complaint"),
    [
        ("- <&-", 1, "-: the BytesIO is empty (0 bytes)"),
        ("drawn/a.png >&-", 2, "standard output is closed; open it, or name a file by --output"),
        ("drawn/a.png 2>&-", 0, ""),
        ("drawn/a.png --output digits.csv >&- 2>&-", 0, ""),
    ],
)
def test_closed_standard_streams_give_no_traceback(
    redirection: str, code: int, complaint: str, folder: Path
):
    result = run_in(folder, ["/bin/sh", "-c", f"{shlex.join(COMMAND)} {redirection}"])
    assert (result.returncode, result.stderr.decode().strip()) == (code, complaint)


# --- How it ends early ---------------------------------------------------------------------------


ENDLESS = ["drawn/a.png"] * 50_000  # the work of half a minute


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """Started in the background of a script, a process and its children would ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@posix_only
@pytest.mark.usefixtures("heeds_ctrl_c")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_ctrl_c_keeps_what_was_done(threads: str, folder: Path):
    output = folder / "digits.jsonl"
    with subprocess.Popen(  # noqa: S603
        [*COMMAND, *ENDLESS, "--json", "--output", str(output), "--threads", threads],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    ) as process:
        deadline_s = time.monotonic() + WAIT_S
        while not (output.exists() and output.stat().st_size) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130
    assert errors == b""
    assert set(digits(output.read_text("utf-8"))) == {DRAWINGS[0].label}


@posix_only
def test_a_closed_pipe_ends_it_quietly(folder: Path):
    with subprocess.Popen(  # noqa: S603
        [*COMMAND, *ENDLESS],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().split() == [b"digit", b"confidence", b"image"]
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(WAIT_S) == 141
    assert errors == b""


@posix_only
def test_a_full_disk_is_reported_without_a_traceback(run: Any):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    result = run("drawn", "--output", "/dev/full")
    assert result.returncode == 2
    assert b"No space left" in result.stderr
    assert b"Traceback" not in result.stderr


@posix_only
def test_long_work_shows_a_bar_on_a_terminal_and_only_there(folder: Path):
    terminal, its_end = os.openpty()
    arguments = ["drawn/a.png"] * 1_000
    with subprocess.Popen(  # noqa: S603
        [*COMMAND, *arguments, "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=its_end,
    ) as process:
        os.close(its_end)
        output, _ = process.communicate(timeout=WAIT_S)
        shown = b""
        try:
            while block := os.read(terminal, 65_536):
                shown += block
        except OSError:
            pass  # Linux's way to say that the other end is closed.
    os.close(terminal)
    assert process.returncode == 0
    assert len(output.splitlines()) == 1_000
    assert b"of 1,000" in shown
    assert shown.endswith(b" \r")  # the line is empty in the end
