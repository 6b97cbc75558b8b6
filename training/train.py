"""Trains the recognizer on MNIST, exports it, checks the export and measures it.

One command overwrites `artifacts/` as a whole:

    python -m training.train
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from training.augmentation import augment, enlarge
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
from training.evaluate import add_evaluation_flags, evaluate, evaluation_sets
from training.export import export
from training.model import DigitCNN, DigitGraph
from training.non_digits import NO_DIGIT, make_non_digits

EVALUATION_BATCH = 1_000

NON_DIGIT_POOL = 20_000
"""Different non-digits; each is redrawn whenever it is seen."""

_Tensors = tuple[Tensor, ...] | list[Tensor]


def train(config: TrainingConfig, training_set: LabelledInk, device: torch.device) -> Checkpoint:
    """Trains a network from scratch.

    The same settings on the same machine give the same weights.

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
    images = enlarge(learning.ink)
    non_digits = make_non_digits(learning, min(NON_DIGIT_POOL, len(learning)), generator)
    non_digits_per_step = round(config.non_digit_share * config.batch_size)
    redrawn = _redraw(validation)

    graph = DigitGraph(DigitCNN(config.dropout)).to(device).to(memory_format=torch.channels_last)
    averaged = AveragedModel(
        graph, multi_avg_fn=_moving_average(config.average_decay), use_buffers=True
    )
    optimizer = torch.optim.AdamW(graph.parameters(), weight_decay=config.weight_decay)
    steps_per_epoch = max(1, len(images) // config.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=config.learning_rate,
        total_steps=config.epochs * steps_per_epoch,
        pct_start=0.2,
    )

    history: list[dict[str, float]] = []
    progress = tqdm(total=config.epochs * steps_per_epoch, unit="step", desc="training")
    for epoch in range(1, config.epochs + 1):
        started = time.perf_counter()
        loss_sum = 0.0
        graph.train()
        for indices in _batches(len(images), config.batch_size, generator):
            chosen = torch.randint(len(non_digits), (non_digits_per_step,), generator=generator)
            labels = F.pad(learning.labels[indices], (0, len(chosen)), value=NO_DIGIT)
            drawings = torch.cat([images[indices], non_digits[chosen]])
            _, logits, _ = graph(augment(drawings.to(device), labels, generator))
            loss = _loss(logits, labels.to(device), config)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            averaged.update_parameters(graph)
            loss_sum += loss.item()
            progress.update()
        row = {
            "epoch": epoch,
            "loss": loss_sum / steps_per_epoch,
            "validation_accuracy": _accuracy(averaged.module, validation, device),
            "redrawn_validation_accuracy": _accuracy(averaged.module, redrawn, device),
            "seconds": time.perf_counter() - started,
        }
        history.append(row)
        progress.set_postfix(
            epoch=epoch,
            loss=f"{row['loss']:.4f}",
            validation=f"{row['validation_accuracy']:.2%}",
            redrawn=f"{row['redrawn_validation_accuracy']:.2%}",
        )
    progress.close()

    trained = DigitGraph(DigitCNN(config.dropout))
    trained.load_state_dict(averaged.module.state_dict())
    return Checkpoint(
        graph=trained.eval(),
        config=config,
        reject_confidence=_calibrate(trained, validation, redrawn),
        history=history,
        versions=library_versions("torch", "torchvision"),
    )


def _loss(logits: Tensor, labels: Tensor, config: TrainingConfig) -> Tensor:
    is_digit = labels != NO_DIGIT
    loss = F.cross_entropy(
        logits[is_digit], labels[is_digit], label_smoothing=config.label_smoothing
    )
    if is_digit.all():
        return loss
    return loss + config.non_digit_weight * non_digit_loss(logits[~is_digit])


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


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add_config_flags(parser)
    add_data_flag(parser)
    add_folder_flag(parser)
    add_evaluation_flags(parser)
    add_device_flag(parser)
    arguments = parser.parse_args()
    try:
        config = config_from(arguments)
        sets = evaluation_sets(arguments)
    except ValueError as error:
        parser.error(str(error))

    output: Path = arguments.output
    training_set = load_mnist(arguments.data_dir, train=True)
    checkpoint = train(config, training_set, torch.device(arguments.device))
    output.mkdir(parents=True, exist_ok=True)
    checkpoint.save(output)
    export(checkpoint, output)
    evaluate(output, sets)


if __name__ == "__main__":
    main()
