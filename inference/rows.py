"""Results as lines of text: a table to read, JSON lines, or CSV."""

import csv
import json
from collections.abc import Callable, Iterable
from typing import TextIO, TypeAlias

from .metadata import LABELS
from .number import Number
from .prediction import Prediction

Row: TypeAlias = Prediction | Number | str
"""What a row tells: a digit, a number, or why there is neither."""

Write: TypeAlias = Callable[[str, Row], object]
"""Writes a row: the name of an image, and what is told of it."""

_BOX = ("left", "top", "width", "height")


def table(file: TextIO, *, of_numbers: bool) -> Write:
    """Lines for people; what the model is unsure of has a question mark."""
    title, places = ("number", _BOX) if of_numbers else ("digit", ())

    def line(answer: str, confidence: str, places: Iterable[object], name: str) -> None:
        box = "".join(f"{place:>6}  " for place in places)
        file.write(f"{answer:>10}  {confidence:>10}  {box}{name}\n")

    def write(name: str, row: Row) -> None:
        if isinstance(row, str):
            line("none", "", [""] * len(places), name)
            return
        answer, is_sure = _answer(row)
        box = row.box.to_dict().values() if isinstance(row, Number) else ()
        line(answer if is_sure else f"{answer}?", f"{row.confidence:.1%}", box, name)

    line(title, "confidence", places, "image")
    return write


def json_lines(file: TextIO, *, of_numbers: bool) -> Write:  # noqa: ARG001 — they have to_dict both
    """One JSON object a line: the image's name with the result's `to_dict`, or with an `error`."""

    def write(name: str, row: Row) -> None:
        result = {"error": row} if isinstance(row, str) else row.to_dict()
        file.write(json.dumps({"image": name, **result}) + "\n")

    return write


def comma_separated(file: TextIO, *, of_numbers: bool) -> Write:
    """CSV with a header: of a digit all probabilities, p0 … p9, of a number its box."""
    title = "number" if of_numbers else "digit"
    details = _BOX if of_numbers else tuple(f"p{label}" for label in LABELS)
    rows = csv.writer(file, lineterminator="\n")

    def write(name: str, row: Row) -> None:
        if isinstance(row, str):
            rows.writerow([name, "", "", "", *[""] * len(details), row])
            return
        answer, is_sure = _answer(row)
        cells = row.box.to_dict().values() if isinstance(row, Number) else row.probabilities
        rows.writerow([name, answer, row.confidence, str(is_sure).lower(), *cells, ""])

    rows.writerow(["image", title, "confidence", "is_sure", *details, "error"])
    return write


def _answer(result: Prediction | Number) -> tuple[str, bool]:
    """What was read, and whether that is sure."""
    if isinstance(result, Number):
        return result.text, result.is_sure
    return str(result.digit), result.is_digit
