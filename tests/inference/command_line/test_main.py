"""What the command line reads, what it notes, and how it ends early."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inference import DigitRecognizer, ModelError, Number
from inference.command_line.main import main
from tests.inference.command_line.images import (
    COMMAND,
    DRAWINGS,
    PRICE,
    ROOT,
    WAIT_S,
    Shows,
    a_number,
    digits,
    names,
    posix_only,
)

# --- What is recognized ---------------------------------------------------------------------------


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
        "the file 'drawn/aa.pdf' is a damaged PDF; save it anew, or its pages as PNG",
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


# --- What is noted --------------------------------------------------------------------------------


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


# --- How it ends early ----------------------------------------------------------------------------


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
