"""Trains several seeds, reports their mean and spread, and ships the best on validation.

    python -m training.sweep --seeds 5

keeps each run in `runs/seed-N`. A run that is there already, with the same settings, is not trained
again: an interrupted sweep goes on, and seeds may be trained side by side by
`python -m training.train --seed N --output runs/seed-N`.
"""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from inference import DigitRecognizer
from training.checkpoint import Checkpoint
from training.config import TrainingConfig, command_line_parser, refusing, say
from training.data import LabelledInk, load_mnist
from training.evaluate import predict_ink
from training.export import export, read_description, write_description
from training.learning import train
from training.train import evaluate_trained, parse_training_flags


def trained_run(
    config: TrainingConfig, folder: Path, training_set: LabelledInk, device: torch.device
) -> Checkpoint:
    """Takes a finished run from its folder, or trains it there.

    Raises:
        ValueError: The folder holds a run with other settings, or damaged weights.
    """
    try:
        checkpoint = Checkpoint.load(folder)
    except FileNotFoundError:
        checkpoint = train(config, training_set, device)
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint.save(folder)
    if checkpoint.config != config:
        raise ValueError(f"{folder} holds a run with other settings; remove it or choose --runs")
    return checkpoint


def summarize_run(
    checkpoint: Checkpoint, folder: Path, mnist_test: LabelledInk
) -> dict[str, float]:
    """Measures a run: its validation accuracies, and its exported file on MNIST's test set."""
    recognizer = DigitRecognizer(export(checkpoint, folder))
    return {
        "seed": checkpoint.config.seed,
        "validation_accuracy": checkpoint.validation_accuracy,
        "augmented_validation_accuracy": checkpoint.augmented_validation_accuracy,
        "mnist_test_accuracy": float(predict_ink(recognizer, mnist_test).correct.mean()),
    }


def best_on_validation(runs: list[dict[str, float]]) -> int:
    """The index of the run with the best mean of both validation accuracies."""
    scores = [run["validation_accuracy"] + run["augmented_validation_accuracy"] for run in runs]
    return int(np.argmax(scores))


def main() -> None:
    """Runs the command line."""
    parser = command_line_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: %(default)s)")
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("runs"),
        metavar="FOLDER",
        help="folder of the single runs (default: runs/)",
    )
    arguments, first, sets = parse_training_flags(parser)
    if arguments.seeds < 1:
        parser.error(f"--seeds must be at least 1, got {arguments.seeds}")
    with refusing(parser):
        training_set = load_mnist(arguments.data_dir, train=True)
        mnist_test = load_mnist(arguments.data_dir, train=False)
    checkpoints: list[Checkpoint] = []
    rows: list[dict[str, float]] = []
    for seed in range(first.seed, first.seed + arguments.seeds):
        folder = arguments.runs / f"seed-{seed}"
        config = dataclasses.replace(first, seed=seed)
        with refusing(parser):
            checkpoint = trained_run(config, folder, training_set, arguments.device)
        checkpoints.append(checkpoint)
        rows.append(summarize_run(checkpoint, folder, mnist_test))

    best = checkpoints[best_on_validation(rows)]
    output: Path = arguments.output
    best.save(output)
    export(best, output)
    description = read_description(output)
    description["metrics"]["seeds"] = {"data": "MNIST's test set, final epoch", "runs": rows}
    write_description(output, description)
    evaluate_trained(parser, output, sets)
    say(
        f"wrote seed {best.config.seed} of {arguments.seeds} to {output}, the others lie in "
        f"{arguments.runs}; {output / 'MODEL_CARD.md'} compares them"
    )


if __name__ == "__main__":
    main()
