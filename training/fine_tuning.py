"""Fine-tunes a trained network on drawings of one's own, mixed into MNIST."""

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from inference import InvalidImageError
from inference.image.ink import find_ink
from inference.image.picture import read_picture
from training.checkpoint import Checkpoint
from training.config import TrainingConfig, say
from training.data import LabelledInk, image_paths, labelled_image_paths
from training.learning import accuracy, train

HELD_OUT_SHARE = 0.2
"""Share of the drawings that is not learned from, to see whether others are read better, too."""

FEWEST_TO_HOLD_OUT_FROM = 20

SURELY_ANOTHER = 0.99
"""Confidence from which on a drawing that is read as another digit may lie in the wrong folder.

Corrections are drawings that were read wrong, so most that are read as another digit are meant.
"""


@torch.no_grad()
def load_extra(folder: Path, start: Checkpoint) -> LabelledInk:
    """Reads drawings laid out as `<label>/<image>` and makes them like MNIST's images.

    What is blank, cannot be read or lies in another folder is named on standard error and left out.
    What the network surely takes for another digit is named and kept. Too few drawings are, too.

    Args:
        folder: Has the drawings.
        start: The network that is to be fine-tuned.

    Raises:
        ValueError: The folder holds no drawings, or none that can be read.
    """
    images: list[Tensor] = []
    labels: list[int] = []
    paths = labelled_image_paths(folder)
    for path in sorted(set(image_paths(folder)) - {path for path, _ in paths}):
        say(f"left out: {path}: it lies in no folder named 0 … 9")
    for path, label in paths:
        try:
            found = find_ink(read_picture(path))
        except InvalidImageError as error:
            say(f"left out: {path}: {error}")
            continue
        ink = torch.from_numpy(found.copy()).unsqueeze(0)
        probabilities, _, normalized = start.graph(ink)
        probability, digit = probabilities.max(dim=1)
        if digit.item() != label and probability.item() >= SURELY_ANOTHER:
            say(
                f"look again: {path}: the network is {probability.item():.1%} sure of a "
                f"{digit.item()}; if it is one, move the file to {folder / str(digit.item())}"
            )
        images.append(normalized)
        labels.append(label)
    if not images:
        raise ValueError(f"none of the drawings in {folder} can be read")
    if len(images) < FEWEST_TO_HOLD_OUT_FROM:
        say(
            f"{len(images)} drawings are too few to hold some out, so nothing will tell whether "
            "others of this handwriting are read better; draw at least "
            f"{FEWEST_TO_HOLD_OUT_FROM}, of each digit that is misread about ten"
        )
    ink = (torch.cat(images) * 255).round().clamp(0, 255).byte()
    return LabelledInk(ink, torch.tensor(labels))


def fine_tune(
    start: Checkpoint,
    drawings: LabelledInk,
    config: TrainingConfig,
    training_set: LabelledInk,
    mnist_test: LabelledInk,
    device: torch.device,
) -> tuple[Checkpoint, str]:
    """Fine-tunes a network on drawings mixed into MNIST.

    Args:
        start: The trained network.
        drawings: Made like MNIST's images.
        config: The settings, of which those for fine-tuning count.
        training_set: MNIST's training set.
        mnist_test: MNIST's test set, on which it is measured before and after.
        device: Where the network is trained.

    Returns:
        The fine-tuned network, and a table of the accuracies before and after.
    """
    learned, held_out = hold_out(drawings, config.seed)
    config = dataclasses.replace(
        config,
        epochs=config.fine_tuning_epochs,
        learning_rate=config.fine_tuning_learning_rate,
    )
    tuned = train(config, training_set, device, start=start, extra=learned)
    sets = {
        "drawings learned from": learned,
        "drawings held out": held_out,
        "MNIST's test set": mnist_test,
    }
    cpu = torch.device("cpu")
    lines = [f"{'':24}{'images':>8}{'before':>10}{'after':>10}"]
    for name, digits in sets.items():
        if len(digits):
            before, after = (accuracy(graph, digits, cpu) for graph in (start.graph, tuned.graph))
            lines.append(f"{name:24}{len(digits):8,}{before:10.2%}{after:10.2%}")
    return tuned, "\n".join(lines)


def hold_out(drawings: LabelledInk, seed: int) -> tuple[LabelledInk, LabelledInk]:
    """Splits drawings into those to learn from and those held out, none of a small set."""
    count = len(drawings)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    kept = round(HELD_OUT_SHARE * count) if count >= FEWEST_TO_HOLD_OUT_FROM else 0
    return drawings.subset(order[kept:]), drawings.subset(order[:kept])
