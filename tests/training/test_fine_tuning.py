"""Drawings of one's own, learned from."""

from pathlib import Path

import pytest
import torch

from inference import DigitRecognizer
from tests.training.commands import QUICK_FLAGS, run, save_drawings
from training import train
from training.checkpoint import Checkpoint
from training.data import LabelledInk, load_mnist
from training.fine_tuning import load_extra


@pytest.mark.slow
def test_fine_tuning_learns_a_hand_of_ones_own_and_says_so(
    trained: Path,
    tmp_path: Path,
    mnist_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    # A writer who lays every digit on its side, which no augmentation does.
    digits = load_mnist(mnist_dir, train=False).subset(torch.arange(40))
    save_drawings(LabelledInk(digits.ink.rot90(1, (1, 2)), digits.labels), tmp_path / "extra")
    run(
        monkeypatch,
        train,
        *("--extra", tmp_path / "extra", "--weights", trained, "--output", tmp_path / "mine"),
        *(*QUICK_FLAGS, "--data-dir", mnist_dir, "--device", "cpu"),
    )
    table = capsys.readouterr().out.splitlines()[-4:]
    assert [line.split()[0] for line in table] == ["images", "drawings", "drawings", "MNIST's"]
    images, before, after = table[1].split()[-3:]
    assert int(images) == 32  # a fifth of the 40 is held out
    assert float(after.rstrip("%")) > float(before.rstrip("%")) + 10
    tuned = DigitRecognizer(tmp_path / "mine" / "digits.onnx").metadata
    assert tuned.model_version.endswith("+fine-tuned")
    assert Checkpoint.load(tmp_path / "mine").extra_images == 32


def test_a_bad_drawing_to_fine_tune_on_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    ink = torch.zeros(2, 28, 28).byte()
    ink[1, 4:24, 12:15] = 255
    save_drawings(LabelledInk(ink, torch.tensor([3, 1])), tmp_path)
    (tmp_path / "3" / "text.png").write_text("no picture")

    extra = load_extra(tmp_path)

    assert extra.labels.tolist() == [1]
    message = capsys.readouterr().err
    assert "0.png: the image is blank" in message
    assert "text.png: the file" in message


def test_only_bad_drawings_to_fine_tune_on_are_refused(tmp_path: Path):
    save_drawings(LabelledInk(torch.zeros(1, 28, 28).byte(), torch.tensor([3])), tmp_path)
    with pytest.raises(ValueError, match="none of the drawings"):
        load_extra(tmp_path)
