"""Weights that are damaged, or of something else: every command says so."""

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from PIL import Image

from training import benchmark, evaluate, export, number_export, sweep, train, train_numbers
from training.checkpoint import Checkpoint, WeightsError
from training.config import ARTIFACTS
from training.number_checkpoint import NumberCheckpoint

DIGITS = (ARTIFACTS / "digits.pt").read_bytes()
NUMBERS = (ARTIFACTS / "numbers.pt").read_bytes()


def one_bit_changed(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


def saved(value: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"404: Not Found",
    "cut off": lambda content: content[: len(content) // 2],
    "one bit changed": one_bit_changed,
    "a pickle that would run code": lambda _: b"cos\nsystem\n(S'exit'\ntR.",
    "a list": lambda _: saved([1, 2]),
    "other names": lambda _: saved({"state_dict": {}}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_weights_that_cannot_be_used_are_named(damage: str, tmp_path: Path):
    (tmp_path / "digits.pt").write_bytes(DAMAGES[damage](DIGITS))
    with pytest.raises(WeightsError, match=r"digits\.pt is damaged or holds no weights"):
        Checkpoint.load(tmp_path)
    (tmp_path / "numbers.pt").write_bytes(DAMAGES[damage](NUMBERS))
    with pytest.raises(WeightsError, match=r"numbers\.pt is damaged or holds no weights"):
        NumberCheckpoint.load(tmp_path)


def test_the_weights_of_the_other_network_are_refused(tmp_path: Path):
    (tmp_path / "digits.pt").write_bytes(NUMBERS)
    with pytest.raises(WeightsError, match="in loading state_dict for DigitGraph"):
        Checkpoint.load(tmp_path)
    (tmp_path / "numbers.pt").write_bytes(DIGITS)
    with pytest.raises(WeightsError, match="'width'"):
        NumberCheckpoint.load(tmp_path)


def nothing(*_: object, **__: object) -> tuple[None, None]:
    """In place of MNIST and of what is composed, which take seconds."""
    return None, None


COMMANDS: dict[ModuleType, tuple[str, list[str]]] = {
    evaluate: ("digits.pt", ["--output=model"]),
    export: ("digits.pt", ["--output=model"]),
    benchmark: ("digits.pt", ["--output=model"]),
    train: ("digits.pt", ["--extra=drawings", "--weights=model", "--output=new"]),
    sweep: ("digits.pt", ["--runs=runs", "--output=new"]),
    number_export: ("numbers.pt", ["--output=model"]),
    train_numbers: ("numbers.pt", ["--start=model/numbers.pt", "--output=new"]),
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_every_command_says_that_weights_are_damaged(
    command: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    weights, flags = COMMANDS[command]
    monkeypatch.chdir(tmp_path)
    Path("drawings/1").mkdir(parents=True)
    drawing = Image.new("L", (28, 28), 255)
    drawing.paste(0, (12, 4, 15, 24))
    drawing.save("drawings/1/one.png")
    Path("model").mkdir()
    for name in ("digits.onnx", "digits.json", "numbers.json"):
        shutil.copy(ARTIFACTS / name, "model")
    Path("model", weights).write_bytes(one_bit_changed((ARTIFACTS / weights).read_bytes()))
    shutil.copytree("model", "runs/seed-0")
    for slow in ("load_mnist", "split_training_set", "load_or_make_characters"):
        monkeypatch.setattr(command, slow, nothing, raising=False)
    monkeypatch.setattr(command, "validation_pictures", nothing, raising=False)
    monkeypatch.setattr(sys, "argv", ["command", *flags])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert f"{weights} is damaged" in capsys.readouterr().err
