"""A tiny run of the number finder's training: it is repeatable, and goes on where it stopped."""

import contextlib
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from training import train_numbers as training
from training.data import LabelledInk
from training.files import DamagedFileError
from training.number_checkpoint import NUMBER_WEIGHTS, NumberCheckpoint
from training.number_network import NumberNetwork
from training.number_validation import Validation
from training.synthesis.characters import CharacterStock, load_or_make_characters
from training.synthesis.composer import Composer, Pictures
from training.train_numbers import NumberConfig, train_numbers

STEPS = 6
STOPPED_AFTER = 4
TINY = NumberConfig(pictures=2 * STEPS, batch_size=2, width=8)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def characters(
    digits: LabelledInk, stock: CharacterStock, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The file of a tiny stock."""
    path = tmp_path_factory.mktemp("stock") / "characters.pt"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("training.synthesis.characters.make_characters", lambda *_: stock)
        load_or_make_characters(path, digits, 0)
    return path


@pytest.fixture(scope="module")
def validation(characters: Path) -> Validation:
    composer = Composer(load_or_make_characters(characters, None, 0), 99)
    return [composer.compose(2, (64, 224))]


class Batches:
    """Watches what is composed, and is interrupted after some batches if it shall be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.composed: list[bytes] = []
        self.interrupted_after = math.inf
        usual = Composer.batches

        def watched(composer: Composer, batch_size: int) -> Iterator[Pictures]:
            for index, pictures in enumerate(usual(composer, batch_size)):
                if index >= self.interrupted_after:
                    raise KeyboardInterrupt
                self.composed.append(pictures.luminance.numpy().tobytes())
                yield pictures

        monkeypatch.setattr(Composer, "batches", watched)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Batches:
    monkeypatch.setattr(training, "SAVE_SECONDS", -1.0)  # after every step
    return Batches(monkeypatch)


def run(
    characters: Path,
    validation: Validation,
    folder: Path,
    config: NumberConfig = TINY,
    start: Path | None = None,
) -> NumberCheckpoint:
    return train_numbers(config, characters, validation, CPU, workers=0, run=folder, start=start)


def equal_weights(one: NumberCheckpoint, other: NumberCheckpoint) -> bool:
    others = other.network.state_dict()
    return all(
        torch.equal(weights, others[name]) for name, weights in one.network.state_dict().items()
    )


# --- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pictures", 0),
        ("batch_size", 0),
        ("batch_size", -8),
        ("learning_rate", 0.0),
        ("learning_rate", -1e-3),
        ("learning_rate", math.nan),
        ("width", 0),
        ("average_decay", 1.0),
        ("average_decay", -0.1),
        ("average_decay", math.nan),
    ],
)
def test_a_setting_out_of_range_is_named(name: str, value: Any):
    with pytest.raises(ValueError, match=f"{name} must be"):
        NumberConfig(**{name: value})


@pytest.mark.parametrize(("pictures", "steps"), [(64, 2), (95, 2), (96, 3), (1, 1)])
def test_a_run_has_as_many_steps_as_full_batches_but_at_least_one(pictures: int, steps: int):
    assert NumberConfig(pictures=pictures, batch_size=32).steps == steps


def test_the_settings_are_kept_by_name():
    settings: dict[str, Any] = TINY.to_dict()
    assert NumberConfig(**settings) == TINY


# --- Runs -----------------------------------------------------------------------------------------


def test_a_run_takes_all_its_steps(
    characters: Path, validation: Validation, tmp_path: Path, batches: Batches
):
    checkpoint = run(characters, validation, tmp_path)
    assert [row["pictures"] for row in checkpoint.history] == [2 * (i + 1) for i in range(STEPS)]
    assert checkpoint.config == TINY.to_dict()
    assert checkpoint.earlier_pictures == 0
    assert not checkpoint.network.training
    assert STEPS <= len(batches.composed) <= STEPS + 1
    for row in checkpoint.history:
        assert all(math.isfinite(value) for value in row.values())
        assert 0 <= row["digits_right"] <= row["digits_found"] <= 1


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    characters: Path, validation: Validation, tmp_path: Path
):
    first = run(characters, validation, tmp_path / "first")
    assert equal_weights(first, run(characters, validation, tmp_path / "again"))
    config = replace(TINY, seed=1)
    assert not equal_weights(first, run(characters, validation, tmp_path / "other", config))


def test_a_run_that_was_interrupted_goes_on_with_new_pictures(
    characters: Path, validation: Validation, tmp_path: Path, batches: Batches
):
    batches.interrupted_after = STOPPED_AFTER
    with pytest.raises(KeyboardInterrupt):
        run(characters, validation, tmp_path)
    before = list(batches.composed)
    assert len(before) == STOPPED_AFTER

    batches.interrupted_after = math.inf
    batches.composed.clear()
    checkpoint = run(characters, validation, tmp_path)
    left = STEPS - STOPPED_AFTER
    assert left <= len(batches.composed) <= left + 1
    assert not set(before) & set(batches.composed)
    assert [row["pictures"] for row in checkpoint.history] == [2 * (i + 1) for i in range(STEPS)]


def test_a_run_goes_on_from_the_weights_that_it_had(
    characters: Path, validation: Validation, tmp_path: Path, batches: Batches
):
    batches.interrupted_after = STOPPED_AFTER
    with pytest.raises(KeyboardInterrupt):
        run(characters, validation, tmp_path)
    saved = torch.load(tmp_path / "state.pt", weights_only=True)
    assert saved["step"] == STOPPED_AFTER
    taken_up: list[dict[str, torch.Tensor]] = []

    def look(network: NumberNetwork, *_: object) -> None:
        taken_up.append({name: value.clone() for name, value in network.state_dict().items()})
        raise KeyboardInterrupt

    batches.interrupted_after = math.inf
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(NumberNetwork, "forward", look)
        with pytest.raises(KeyboardInterrupt):
            run(characters, validation, tmp_path)
    fresh = NumberNetwork(TINY.width).state_dict()
    assert all(torch.equal(value, saved["network"][name]) for name, value in taken_up[0].items())
    assert not all(torch.equal(value, fresh[name]) for name, value in taken_up[0].items())


def test_a_run_that_is_done_is_not_trained_on(
    characters: Path, validation: Validation, tmp_path: Path, batches: Batches
):
    done = run(characters, validation, tmp_path)
    batches.composed.clear()
    again = run(characters, validation, tmp_path)
    assert equal_weights(done, again)
    assert again.history == done.history
    assert len(batches.composed) <= 1


def test_a_run_may_begin_with_trained_weights(
    characters: Path, validation: Validation, tmp_path: Path
):
    trained = run(characters, validation, tmp_path / "first")
    file = trained.save(tmp_path)
    config = NumberConfig(pictures=2, batch_size=2, width=8, learning_rate=1e-12, weight_decay=0.0)
    tuned = run(characters, validation, tmp_path / "second", config, start=file)
    for name, weights in trained.network.named_parameters():
        torch.testing.assert_close(tuned.network.get_parameter(name), weights)
    assert tuned.earlier_pictures == TINY.pictures
    assert tuned.config == config.to_dict()


@pytest.mark.slow
def test_pictures_may_be_composed_by_another_process(
    characters: Path, validation: Validation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # A new process imports the main module, in whose place the page's tests leave the page.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["training.train_numbers"])
    checkpoint = train_numbers(TINY, characters, validation, CPU, workers=1, run=tmp_path)
    assert checkpoint.history[-1]["pictures"] == TINY.pictures
    here = run(characters, validation, tmp_path / "here")
    loss = here.history[-1]["loss_middles"]
    assert checkpoint.history[-1]["loss_middles"] == pytest.approx(loss, rel=0.01)


@pytest.mark.slow
def test_the_process_that_composes_ends_with_a_training_that_is_killed(
    characters: Path, tmp_path: Path
):
    program = f"""
from pathlib import Path
import torch
from training import train_numbers
train_numbers.SAVE_SECONDS = -1.0
train_numbers.train_numbers(
    train_numbers.NumberConfig(batch_size=2, width=8), Path({str(characters)!r}), [],
    torch.device("cpu"), workers=1, run=Path({str(tmp_path)!r}),
)
"""
    training = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        while not (tmp_path / "state.pt").exists():  # after the first step
            assert training.poll() is None
            time.sleep(0.1)
        training.kill()
        # The output is at its end when no process is left that could write to it.
        training.communicate(timeout=10)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(training.pid, signal.SIGKILL)


# --- Weights on disk ------------------------------------------------------------------------------


@pytest.fixture
def checkpoint() -> NumberCheckpoint:
    torch.manual_seed(0)
    network = NumberNetwork(8).eval()
    history = [{"pictures": 12.0, "digits_right": 0.5}]
    return NumberCheckpoint(
        network, TINY.to_dict(), history, 7, earlier_pictures=3, averaged_runs=2
    )


def test_a_checkpoint_is_read_as_it_was_written(checkpoint: NumberCheckpoint, tmp_path: Path):
    path = checkpoint.save(tmp_path)
    assert path == tmp_path / NUMBER_WEIGHTS
    assert list(tmp_path.iterdir()) == [path]
    for place in (path, tmp_path):
        read = NumberCheckpoint.load(place)
        assert equal_weights(checkpoint, read)
        assert not read.network.training
        for name in (
            "config",
            "history",
            "seconds",
            "earlier_pictures",
            "averaged_runs",
            "versions",
        ):
            assert getattr(read, name) == getattr(checkpoint, name), name
    assert set(checkpoint.versions) == {"python", "torch", "torchvision"}


def test_a_checkpoint_that_is_missing_is_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=NUMBER_WEIGHTS):
        NumberCheckpoint.load(tmp_path)


def test_weights_of_another_architecture_are_refused(checkpoint: NumberCheckpoint, tmp_path: Path):
    checkpoint.config["width"] = 16
    checkpoint.save(tmp_path)
    with pytest.raises(DamagedFileError, match="NumberNetwork"):
        NumberCheckpoint.load(tmp_path)


def test_a_run_does_not_begin_with_weights_of_another_width(
    checkpoint: NumberCheckpoint, characters: Path, validation: Validation, tmp_path: Path
):
    wider = replace(TINY, width=16)
    with pytest.raises(ValueError, match="has a width of 8, not 16; give --width 8"):
        run(characters, validation, tmp_path / "run", wider, start=checkpoint.save(tmp_path))
