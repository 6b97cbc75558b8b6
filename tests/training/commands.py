"""Commands of the training, run on little."""

import shutil
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from training.config import ARTIFACTS, TrainingConfig
from training.data import LabelledInk

QUICK = TrainingConfig(epochs=3, subset=2048, batch_size=64, average_decay=0.9)
QUICK_FLAGS = [f"--{name.replace('_', '-')}={value}" for name, value in QUICK.to_dict().items()]


BLANK = LabelledInk(torch.zeros(2, 28, 28).byte(), torch.tensor([3, 7]))


def run(monkeypatch: pytest.MonkeyPatch, module, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    module.main()


def save_drawings(digits: LabelledInk, folder: Path) -> None:
    for index in range(len(digits)):
        place = folder / str(digits.labels[index].item())
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - digits.ink[index].numpy()).save(place / f"{index}.png")


def refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module, *flags: object
) -> str:
    """What a command says about flags that it refuses before any work."""

    def too_late(*_: object) -> None:
        raise AssertionError("the work was begun")

    monkeypatch.setattr(module, "load_mnist", too_late)
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, module, *flags)
    assert ended.value.code == 2
    return capsys.readouterr().err


def copy_of_the_model(folder: Path) -> Path:
    """Copies what is shipped, so that nothing can happen to it."""
    for name in ("digits.onnx", "digits.json", "digits.pt"):
        shutil.copy(ARTIFACTS / name, folder)
    return folder
