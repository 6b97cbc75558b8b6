"""Saved files that are damaged, or hold something else: every command says so."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from PIL import Image

from tests.training.commands import run
from training import benchmark, evaluate, export, number_export, sweep, train, train_numbers
from training.checkpoint import Checkpoint
from training.config import ARTIFACTS
from training.files import DamagedFileError
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
    with pytest.raises(DamagedFileError, match=r"digits\.pt is damaged or holds no weights"):
        Checkpoint.load(tmp_path)
    (tmp_path / "numbers.pt").write_bytes(DAMAGES[damage](NUMBERS))
    with pytest.raises(DamagedFileError, match=r"numbers\.pt is damaged or holds no weights"):
        NumberCheckpoint.load(tmp_path)


def test_the_weights_of_the_other_network_are_refused(tmp_path: Path):
    (tmp_path / "digits.pt").write_bytes(NUMBERS)
    with pytest.raises(DamagedFileError, match="in loading state_dict for DigitGraph"):
        Checkpoint.load(tmp_path)
    (tmp_path / "numbers.pt").write_bytes(DIGITS)
    with pytest.raises(DamagedFileError, match="'width'"):
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
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, command, *flags)
    assert ended.value.code == 2
    assert f"{weights} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["state.pt", "characters-0.pt"])
def test_what_a_run_goes_on_from_is_named_when_it_is_damaged(
    name: str,
    damage: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / name).write_bytes(DAMAGES[damage](NUMBERS))
    for slow in ("load_mnist", "split_training_set", "validation_pictures"):
        monkeypatch.setattr(train_numbers, slow, nothing)
    if name == "state.pt":
        monkeypatch.setattr(train_numbers, "load_or_make_characters", nothing)
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, train_numbers, "--run", tmp_path, "--output", tmp_path / "new")
    assert ended.value.code == 2
    *_, message = capsys.readouterr().err.splitlines()
    assert f"{tmp_path / name} is damaged or holds no" in message
    assert "remove it" in message
