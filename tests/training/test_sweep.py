"""Several seeds, one after the other."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.commands import QUICK_FLAGS, run
from training import report, sweep
from training.checkpoint import Checkpoint
from training.config import ARTIFACTS, TrainingConfig
from training.data import load_mnist
from training.export import read_description


@pytest.mark.slow
def test_a_sweep_reports_every_seed_and_ships_the_best_on_validation(
    trained: Path, tmp_path: Path, mnist_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    first = tmp_path / "runs" / "seed-0"
    first.mkdir(parents=True)
    (first / "digits.pt").write_bytes((trained / "digits.pt").read_bytes())
    run_of_another_seed = replace(Checkpoint.load(trained), validation_accuracy=1.0)
    monkeypatch.setattr(
        sweep, "train", lambda config, *_: replace(run_of_another_seed, config=config)
    )
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


def test_a_sweep_refuses_a_run_with_other_settings(mnist_dir: Path):
    other = TrainingConfig(epochs=1)
    training_set = load_mnist(mnist_dir, train=True)
    with pytest.raises(ValueError, match="other settings"):
        sweep.trained_run(other, ARTIFACTS, training_set, torch.device("cpu"))
