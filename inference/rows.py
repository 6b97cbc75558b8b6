"""Results as lines of text: a table to read, JSON lines, or CSV."""

import csv
import json
from collections.abc import Callable
from typing import TextIO, TypeAlias

from .metadata import LABELS
from .number import Number
from .prediction import Prediction

Result: TypeAlias = Prediction | Number
Write: TypeAlias = Callable[[str, Result], object]
"""Writes the name of an image and what was recognized on it."""


def table(file: TextIO, result_kind: type[Result]) -> Write:
    """Lines for people; what the model is unsure of has a question mark."""

    def write(name: str, result: Result) -> None:
        answer = (_text(result) or "none") + ("" if _is_sure(result) else "?")
        file.write(f"{answer:>10}  {result.confidence:10.1%}  {name}\n")

    title = "number" if result_kind is Number else "digit"
    file.write(f"{title:>10}  confidence  image\n")
    return write


def json_lines(file: TextIO, _result_kind: type[Result]) -> Write:
    """One JSON object a line: the `to_dict` of the result, and the image's name."""

    def write(name: str, result: Result) -> None:
        file.write(json.dumps({"image": name, **result.to_dict()}) + "\n")

    return write


def comma_separated(file: TextIO, result_kind: type[Result]) -> Write:
    """CSV with a header; of a digit with all probabilities, p0 … p9."""
    rows = csv.writer(file, lineterminator="\n")

    def write(name: str, result: Result) -> None:
        probabilities = result.probabilities if isinstance(result, Prediction) else ()
        sure = str(_is_sure(result)).lower()
        rows.writerow([name, _text(result), result.confidence, sure, *probabilities])

    title = "number" if result_kind is Number else "digit"
    probabilities = [] if result_kind is Number else [f"p{label}" for label in LABELS]
    rows.writerow(["image", title, "confidence", "is_sure", *probabilities])
    return write


def _text(result: Result) -> str:
    return result.text if isinstance(result, Number) else str(result.digit)


def _is_sure(result: Result) -> bool:
    if isinstance(result, Prediction):
        return result.is_digit
    return bool(result.digits) and all(digit.prediction.is_digit for digit in result.digits)
