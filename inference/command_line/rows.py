"""Results as lines of text: a table to read, JSON lines, or CSV."""

import csv
import io
import json
import os
import unicodedata
from collections.abc import Callable, Iterable
from typing import TextIO, TypeAlias

from ..metadata import LABELS
from ..number import Number
from ..prediction import Prediction

Row: TypeAlias = Prediction | Number | str
"""What a row tells: a digit, a number, or why there is neither."""

Write: TypeAlias = Callable[[str, Row], object]
"""Writes a row: the name of an image, and what is told of it."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # of a cell that a spreadsheet would compute

RESULT_STARTS = (b'{"image": ', b"image,", b"     digit  confidence", b"    number  confidence")
"""What results begin with, in each format."""

_BOX = ("left", "top", "width", "height")


def printable(text: str) -> str:
    """A text whose control characters are written as escapes: a terminal would obey them."""
    return "".join(f"\\x{ord(c):02x}" if unicodedata.category(c) == "Cc" else c for c in text)


def table(file: TextIO, *, of_numbers: bool) -> Write:
    """Lines for people; what the model is unsure of has a question mark."""
    title, places = ("number", _BOX) if of_numbers else ("digit", ())

    def line(answer: str, confidence: str, places: Iterable[object], name: str) -> None:
        box = "".join(f"{place:>6}  " for place in places)
        file.write(f"{answer:>10}  {confidence:>10}  {box}{printable(name)}\n")

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
        # A name need not be Unicode; JSON is.
        image = os.fsencode(name).decode(errors="backslashreplace")
        file.write(json.dumps({"image": image, **result}) + "\n")

    return write


def comma_separated(file: TextIO, *, of_numbers: bool) -> Write:
    """CSV with a header: of a digit all probabilities, p0 … p9, of a number its box."""
    title = "number" if of_numbers else "digit"
    details = _BOX if of_numbers else tuple(f"p{label}" for label in LABELS)

    def write_cells(cells: Iterable[object]) -> None:
        line = io.StringIO()
        csv.writer(line).writerow(cells)  # With its own "\r\n" it quotes both of them.
        file.write(line.getvalue().removesuffix("\r\n") + "\n")

    def write(name: str, row: Row) -> None:
        name = f"'{name}" if name.startswith(_FORMULA_STARTS) else name
        if isinstance(row, str):
            write_cells([name, "", "", "", *[""] * len(details), row])
            return
        answer, is_sure = _answer(row)
        cells = row.box.to_dict().values() if isinstance(row, Number) else row.probabilities
        write_cells([name, answer, row.confidence, str(is_sure).lower(), *cells, ""])

    write_cells(["image", title, "confidence", "is_sure", *details, "error"])
    return write


def _answer(result: Prediction | Number) -> tuple[str, bool]:
    """What was read, and whether that is sure."""
    if isinstance(result, Number):
        return result.text, result.is_sure
    return str(result.digit), result.is_digit
