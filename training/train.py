"""Trains the recognizer on MNIST, exports it, checks the export and measures it.

One command overwrites `artifacts/` as a whole:

    python -m training.train

With drawings of one's own, laid out as `<label>/<image>`, it does not start from scratch but
fine-tunes trained weights to them and says how well they were read before and after:

    python -m training.train --extra FOLDER --output my-model
"""

import argparse
import tempfile
from pathlib import Path

from inference import InferenceError
from training.checkpoint import Checkpoint
from training.config import (
    ARTIFACTS,
    TrainingConfig,
    add_data_flag,
    add_device_flag,
    add_folder_flag,
    command_line_parser,
    refusing,
    say,
)
from training.data import load_mnist
from training.evaluate import EvaluationSets, add_evaluation_flags, evaluate, evaluation_sets
from training.export import MODEL_NAME, export
from training.fine_tuning import fine_tune, load_extra
from training.learning import train


def parse_training_flags(
    parser: argparse.ArgumentParser,
) -> tuple[argparse.Namespace, TrainingConfig, EvaluationSets]:
    """Adds the flags that every training command has, and parses the command line.

    What would fail after hours ends the program with a message now: a value out of range, a folder
    without pictures, an output that cannot be written.
    """
    TrainingConfig.add_flags(parser)
    add_data_flag(parser)
    add_folder_flag(parser)
    add_evaluation_flags(parser)
    add_device_flag(parser)
    arguments = parser.parse_args()
    output: Path = arguments.output
    with refusing(parser):
        config, sets = TrainingConfig.from_flags(arguments), evaluation_sets(arguments)
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output):
            pass
    return arguments, config, sets


def evaluate_trained(parser: argparse.ArgumentParser, folder: Path, sets: EvaluationSets) -> None:
    """Measures a model that was just written; a picture that is none ends it with a message."""
    try:
        evaluate(folder, sets)
    except InferenceError as error:
        parser.error(
            f"{error}; the model is saved: remove the picture and run "
            f"python -m training.evaluate --output {folder}"
        )


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
        metavar="FOLDER",
        help="folder of the digits.pt that --extra starts from (default: artifacts/)",
    )
    arguments, config, sets = parse_training_flags(parser)
    if arguments.weights and not arguments.extra:
        parser.error("--weights is where --extra starts from; without --extra it does nothing")
    output, device = arguments.output, arguments.device
    with refusing(parser):
        training_set = load_mnist(arguments.data_dir, train=True)
        mnist_test = load_mnist(arguments.data_dir, train=False)
    if arguments.extra is None:
        checkpoint, comparison = train(config, training_set, device), None
    else:
        with refusing(parser):
            start = Checkpoint.load(arguments.weights or ARTIFACTS)
            extra = load_extra(arguments.extra, start)
        checkpoint, comparison = fine_tune(start, extra, config, training_set, mnist_test, device)
    checkpoint.save(output)
    export(checkpoint, output)
    try:
        evaluate_trained(parser, output, sets)
    finally:
        if comparison is not None:
            print(comparison)  # noqa: T201
    model = output / MODEL_NAME
    say(
        f"wrote {model}; {output / 'REPORT.md'} says how good it is, and "
        f"DIGITS_MODEL={model} before the page's command tries it"
    )


if __name__ == "__main__":
    main()
