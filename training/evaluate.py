"""Measures the exported file, through the inference module, and writes the report.

    python -m training.evaluate
    python -m training.evaluate --drawings FOLDER

measures `digits.onnx` on MNIST's test set and on a folder of pictures laid out as
`<label>/<image>`, adds the figures to `digits.json` and writes `REPORT.md` and `MODEL_CARD.md` with
their pictures.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from inference import DigitRecognizer
from training.checkpoint import Checkpoint
from training.config import add_data_flag, add_folder_flag
from training.data import LabelledInk, labelled_image_paths, load_mnist
from training.export import MODEL_NAME, read_description, write_description
from training.metrics import Predictions, summarize
from training.report import write_report

RUN_BATCH = 250


@dataclass(frozen=True, slots=True)
class EvaluationSets:
    """What to measure on.

    Attributes:
        data_dir: The torchvision root with MNIST.
        drawings: Pictures with their digits; empty to leave them out.
        drawings_source: Where the drawings come from, in words.
    """

    data_dir: Path
    drawings: list[tuple[Path, int]]
    drawings_source: str


def add_evaluation_flags(parser: argparse.ArgumentParser) -> None:
    """Adds `--drawings` and `--drawings-source`."""
    parser.add_argument(
        "--drawings",
        type=Path,
        metavar="FOLDER",
        help="also measure on pictures laid out as <label>/<image>",
    )
    parser.add_argument(
        "--drawings-source",
        metavar="TEXT",
        help="where the drawings come from, for the report (default: the folder's name)",
    )


def evaluation_sets(arguments: argparse.Namespace) -> EvaluationSets:
    """Reads what to measure on from parsed flags.

    Raises:
        ValueError: The drawings' folder holds no labelled pictures.
    """
    folder: Path | None = arguments.drawings
    return EvaluationSets(
        data_dir=arguments.data_dir,
        drawings=labelled_image_paths(folder) if folder else [],
        drawings_source=arguments.drawings_source or (folder.name if folder else ""),
    )


def predict_ink(recognizer: DigitRecognizer, digits: LabelledInk) -> Predictions:
    """Runs the exported graph on drawings that are ink already."""
    ink = digits.ink.numpy()
    parts = [
        recognizer.run(ink[start : start + RUN_BATCH]).probabilities
        for start in range(0, len(ink), RUN_BATCH)
    ]
    return Predictions(np.concatenate(parts), digits.labels.numpy())


def predict_files(recognizer: DigitRecognizer, paths: list[tuple[Path, int]]) -> Predictions:
    """Runs `DigitRecognizer.predict` on picture files."""
    probabilities = [
        recognizer.predict(path).probabilities for path, _ in tqdm(paths, "drawings", unit="image")
    ]
    return Predictions(np.array(probabilities), np.array([label for _, label in paths]))


def evaluate(folder: Path, sets: EvaluationSets) -> None:
    """Measures the model in a folder and writes the figures and the report beside it.

    Args:
        folder: Holds `digits.onnx`, `digits.json` and `digits.pt`.
        sets: What to measure on.
    """
    recognizer = DigitRecognizer(folder / MODEL_NAME)
    description = read_description(folder)
    reject_confidence = description["thresholds"]["reject_confidence"]
    mnist_test = load_mnist(sets.data_dir, train=False)
    mnist_predictions = predict_ink(recognizer, mnist_test)
    measured = {"mnist_test": ("MNIST's test set", mnist_predictions)}
    if sets.drawings:
        drawings_predictions = predict_files(recognizer, sets.drawings)
        measured["drawings"] = (sets.drawings_source, drawings_predictions)
    for name, (data, predictions) in measured.items():
        summary = summarize(predictions, reject_confidence)
        description["metrics"][name] = {"data": data, **summary}
        print(f"{data}: {summary['accuracy']:.2%} of {summary['images']:,} right")  # noqa: T201
    write_description(folder, description)
    history = Checkpoint.load(folder).history
    write_report(folder, description, history, mnist_test, mnist_predictions)


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data_flag(parser)
    add_folder_flag(parser)
    add_evaluation_flags(parser)
    arguments = parser.parse_args()
    try:
        sets = evaluation_sets(arguments)
    except ValueError as error:
        parser.error(str(error))
    evaluate(arguments.output, sets)


if __name__ == "__main__":
    main()
