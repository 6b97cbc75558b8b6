"""Results as lines of text: a table to read, JSON lines, or CSV."""

import csv
import io
import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TextIO, TypeAlias

from ..metadata import LABELS
from ..number import Number
from ..prediction import Prediction

Row: TypeAlias = Prediction | Number | str
"""What a row tells: a digit, a number, or why there is neither."""

Write: TypeAlias = Callable[[str, Row], object]
"""Writes a row: the name of an image, and what is told of it."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # of a cell that a spreadsheet would compute

RESULT_STARTS = (
    b'{"image": ',
    b"image,",
    b"     digit  confidence",
    b"      text  confidence",
    b"    number  confidence",  # up to 0.3.0
)
"""What results begin with, in each format."""

# One thing has one name in all that is written: that of the attribute.
_BOX = ("left", "top", "width", "height")
_PROBABILITIES = tuple(f"p{label}" for label in LABELS)
DIGIT_COLUMNS = ("image", "digit", "confidence", "is_digit", *_PROBABILITIES, "error")
NUMBER_COLUMNS = ("image", "text", "confidence", "is_sure", *_BOX, "error")
"""The columns of CSV."""


def printable(text: str) -> str:
    """A text whose control characters are written as escapes: a terminal would obey them."""
    return "".join(f"\\x{ord(c):02x}" if unicodedata.category(c) == "Cc" else c for c in text)


def table(file: TextIO, *, of_numbers: bool) -> Write:
    """Lines for people; what the model is unsure of has a question mark."""
    title, places = ("text", _BOX) if of_numbers else ("digit", ())

    def line(answer: str, confidence: str, places: Iterable[object], name: str) -> None:
        box = "".join(f"{place:>6}  " for place in places)
        file.write(f"{answer:>10}  {confidence:>10}  {box}{printable(name)}\n")

    def write(name: str, row: Row) -> None:
        if isinstance(row, str):
            line("none", "", [""] * len(places), name)
            return
        if isinstance(row, Number):
            answer, is_sure, box = row.text, row.is_sure, row.box.to_dict().values()
        else:
            answer, is_sure, box = str(row.digit), row.is_digit, ()
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
    write_cells = csv_rows(file, NUMBER_COLUMNS if of_numbers else DIGIT_COLUMNS)
    return lambda name, row: write_cells(csv_cells(name, row))


def csv_rows(file: TextIO, columns: Sequence[str]) -> Callable[[Mapping[str, object]], None]:
    """Writes the header, and gives what writes a row; a cell that it is not given is empty."""

    def write(cells: Mapping[str, object]) -> None:
        line = io.StringIO()
        values = (cells.get(column, "") for column in columns)
        # With its own "\r\n" it quotes both of them.
        csv.writer(line).writerow(str(v).lower() if isinstance(v, bool) else v for v in values)
        file.write(line.getvalue().removesuffix("\r\n") + "\n")

    write({column: column for column in columns})
    return write


def csv_cells(name: str, row: Row) -> dict[str, object]:
    """The cells of a row by their columns; what belongs to none of them is there, too."""
    image = f"'{name}" if name.startswith(_FORMULA_STARTS) else name
    if isinstance(row, str):
        return {"image": image, "error": row}
    if isinstance(row, Number):
        return {"image": image, **row.to_dict(), **row.box.to_dict()}
    said = row.to_dict()
    return {"image": image, **said, **dict(zip(_PROBABILITIES, said["probabilities"], strict=True))}
