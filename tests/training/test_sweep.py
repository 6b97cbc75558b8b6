"""Several seeds, one after the other."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.commands import BLANK, QUICK, QUICK_FLAGS, run
from training import report, sweep
from training.checkpoint import Checkpoint
from training.config import ARTIFACTS, TrainingConfig
from training.export import read_description


def shipped_files(_: Checkpoint, folder: Path) -> Path:
    """In place of an export, which takes seconds."""
    shutil.copy(ARTIFACTS / "digits.json", folder)
    return Path(shutil.copy(ARTIFACTS / "digits.onnx", folder))


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_sweep_reports_every_seed_and_ships_the_best_on_validation(
    tmp_path: Path, mnist_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    first = replace(Checkpoint.load(ARTIFACTS), config=QUICK)
    better = replace(first, validation_accuracy=1.0)
    folder = tmp_path / "runs" / "seed-0"
    folder.mkdir(parents=True)
    first.save(folder)
    monkeypatch.setattr(sweep, "train", lambda config, *_: replace(better, config=config))
    monkeypatch.setattr(sweep, "export", shipped_files)
    monkeypatch.setattr(report, "save_figure", lambda *_: None)
    run(
        monkeypatch,
        sweep,
        *("--seeds", 2, "--runs", tmp_path / "runs", "--output", tmp_path / "artifacts"),
        *(*QUICK_FLAGS, "--data-dir", mnist_dir, "--device", "cpu"),
    )
    rows = read_description(tmp_path / "artifacts")["metrics"]["seeds"]["runs"]
    assert [row["seed"] for row in rows] == [0, 1]
    assert Checkpoint.load(tmp_path / "artifacts").config.seed == 1
    assert "2 seeds: mean" in (tmp_path / "artifacts" / "MODEL_CARD.md").read_text("utf-8")


def test_a_sweep_refuses_a_run_with_other_settings():
    other = TrainingConfig(epochs=1)
    with pytest.raises(ValueError, match="other settings"):
        sweep.trained_run(other, ARTIFACTS, BLANK, torch.device("cpu"))
