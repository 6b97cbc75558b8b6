"""The files that are written from trained weights."""

from pathlib import Path
from typing import Any

import pytest

from inference import DigitRecognizer
from tests.training.commands import copy_of_the_model, run
from training import evaluate, export


@pytest.mark.slow
def test_a_fresh_export_claims_no_figures_and_exporting_again_gives_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = copy_of_the_model(tmp_path) / "digits.onnx"
    run(monkeypatch, export, "--output", tmp_path)
    assert DigitRecognizer(path).metadata.metrics == {}
    first = path.read_bytes()
    run(monkeypatch, export, "--output", tmp_path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("command", [evaluate, export])
def test_a_folder_without_a_model_is_named(
    command: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    with pytest.raises(SystemExit):
        run(monkeypatch, command, "--output", tmp_path / "nowhere")
    assert "nowhere" in capsys.readouterr().err


def test_an_export_that_fails_leaves_the_model_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def disagree(_: object, written: Path) -> None:
        assert written.read_bytes() == b"another graph"
        raise RuntimeError("PyTorch and ONNX disagree")

    folder = copy_of_the_model(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(
        export, "write_onnx", lambda _, path, **__: path.write_bytes(b"another graph")
    )
    monkeypatch.setattr(export, "check_parity", disagree)
    with pytest.raises(RuntimeError, match="disagree"):
        run(monkeypatch, export, "--output", folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
