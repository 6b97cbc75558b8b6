"""The command that measures how numbers are read."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.training.evaluation.scripted import READINGS, Scripted
from training import evaluate_numbers
from training.evaluate_numbers import main, write_results
from training.evaluation.number_readings import NonDigits


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
