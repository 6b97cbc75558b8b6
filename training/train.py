"""Trains the recognizer on MNIST, exports it, checks the export and measures it.

One command overwrites `artifacts/` as a whole:

    python -m training.train
"""

import argparse
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from training.augmentation import FAR, NEAR, Redrawing, augment, enlarge
from training.calibration import choose_reject_confidence, fit_temperature
from training.checkpoint import Checkpoint, library_versions
from training.config import (
    TrainingConfig,
    add_config_flags,
    add_data_flag,
    add_device_flag,
    add_folder_flag,
    config_from,
)
from training.data import LabelledInk, load_mnist, split_training_set
from training.evaluate import EvaluationSets, add_evaluation_flags, evaluate, evaluation_sets
from training.export import export
from training.model import DigitCNN, DigitGraph
from training.non_digits import NO_DIGIT, make_non_digits

EVALUATION_BATCH = 1_000

NON_DIGIT_POOL = 20_000
"""Different non-digits; each is redrawn whenever it is seen."""

SETTLE_SEED_OFFSET = 1_000

_Tensors = tuple[Tensor, ...] | list[Tensor]


@dataclass(frozen=True, slots=True)
class _Material:
    """What is learned from and validated on.

    Attributes:
        images: uint8 [count, 56, 56], enlarged digits.
        labels: int64 [count].
        non_digits: uint8 [pool, 56, 56].
        validation: The validation digits as MNIST has them.
        redrawn: The validation digits as other hands would draw them.
    """

    images: Tensor
    labels: Tensor
    non_digits: Tensor
    validation: LabelledInk
    redrawn: LabelledInk


@dataclass(frozen=True, slots=True)
class _Phase:
    """A stretch of training with a learning rate schedule of its own."""

    name: str
    run: int
    first_epoch: int
    epochs: int
    learning_rate: float
    redrawing: Redrawing
    non_digit_weight: float


def train(config: TrainingConfig, training_set: LabelledInk, device: torch.device) -> Checkpoint:
    """Trains a network from scratch.

    First on digits redrawn far from MNIST's own. Then several times, each time from those weights,
    on nearer ones, so that the network settles where most digits are; the mean of the settled
    weights is the result (Wortsman et al., 2022, "Model soups"). The same settings on the same
    machine with the same number of threads give the same weights.

    Args:
        config: The settings.
        training_set: MNIST's training set, from which the validation images are split off.
        device: Where the network is trained.
    """
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    learning, validation = split_training_set(training_set)
    if config.subset:
        learning = learning.subset(torch.arange(min(config.subset, len(learning))))
    material = _Material(
        images=enlarge(learning.ink),
        labels=learning.labels,
        non_digits=make_non_digits(learning, min(NON_DIGIT_POOL, len(learning)), generator),
        validation=validation,
        redrawn=_redraw(validation),
    )
    graph = DigitGraph(DigitCNN(config.dropout)).to(device).to(memory_format=torch.channels_last)
    history = _run_phase(_exploring(config), graph, material, config, generator)
    settled: list[dict[str, Tensor]] = []
    for number in range(config.settle_runs):
        # A seed of its own lets a run be repeated from the explored weights.
        torch.manual_seed(config.seed + SETTLE_SEED_OFFSET + number)
        generator.manual_seed(config.seed + SETTLE_SEED_OFFSET + number)
        branch = copy.deepcopy(graph)
        history += _run_phase(_settling(config, number), branch, material, config, generator)
        settled.append(branch.state_dict())
    return _finish(_mean_weights(settled), config, history, material)


def _finish(
    weights: dict[str, Tensor],
    config: TrainingConfig,
    history: list[dict[str, float]],
    material: _Material,
) -> Checkpoint:
    """Calibrates trained weights on validation data and packs them with what made them."""
    graph = DigitGraph(DigitCNN(config.dropout))
    graph.load_state_dict(weights)
    device = torch.device("cpu")
    return Checkpoint(
        graph=graph.eval(),
        config=config,
        reject_confidence=_calibrate(graph, material.validation, material.redrawn),
        validation_accuracy=_accuracy(graph, material.validation, device),
        redrawn_validation_accuracy=_accuracy(graph, material.redrawn, device),
        history=history,
        versions=library_versions("torch", "torchvision"),
    )


def _exploring(config: TrainingConfig) -> _Phase:
    return _Phase(
        name="exploring",
        run=0,
        first_epoch=1,
        epochs=config.epochs,
        learning_rate=config.learning_rate,
        redrawing=FAR,
        non_digit_weight=config.non_digit_weight,
    )


def _settling(config: TrainingConfig, number: int) -> _Phase:
    return _Phase(
        name=f"settling {number + 1} of {config.settle_runs}",
        run=number + 1,
        first_epoch=config.epochs + 1,
        epochs=config.settle_epochs,
        learning_rate=config.settle_learning_rate,
        redrawing=NEAR,
        non_digit_weight=config.settle_non_digit_weight,
    )


def _mean_weights(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of several networks' weights and statistics; counters are the first one's."""
    return {
        name: torch.stack([state[name] for state in states]).mean(dim=0)
        if first.is_floating_point()
        else first
        for name, first in states[0].items()
    }


def _run_phase(
    phase: _Phase,
    graph: DigitGraph,
    material: _Material,
    config: TrainingConfig,
    generator: torch.Generator,
) -> list[dict[str, float]]:
    """Trains the graph, leaves the averaged weights in it and returns a row for each epoch."""
    device = graph.temperature.device
    averaged = AveragedModel(
        graph, multi_avg_fn=_moving_average(config.average_decay), use_buffers=True
    )
    optimizer = torch.optim.AdamW(graph.parameters(), weight_decay=config.weight_decay)
    steps_per_epoch = max(1, len(material.images) // config.batch_size)
    total_steps = phase.epochs * steps_per_epoch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=phase.learning_rate, total_steps=total_steps, pct_start=0.2
    )
    non_digit_count = round(config.non_digit_share * config.batch_size)

    history: list[dict[str, float]] = []
    progress = tqdm(total=total_steps, unit="step", desc=phase.name)
    for epoch in range(phase.first_epoch, phase.first_epoch + phase.epochs):
        started = time.perf_counter()
        loss_sum = 0.0
        graph.train()
        for chosen in _batches(len(material.images), config.batch_size, generator):
            others = torch.randint(
                len(material.non_digits), (non_digit_count,), generator=generator
            )
            drawings = torch.cat([material.images[chosen], material.non_digits[others]])
            labels = F.pad(material.labels[chosen], (0, len(others)), value=NO_DIGIT)
            ink = augment(drawings.to(device), labels, generator, phase.redrawing)
            loss = _loss(graph(ink)[1], labels.to(device), config, phase.non_digit_weight)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            averaged.update_parameters(graph)
            loss_sum += loss.item()
            progress.update()
        row = {
            "run": phase.run,
            "epoch": epoch,
            "loss": loss_sum / steps_per_epoch,
            "validation_accuracy": _accuracy(averaged.module, material.validation, device),
            "redrawn_validation_accuracy": _accuracy(averaged.module, material.redrawn, device),
            "seconds": time.perf_counter() - started,
        }
        history.append(row)
        progress.set_postfix(
            loss=f"{row['loss']:.4f}",
            validation=f"{row['validation_accuracy']:.2%}",
            redrawn=f"{row['redrawn_validation_accuracy']:.2%}",
        )
    progress.close()
    graph.load_state_dict(averaged.module.state_dict())
    return history


def _loss(
    logits: Tensor, labels: Tensor, config: TrainingConfig, non_digit_weight: float
) -> Tensor:
    is_digit = labels != NO_DIGIT
    loss = F.cross_entropy(
        logits[is_digit], labels[is_digit], label_smoothing=config.label_smoothing
    )
    if is_digit.all():
        return loss
    return loss + non_digit_weight * non_digit_loss(logits[~is_digit])


def non_digit_loss(logits: Tensor) -> Tensor:
    """Cross-entropy against being wholly unsure: each digit as likely as the others.

    Args:
        logits: float32 [count, 10], of drawings that are no digits.
    """
    return -F.log_softmax(logits, dim=1).mean()


def _moving_average(decay: float) -> Callable[[_Tensors, _Tensors, Tensor | int], None]:
    """An exponential moving average that forgets the untrained weights early."""

    def update(averaged: _Tensors, current: _Tensors, count: Tensor | int) -> None:
        warm_decay = min(decay, (1 + int(count)) / (10 + int(count)))
        get_ema_multi_avg_fn(warm_decay)(averaged, current, count)

    return update


def _batches(count: int, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Full batches of a fresh random order; a set smaller than a batch is one batch."""
    order = torch.randperm(count, generator=generator)
    for start in range(0, max(1, count - batch_size + 1), batch_size):
        yield order[start : start + batch_size]


def _redraw(digits: LabelledInk) -> LabelledInk:
    """The same digits as other hands would draw them, always the same way."""
    generator = torch.Generator().manual_seed(0)
    pairs = zip(
        digits.ink.split(EVALUATION_BATCH), digits.labels.split(EVALUATION_BATCH), strict=True
    )
    redrawn = [augment(enlarge(ink), labels, generator).byte() for ink, labels in pairs]
    return LabelledInk(torch.cat(redrawn), digits.labels)


@torch.no_grad()
def _logits(graph: torch.nn.Module, digits: LabelledInk, device: torch.device) -> Tensor:
    graph.eval()
    return torch.cat([graph(ink.to(device))[1].cpu() for ink in digits.ink.split(EVALUATION_BATCH)])


def _accuracy(graph: torch.nn.Module, digits: LabelledInk, device: torch.device) -> float:
    predicted = _logits(graph, digits, device).argmax(dim=1)
    return (predicted == digits.labels).double().mean().item()


def _calibrate(graph: DigitGraph, *validation_sets: LabelledInk) -> float:
    """Sets the temperature of the graph and returns the reject threshold."""
    logits = torch.cat([_logits(graph, digits, torch.device("cpu")) for digits in validation_sets])
    labels = torch.cat([digits.labels for digits in validation_sets])
    graph.temperature.fill_(fit_temperature(logits, labels))
    confidence = torch.softmax(logits / graph.temperature, dim=1).amax(dim=1)
    return choose_reject_confidence(confidence)


def parse_training_flags(
    parser: argparse.ArgumentParser,
) -> tuple[argparse.Namespace, TrainingConfig, EvaluationSets]:
    """Adds the flags that every training command has, and parses the command line.

    A value out of range or a folder without pictures ends the program with a message.
    """
    add_config_flags(parser)
    add_data_flag(parser)
    add_folder_flag(parser)
    add_evaluation_flags(parser)
    add_device_flag(parser)
    arguments = parser.parse_args()
    try:
        return arguments, config_from(arguments), evaluation_sets(arguments)
    except ValueError as error:
        parser.error(str(error))


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    arguments, config, sets = parse_training_flags(parser)
    output: Path = arguments.output
    training_set = load_mnist(arguments.data_dir, train=True)
    checkpoint = train(config, training_set, torch.device(arguments.device))
    output.mkdir(parents=True, exist_ok=True)
    checkpoint.save(output)
    export(checkpoint, output)
    evaluate(output, sets)


if __name__ == "__main__":
    main()
