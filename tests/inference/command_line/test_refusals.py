"""What goes wrong is told in one message, and nothing is lost."""

import csv
import errno
import io
import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inference import __version__
from inference.command_line.main import main
from inference.command_line.rows import printable
from tests.inference.command_line.images import COMMAND, ROOT, names, posix_only, run_in


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
