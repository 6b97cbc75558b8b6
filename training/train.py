"""Trains the recognizer on MNIST, exports it, checks the export and measures it.

One command overwrites `artifacts/` as a whole:

    python -m training.train

With drawings of one's own, laid out as `<label>/<image>`, it does not start from scratch but
fine-tunes trained weights to them and says how well they were read before and after:

    python -m training.train --extra FOLDER --output my-model
"""

import argparse
from pathlib import Path

import torch

from inference import InferenceError
from training.checkpoint import Checkpoint
from training.config import (
    ARTIFACTS,
    TrainingConfig,
    add_config_flags,
    add_data_flag,
    add_device_flag,
    add_folder_flag,
    command_line_parser,
    config_from,
)
from training.data import load_mnist
from training.evaluate import EvaluationSets, add_evaluation_flags, evaluate, evaluation_sets
from training.export import export
from training.fine_tuning import fine_tune, load_extra
from training.learning import train


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
    parser = command_line_parser(__doc__)
    parser.add_argument(
        "--extra",
        type=Path,
        metavar="FOLDER",
        help="fine-tune on pictures laid out as <label>/<image>, mixed into MNIST",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        default=ARTIFACTS,
        metavar="FOLDER",
        help="folder of the digits.pt that --extra starts from (default: artifacts/)",
    )
    arguments, config, sets = parse_training_flags(parser)
    output: Path = arguments.output
    device = torch.device(arguments.device)
    training_set = load_mnist(arguments.data_dir, train=True)
    if arguments.extra is None:
        checkpoint, comparison = train(config, training_set, device), None
    else:
        try:
            extra = load_extra(arguments.extra)
            start = Checkpoint.load(arguments.weights)
        except (ValueError, FileNotFoundError, InferenceError) as error:
            parser.error(str(error))
        mnist_test = load_mnist(arguments.data_dir, train=False)
        checkpoint, comparison = fine_tune(start, extra, config, training_set, mnist_test, device)
    output.mkdir(parents=True, exist_ok=True)
    checkpoint.save(output)
    export(checkpoint, output)
    evaluate(output, sets)
    if comparison is not None:
        print(comparison)  # noqa: T201


if __name__ == "__main__":
    main()
