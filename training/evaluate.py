"""Measures the exported file, through the inference module, and writes the report.

    python -m training.evaluate
    python -m training.evaluate --drawings FOLDER --non-digits FOLDER

measures `digits.onnx` on MNIST's test set, on scrawls, on a folder of pictures laid out as
`<label>/<image>` and on a folder of pictures of anything but digits, adds the figures to
`digits.json` and writes `REPORT.md` and `MODEL_CARD.md` with their pictures.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from inference import BlankImageError, DigitRecognizer, InferenceError
from training.checkpoint import Checkpoint
from training.config import add_data_flag, add_folder_flag, command_line_parser, refusing, say
from training.data import LabelledInk, image_paths, labelled_image_paths, load_mnist, naming
from training.evaluation.metrics import Predictions, summarize, summarize_non_digits
from training.evaluation.robustness import IMAGE_COUNT, measure_robustness
from training.evaluation.scrawls import make_scrawls
from training.export import MODEL_NAME, read_description, write_description
from training.files import DamagedFileError
from training.report import write_report

RUN_BATCH_SIZE = 250
SCRAWL_COUNT = 250
"""Pictures of each kind of scrawl."""


@dataclass(frozen=True, slots=True)
class EvaluationSets:
    """What to measure on.

    Attributes:
        data_dir: The torchvision root with MNIST.
        drawings: Pictures with their digits; empty to leave them out.
        non_digits: Pictures that show no digit, measured against the drawings, or against MNIST's
            test set where there are none; empty to leave them out.
        source: Where drawings and non-digits come from, in words.
    """

    data_dir: Path
    drawings: list[tuple[Path, int]]
    non_digits: list[Path]
    source: str


def add_evaluation_flags(parser: argparse.ArgumentParser) -> None:
    """Adds `--drawings`, `--non-digits` and `--source`."""
    parser.add_argument(
        "--drawings",
        type=Path,
        metavar="FOLDER",
        help="also measure on pictures laid out as <label>/<image>",
    )
    parser.add_argument(
        "--non-digits",
        type=Path,
        metavar="FOLDER",
        help="also measure on the pictures below this folder, none of which shows a digit",
    )
    parser.add_argument(
        "--source",
        metavar="TEXT",
        default="a folder of one's own",
        help="where drawings and non-digits come from, for the report (default: %(default)s)",
    )


def evaluation_sets(arguments: argparse.Namespace) -> EvaluationSets:
    """Reads what to measure on from parsed flags.

    Raises:
        ValueError: A folder holds no pictures.
    """
    return EvaluationSets(
        data_dir=arguments.data_dir,
        drawings=labelled_image_paths(arguments.drawings) if arguments.drawings else [],
        non_digits=image_paths(arguments.non_digits) if arguments.non_digits else [],
        source=arguments.source,
    )


def predict_ink(recognizer: DigitRecognizer, digits: LabelledInk) -> Predictions:
    """Runs the exported graph on drawings that are ink already."""
    ink = digits.ink.numpy()
    parts = [
        recognizer.run(ink[start : start + RUN_BATCH_SIZE]).probabilities
        for start in range(0, len(ink), RUN_BATCH_SIZE)
    ]
    return Predictions(np.concatenate(parts), digits.labels.numpy())


def predict_files(recognizer: DigitRecognizer, paths: Sequence[Path]) -> NDArray[np.float64]:
    """Runs `DigitRecognizer.predict` on picture files.

    Returns:
        Probabilities, [count, 10].

    Raises:
        InvalidImageError: One of them is blank or cannot be read; the message names it.
    """
    probabilities: list[tuple[float, ...]] = []
    for path in tqdm(paths, "reading pictures", unit="picture"):
        with naming(path):
            probabilities.append(recognizer.predict(path).probabilities)
    return np.array(probabilities)


def refused_scrawls(recognizer: DigitRecognizer) -> dict[str, float]:
    """Share of each kind of scrawl that is not taken for a digit, or is seen to be blank."""

    def refuses(picture: NDArray[np.uint8]) -> bool:
        try:
            return not recognizer.predict(picture).is_digit
        except BlankImageError:
            return True

    return {
        kind: float(np.mean([refuses(picture) for picture in pictures]))
        for kind, pictures in tqdm(make_scrawls(SCRAWL_COUNT).items(), "scrawls", unit="kind")
    }


def evaluate(folder: Path, sets: EvaluationSets) -> None:
    """Measures the model in a folder and writes the figures and the report beside it.

    Args:
        folder: Holds `digits.onnx`, `digits.json` and `digits.pt`.
        sets: What to measure on.

    Raises:
        ModelError: The folder holds no model.
        OSError: The folder holds no weights, or they may not be read.
        DamagedFileError: They are damaged, or of another network.
        InvalidImageError: A picture is blank or cannot be read; the message names it.
    """
    recognizer = DigitRecognizer(folder / MODEL_NAME)
    history = Checkpoint.load(folder).history
    description = read_description(folder)
    reject_confidence = description["thresholds"]["reject_confidence"]
    mnist_test = load_mnist(sets.data_dir, train=False)
    measured = {"MNIST's test set": predict_ink(recognizer, mnist_test)}
    metrics = description["metrics"]
    metrics["mnist_test"] = {
        "data": "MNIST's test set",
        **summarize(measured["MNIST's test set"], reject_confidence),
    }
    if sets.drawings:
        paths, labels = zip(*sets.drawings, strict=True)
        drawings = Predictions(predict_files(recognizer, paths), np.array(labels))
        measured["pen drawings"] = drawings
        metrics["drawings"] = {
            "data": f"pen drawings: {sets.source}",
            **summarize(drawings, reject_confidence),
        }
    if sets.non_digits:
        confidence = predict_files(recognizer, sets.non_digits).max(axis=1)
        against, digits = list(measured.items())[-1]
        metrics["non_digits"] = {
            "data": f"no digits: {sets.source}",
            "against": against,
            **summarize_non_digits(confidence, digits.confidence, reject_confidence),
        }
    metrics["scrawls"] = {
        "data": "marks without a meaning, drawn by a program",
        "images_of_each_kind": SCRAWL_COUNT,
        "refused": refused_scrawls(recognizer),
    }
    metrics["robustness"] = {
        "data": f"MNIST's first {IMAGE_COUNT:,} test images, corrupted",
        "accuracies": measure_robustness(recognizer, mnist_test),
    }
    write_description(folder, description)
    write_report(folder, description, history, mnist_test, measured)
    print(json.dumps(metrics, indent=2))  # noqa: T201


def main() -> None:
    """Runs the command line."""
    parser = command_line_parser(__doc__)
    add_data_flag(parser)
    add_folder_flag(parser)
    add_evaluation_flags(parser)
    arguments = parser.parse_args()
    with refusing(parser):
        sets = evaluation_sets(arguments)
    try:
        evaluate(arguments.output, sets)
    except (InferenceError, OSError, DamagedFileError) as error:
        parser.error(str(error))
    say(f"wrote REPORT.md, MODEL_CARD.md and their pictures to {arguments.output}; read them first")


if __name__ == "__main__":
    main()
