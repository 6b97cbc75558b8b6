"""Reads the same pictures of numbers with this recognizer and with other programs.

    pip install rapidocr                      # PP-OCRv6, its small recognizer of 21 MB comes along
    apt-get install tesseract-ocr
    python -m benchmarks.other_programs FOLDER …

Each folder has a `labels.csv` with the columns `path` and `label`, and perhaps a `kind`. Each
picture is one line of text, and the others are told so: PP-OCR's recognizer gets it as it is,
Tesseract may answer digits alone. The digits of what is read are compared with those of the label.
"""

import argparse
import importlib
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inference import DigitRecognizer, InferenceError
from training.evaluation.number_labels import read_labels
from training.evaluation.number_readings import digits_of

Reader = Callable[[Path], str]

TESSERACT_LINE = ["--psm", "7", "-c", "tessedit_char_whitelist=0123456789"]


def this_recognizer() -> Reader:
    """Reads with `read_number`; what it refuses counts as read with an empty text."""
    recognizer = DigitRecognizer()

    def read(path: Path) -> str:
        try:
            return recognizer.read_number(path).text
        except InferenceError:
            return ""

    return read


def ppocr() -> Reader:
    """Reads with the recognizer that RapidOCR ships."""
    # Not among the requirements: it brings OpenCV, and nothing else here needs it.
    engine: Any = importlib.import_module("rapidocr").RapidOCR()

    def read(path: Path) -> str:
        result = engine(path, use_det=False, use_cls=False, use_rec=True)
        return "".join(result.txts or ())

    return read


def tesseract() -> Reader:
    """Reads with the `tesseract` that is installed."""
    command = shutil.which("tesseract")
    if command is None:
        sys.exit("Tesseract is not installed: `apt-get install tesseract-ocr`")

    def read(path: Path) -> str:
        result = subprocess.run(  # noqa: S603
            [command, path, "-", *TESSERACT_LINE], capture_output=True, text=True, check=False
        )
        return result.stdout

    return read


PROGRAMS: dict[str, Callable[[], Reader]] = {
    "this recognizer": this_recognizer,
    "PP-OCR": ppocr,
    "Tesseract": tesseract,
}


def labelled(folder: Path) -> dict[str, list[tuple[Path, str]]]:
    """Pictures of one number and its digits, by the name of their set and kind."""
    sets: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for picture in read_labels(folder):
        if len(picture.numbers) == 1:
            name = ": ".join(filter(None, (folder.resolve().name, picture.kind)))
            sets[name].append((picture.path, digits_of(picture.numbers[0])))
    return sets


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Compare with other programs.")
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument(
        "--program",
        choices=PROGRAMS,
        action="append",
        help="one of them, may be repeated (default: all)",
    )
    arguments = parser.parse_args()
    readers = {name: PROGRAMS[name]() for name in arguments.program or PROGRAMS}
    sets = {name: some for folder in arguments.folders for name, some in labelled(folder).items()}
    print("| pictures | count | " + " | ".join(readers) + " |")  # noqa: T201
    print("|---" * (len(readers) + 2) + "|")  # noqa: T201
    for name, pictures in sets.items():
        right = Counter(
            program
            for path, label in pictures
            for program, read in readers.items()
            if digits_of(read(path)) == label
        )
        shares = " | ".join(f"{right[program] / len(pictures):.1%}" for program in readers)
        print(f"| {name} | {len(pictures):,} | {shares} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
