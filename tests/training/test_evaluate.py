"""What is measured of a model, and on what."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from inference import DigitRecognizer
from tests.training.commands import copy_of_the_model, run, save_drawings
from training import evaluate, report
from training.data import LabelledInk


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_evaluation_measures_a_folder_of_drawings(
    tmp_path: Path,
    mnist_dir: Path,
    mnist_test: LabelledInk,
    monkeypatch: pytest.MonkeyPatch,
):
    model = copy_of_the_model(tmp_path)
    drawings = tmp_path / "drawings"
    save_drawings(mnist_test.subset(torch.arange(20)), drawings)
    monkeypatch.setattr(report, "save_figure", lambda *_: None)
    run(
        monkeypatch,
        evaluate,
        *("--output", model, "--data-dir", mnist_dir),
        *("--drawings", drawings, "--source", "twenty test digits"),
    )
    metrics = DigitRecognizer(model / "digits.onnx").metadata.metrics
    assert metrics["drawings"]["data"] == "pen drawings: twenty test digits"
    assert metrics["drawings"]["images"] == 20
    assert "twenty test digits" in (model / "REPORT.md").read_text(encoding="utf-8")


def test_evaluation_names_a_drawing_that_cannot_be_read(
    tmp_path: Path,
    mnist_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    model = copy_of_the_model(tmp_path)
    (tmp_path / "7").mkdir()
    Image.new("L", (28, 28), 255).save(tmp_path / "7" / "blank.png")
    flags = ("--output", model, "--data-dir", mnist_dir, "--drawings", tmp_path)
    with pytest.raises(SystemExit):
        run(monkeypatch, evaluate, *flags)
    assert f"{tmp_path / '7' / 'blank.png'}: the image is blank" in capsys.readouterr().err
