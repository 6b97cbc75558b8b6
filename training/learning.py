"""Fits the network: MNIST's digits, augmented and not, digits drawn from strokes, non-digits."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from inference.metadata import NORMALIZED_SIDE_PX
from training.calibration import choose_reject_confidence, fit_temperature
from training.checkpoint import Checkpoint, library_versions
from training.config import TrainingConfig
from training.data import LabelledInk, split_training_set
from training.model import DigitCNN, DigitGraph
from training.synthesis.augmentation import add_specks, augment, bend, coarsen, enlarge, sharpen
from training.synthesis.non_digits import NO_DIGIT, make_non_digits
from training.synthesis.pen import draw_digits

EVALUATION_BATCH_SIZE = 1_000

WARM_UP_SHARE = 0.2
"""How much of the training the learning rate rises for."""

NON_DIGIT_POOL_SIZE = 20_000
"""Different non-digits; each is augmented anew whenever it is seen."""

DRAWN_POOL_SIZE = 60_000
"""Different digits drawn from strokes; each is bent whenever it is seen."""

_Tensors = tuple[Tensor, ...] | list[Tensor]


@dataclass(frozen=True, slots=True)
class _TrainingData:
    """What is learned from and validated on.

    Attributes:
        digits: The digits as MNIST has them.
        enlarged: uint8 [count, 56, 56], the same, to be augmented.
        drawn: uint8 [pool, 56, 56], digits drawn from strokes, likewise.
        non_digits: uint8 [pool, 56, 56].
        validation: The validation digits as MNIST has them.
        augmented: The validation digits, augmented.
    """

    digits: LabelledInk
    enlarged: Tensor
    drawn: LabelledInk
    non_digits: Tensor
    validation: LabelledInk
    augmented: LabelledInk


def train(
    config: TrainingConfig,
    training_set: LabelledInk,
    device: torch.device,
    *,
    start: Checkpoint | None = None,
    extra: LabelledInk | None = None,
) -> Checkpoint:
    """Trains a network, from scratch unless it is given a start.

    A part of each step's digits is shown as MNIST has them, the others are augmented, and
    non-digits stand beside them. The result are the averaged weights of the last step. The same
    settings on the same machine with the same number of threads give the same weights.

    Args:
        config: The settings.
        training_set: MNIST's training set, from which the validation images are split off.
        device: Where the network is trained.
        start: What to fine-tune.
        extra: Drawings like MNIST's to mix in, repeated up to their share.
    """
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    learning, validation = split_training_set(training_set)
    if config.subset:
        learning = learning.subset(torch.arange(min(config.subset, len(learning))))
    if extra is not None:
        learning += _repeated(extra, config.extra_share, len(learning))
    data = _TrainingData(
        digits=learning,
        enlarged=enlarge(learning.ink),
        drawn=draw_digits(min(DRAWN_POOL_SIZE, len(learning)), generator),
        non_digits=make_non_digits(learning, min(NON_DIGIT_POOL_SIZE, len(learning)), generator),
        validation=validation,
        augmented=_augmented(validation),
    )
    graph = DigitGraph(DigitCNN(config.dropout))
    if start is not None:
        graph.load_state_dict(start.graph.state_dict())
    graph = graph.to(device).to(memory_format=torch.channels_last)
    history = _fit(graph, data, config, generator)
    cpu = torch.device("cpu")
    graph = graph.to(cpu).to(memory_format=torch.contiguous_format)
    return Checkpoint(
        graph=graph.eval(),
        config=config,
        reject_confidence=_calibrate(
            graph, data.validation, data.augmented, _drawn_validation(validation)
        ),
        validation_accuracy=accuracy(graph, data.validation, cpu),
        augmented_validation_accuracy=accuracy(graph, data.augmented, cpu),
        history=history,
        versions=library_versions("torch", "torchvision"),
        extra_images=0 if extra is None else len(extra),
    )


def _repeated(extra: LabelledInk, share: float, others: int) -> LabelledInk:
    """Repeats drawings until they are that share of themselves and the others, or there once."""
    wanted = max(len(extra), round(others * share / (1 - share)))
    return extra.subset(torch.arange(wanted) % len(extra))


def one_cycle(
    optimizer: torch.optim.Optimizer, peak: float, total_steps: int
) -> torch.optim.lr_scheduler.OneCycleLR:
    """The learning rate of each step: up to its peak, then down to nothing."""
    # PyTorch divides by the steps up to the peak less one, so these must not be exactly one.
    share = WARM_UP_SHARE if WARM_UP_SHARE * total_steps != 1 else 2 * WARM_UP_SHARE
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=peak, total_steps=total_steps, pct_start=share
    )


def _fit(
    graph: DigitGraph,
    data: _TrainingData,
    config: TrainingConfig,
    generator: torch.Generator,
) -> list[dict[str, float]]:
    """Trains the graph, leaves the averaged weights in it and returns a row for each epoch."""
    device = graph.temperature.device
    averaged = AveragedModel(
        graph, multi_avg_fn=moving_average(config.average_decay), use_buffers=True
    )
    optimizer = torch.optim.AdamW(graph.parameters(), weight_decay=config.weight_decay)
    steps_per_epoch = max(1, len(data.digits) // config.batch_size)
    total_steps = config.epochs * steps_per_epoch
    schedule = one_cycle(optimizer, config.learning_rate, total_steps)

    history: list[dict[str, float]] = []
    progress = tqdm(total=total_steps, unit="step", desc="training")
    for epoch in range(1, config.epochs + 1):
        started = time.perf_counter()
        loss_sum = 0.0
        graph.train()
        for chosen in _batches(len(data.digits), config.batch_size, generator):
            normalized, labels = _example_batch(graph, data, chosen, config, generator)
            with torch.autocast(device.type, torch.bfloat16):
                logits = graph.cnn(normalized)
            loss = _loss(logits.float(), labels, config)
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
            "validation_accuracy": accuracy(averaged.module, data.validation, device),
            "augmented_validation_accuracy": accuracy(averaged.module, data.augmented, device),
            "seconds": time.perf_counter() - started,
        }
        history.append(row)
        progress.set_postfix(
            loss=f"{row['loss']:.4f}",
            validation_accuracy=f"{row['validation_accuracy']:.2%}",
            augmented_validation_accuracy=f"{row['augmented_validation_accuracy']:.2%}",
        )
    progress.close()
    graph.load_state_dict(averaged.module.state_dict())
    return history


def _example_batch(
    graph: DigitGraph,
    data: _TrainingData,
    chosen: Tensor,
    config: TrainingConfig,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """The normalized images and labels of a step: untouched digits, augmented ones, non-digits."""
    device = graph.temperature.device
    untouched, augmented = chosen.tensor_split([round(config.untouched_share * len(chosen))])
    drawn = _random_indices(len(data.drawn), config.drawn_share, config, generator)
    others = _random_indices(len(data.non_digits), config.non_digit_share, config, generator)
    digits = torch.cat([data.digits.labels[chosen], data.drawn.labels[drawn]])
    labels = F.pad(digits, (0, len(others)), value=NO_DIGIT)
    no_digits = labels[len(digits) :]
    drawings = (
        augment(data.enlarged[augmented].to(device), data.digits.labels[augmented], generator),
        # Their pens, from thin to thick, are their own.
        bend(data.drawn.ink[drawn].to(device), generator),
        augment(data.non_digits[others].to(device), no_digits, generator),
    )
    ink = add_specks(torch.cat(drawings), generator)
    with torch.no_grad():
        normalized = sharpen(_normalized(graph, ink, config, generator), generator)
        if len(untouched):
            shown = graph.normalizer(data.digits.ink[untouched].to(device))
            normalized = torch.cat([shown, normalized])
    return normalized, labels.to(device)


def _random_indices(
    count: int, share: float, config: TrainingConfig, generator: Generator
) -> Tensor:
    """Random indices below a count, so many for each digit of a step."""
    return torch.randint(count, (round(share * config.batch_size),), generator=generator)


def _normalized(
    graph: DigitGraph, ink: Tensor, config: TrainingConfig, generator: Generator
) -> Tensor:
    """What the network sees of ink [batch, 56, 56], a share of which has few pixels."""
    is_coarse = torch.rand(len(ink), generator=generator) < config.coarse_share
    normalized = torch.empty(len(ink), NORMALIZED_SIDE_PX, NORMALIZED_SIDE_PX, device=ink.device)
    normalized[~is_coarse] = graph.normalizer(ink[~is_coarse])
    if is_coarse.any():
        normalized[is_coarse] = graph.normalizer(coarsen(ink[is_coarse], generator))
    return normalized


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


def moving_average(decay: float) -> Callable[[_Tensors, _Tensors, Tensor | int], None]:
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


def _drawn_validation(validation: LabelledInk) -> LabelledInk:
    """About as many digits drawn from strokes, always the same ones."""
    generator = torch.Generator().manual_seed(0)
    digits = draw_digits(len(validation), generator)
    ink = torch.cat([bend(part, generator) for part in digits.ink.split(EVALUATION_BATCH_SIZE)])
    return LabelledInk(add_specks(ink, generator).byte(), digits.labels)


def _augmented(digits: LabelledInk) -> LabelledInk:
    """The digits augmented, always in the same way."""
    generator = torch.Generator().manual_seed(0)
    pairs = zip(
        digits.ink.split(EVALUATION_BATCH_SIZE),
        digits.labels.split(EVALUATION_BATCH_SIZE),
        strict=True,
    )
    augmented = [augment(enlarge(ink), labels, generator) for ink, labels in pairs]
    return LabelledInk(add_specks(torch.cat(augmented), generator).byte(), digits.labels)


@torch.no_grad()
def _logits(graph: torch.nn.Module, digits: LabelledInk, device: torch.device) -> Tensor:
    graph.eval()
    return torch.cat(
        [graph(ink.to(device))[1].cpu() for ink in digits.ink.split(EVALUATION_BATCH_SIZE)]
    )


def accuracy(graph: torch.nn.Module, digits: LabelledInk, device: torch.device) -> float:
    """Share of the digits, 0 … 1, that a graph on that device reads right."""
    predicted = _logits(graph, digits, device).argmax(dim=1)
    return (predicted == digits.labels).double().mean().item()


def _calibrate(graph: DigitGraph, *validation_sets: LabelledInk) -> float:
    """Sets the temperature of the graph and returns the reject threshold."""
    logits = torch.cat([_logits(graph, digits, torch.device("cpu")) for digits in validation_sets])
    labels = torch.cat([digits.labels for digits in validation_sets])
    graph.temperature.fill_(fit_temperature(logits, labels))
    confidence = torch.softmax(logits / graph.temperature, dim=1).amax(dim=1)
    return choose_reject_confidence(confidence)
