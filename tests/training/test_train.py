"""The training command on a small subset, and what it refuses before any work."""

from pathlib import Path

import pytest

from inference import DigitRecognizer
from tests.training.commands import BLANK, QUICK, refused, run
from training import evaluate, export, sweep, train
from training.checkpoint import Checkpoint
from training.config import ARTIFACTS


@pytest.mark.slow
def test_training_writes_every_artifact(trained: Path):
    assert {path.name for path in trained.iterdir()} == {
        "digits.onnx",
        "digits.json",
        "digits.pt",
        "REPORT.md",
        "MODEL_CARD.md",
        "confusion_matrix.png",
        "training_curves.png",
        "mistakes.png",
        "risk_coverage.png",
        "robustness.png",
        "styles.png",
        "shapes.png",
    }


@pytest.mark.slow
def test_even_a_quick_run_learns(trained: Path):
    # A few passes over 2,048 images read far more than the 10 % of guessing.
    assert DigitRecognizer(trained / "digits.onnx").metadata.metrics["mnist_test"]["accuracy"] > 0.5


@pytest.mark.slow
def test_the_settings_of_the_run_are_kept(trained: Path):
    checkpoint = Checkpoint.load(trained)
    assert checkpoint.config == QUICK
    assert set(checkpoint.versions) == {"python", "torch", "torchvision"}


def test_a_folder_without_drawings_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "digit.png").touch()
    with pytest.raises(SystemExit):
        run(monkeypatch, train, "--drawings", tmp_path)
    assert "expected pictures at <label 0-9>/<image>" in capsys.readouterr().err


@pytest.mark.parametrize("module", [train, sweep])
def test_an_output_that_cannot_be_written_is_refused(
    module,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "file").touch()
    assert "file" in refused(monkeypatch, capsys, module, "--output", tmp_path / "file")


@pytest.mark.parametrize(
    ("module", "flag", "complaint"),
    [
        (train, "--weights=mine", "without --extra it does nothing"),
        (train, "--device=nonsense", "nonsense cannot be used here"),
        (train, "--learning-rate=nan", "learning_rate must be above 0"),
        (sweep, "--seeds=0", "--seeds must be at least 1"),
    ],
)
def test_flags_that_cannot_work_are_refused(
    module,
    flag: str,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    assert complaint in refused(monkeypatch, capsys, module, flag)


@pytest.mark.slow
def test_a_picture_that_cannot_be_measured_after_training_says_how_to_go_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "broken.png").write_bytes(b"\x89PNG")
    checkpoint = Checkpoint.load(ARTIFACTS)
    monkeypatch.setattr(train, "train", lambda *_: checkpoint)
    monkeypatch.setattr(train, "load_mnist", lambda *_, **__: None)
    monkeypatch.setattr(evaluate, "load_mnist", lambda *_, **__: BLANK)
    with pytest.raises(SystemExit):
        run(monkeypatch, train, "--output", tmp_path / "new", "--drawings", tmp_path)
    message = capsys.readouterr().err
    assert "broken.png" in message
    assert f"python -m training.evaluate --output {tmp_path / 'new'}" in message
    assert DigitRecognizer(tmp_path / "new" / "digits.onnx").metadata.metrics == {}


@pytest.mark.parametrize("flag", ["--epochs=0", "--dropout=1", "--learning-rate=-1", "--seed=-1"])
def test_a_setting_out_of_range_is_refused(
    flag: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        run(monkeypatch, train, flag)
    assert "must" in capsys.readouterr().err


@pytest.mark.parametrize("module", [train, export, evaluate, sweep])
def test_every_flag_has_help(
    module, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        run(monkeypatch, module, "--help")
    assert "--output FOLDER" in capsys.readouterr().out
