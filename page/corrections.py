"""What a visitor says about what was read wrong; it lives as long as the visit."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from PIL import Image

from inference import Box, DetectedDigit, Number
from page.reading import Reading
from page.words import number_cells

NO_DIGIT = "no digit"
CROP_MARGIN = 0.15  # of a digit's longer side


@dataclass(frozen=True)
class Correction:
    """What a visitor says about one digit or one number.

    Attributes:
        picture: A PNG of it.
        read: What was read.
        label: What it is: a digit, `NO_DIGIT`, or the text of a whole number.
        source: The name of the picture that it is on.
        is_number: Whether it is about a whole number.
    """

    picture: bytes
    read: str
    label: str
    source: str
    is_number: bool


def visit_corrections() -> dict[str, Correction]:
    """Give this visit's corrections by `digit_key` and `number_key`, to be changed in place."""
    return st.session_state.setdefault("corrections", {})


def corrected(reading: Reading) -> Reading:
    """Apply this visit's corrections; boxes and the numbers' places stay."""
    corrections = visit_corrections()
    if not corrections:
        return reading
    numbers: list[Number] = []
    changed: list[DetectedDigit | Number] = []
    for number in reading.numbers:
        new, changed_marks = corrected_digits(reading, number, corrections)
        typed = corrections.get(number_key(reading, number))
        if typed:
            new = replace(new, text=typed.label, is_sure=True)
        if typed or changed_marks:
            changed += [new, *changed_marks]
        numbers.append(new)
    return replace(reading, numbers=numbers, corrected=changed)


def corrected_digits(
    reading: Reading, number: Number, corrections: Mapping[str, Correction]
) -> tuple[Number, list[DetectedDigit]]:
    """Apply the corrections of a number's digits; gives the changed ones, too."""
    cells, rejected = number_cells(number), list(number.rejected)
    changed: list[DetectedDigit] = []
    for mark in (*number.digits, *number.rejected):
        correction = corrections.get(digit_key(reading, mark))
        if correction is None:
            continue
        places = [i for i, (_, digit) in enumerate(cells) if digit == mark]
        later = [
            i for i, (_, digit) in enumerate(cells) if digit and digit.box.left > mark.box.left
        ]
        place = (places or later or [len(cells)])[0]
        if correction.label == NO_DIGIT:
            new, cell = mark, []
            rejected += [mark] if places else []
        else:
            prediction = replace(mark.prediction, digit=int(correction.label), is_digit=True)
            new = replace(mark, prediction=prediction)
            cell = [(correction.label, new)]
            rejected = [other for other in rejected if other != mark]
        cells[place : place + len(places)] = cell
        changed.append(new)
    if not changed:
        return number, []
    digits = tuple(digit for _, digit in cells if digit)
    corrected_number = replace(
        number,
        text="".join(character for character, _ in cells) if digits else "",
        digits=digits,
        rejected=tuple(rejected),
        is_sure=bool(digits) and all(digit.prediction.is_digit for digit in digits),
    )
    return corrected_number, changed


def digit_key(reading: Reading, mark: DetectedDigit) -> str:
    """Tell digits apart by what they look like: the same drawing has the same key again."""
    return hashlib.sha256(cut_out(reading, mark).tobytes()).hexdigest()


def number_key(reading: Reading, number: Number) -> str:
    """Tell numbers apart likewise."""
    return hashlib.sha256(b"number" + crop(reading, number.box).tobytes()).hexdigest()


def cut_out(reading: Reading, mark: DetectedDigit) -> Image.Image:
    """Cut a digit out of the picture, with some paper around it.

    Where a neighbour would be cut as well, what the model saw of it alone is taken.
    """
    box = mark.box
    margin = round(CROP_MARGIN * max(box.width, box.height))
    left, top = max(0, box.left - margin), max(0, box.top - margin)
    right = min(reading.picture.width, box.left + box.width + margin)
    bottom = min(reading.picture.height, box.top + box.height + margin)
    around = Box(left, top, right - left, bottom - top)
    if any(other is not mark and overlap(around, other.box) for other in reading.marks):
        return Image.fromarray((255 - 255 * mark.prediction.normalized).astype(np.uint8))
    return crop(reading, around)


def crop(reading: Reading, box: Box) -> Image.Image:
    """Cut a box out of the picture."""
    return reading.picture.crop((box.left, box.top, box.left + box.width, box.top + box.height))


def overlap(box: Box, other: Box) -> bool:
    """Whether two boxes share a pixel."""
    return (
        box.left < other.left + other.width
        and other.left < box.left + box.width
        and box.top < other.top + other.height
        and other.top < box.top + box.height
    )


def digits_zip(corrections: Mapping[str, Correction]) -> bytes | None:
    """Pack the corrected digits as `<label>/<image>.png`; None if there are none.

    An image's name comes from its content, so that folders of several visits can be merged.
    """
    digits = [
        correction
        for correction in corrections.values()
        if not correction.is_number and correction.label != NO_DIGIT
    ]
    if not digits:
        return None
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for correction in digits:
            name = hashlib.sha256(correction.picture).hexdigest()[:16]
            archive.writestr(f"{correction.label}/{name}.png", correction.picture)
    return file.getvalue()
