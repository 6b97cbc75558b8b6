"""Frames around what was found, on the canvas and on pictures."""

import html
import io

from inference import DetectedDigit
from page.pictures import data_url
from page.reading import Reading
from page.words import doubtful_digits

CORRECTED = "✎"

INVITATION = (
    '<p class="invitation"><b>Draw a digit or a number here</b>with the mouse, a finger or a pen.'
    " Every stroke is read at once.</p>"
)


def canvas_marks_html(reading: Reading | None, stroke_count: int) -> str:
    """Frame what was found on the canvas, however it is scaled; on an empty one, invite to draw."""
    marks = "" if reading is None else marks_html(reading)
    # The count tells which drawing is framed: while strokes are added, the answer lags behind.
    return (
        f'<div class="marks" data-stroke-count="{stroke_count}">'
        f"{marks if stroke_count else INVITATION}</div>"
    )


def photo_html(reading: Reading) -> str:
    """Show a picture with frames around what was found."""
    picture = io.BytesIO()
    reading.picture.save(picture, "JPEG", quality=85)
    url, name = data_url(picture.getvalue(), "image/jpeg"), html.escape(reading.name)
    return (
        f'<figure class="photo"><img src="{url}" alt="{name}">'
        f'<div class="marks">{marks_html(reading)}</div></figure>'
    )


def marks_html(reading: Reading) -> str:
    """Write the frames, in percent of the picture's width and height."""
    return "".join(mark_html(mark, reading) for mark in reading.marks)


def mark_html(mark: DetectedDigit, reading: Reading) -> str:
    """Write one frame with what it holds."""
    width, height = reading.picture.size
    box = mark.box
    classes = ["mark", mark_kind(mark, reading)]
    if box.top < height / 10:
        classes.append("low")  # There is no room above it.
    place = (
        f"left: {box.left / width:.2%}; top: {box.top / height:.2%};"
        f" width: {box.width / width:.2%}; height: {box.height / height:.2%}"
    )
    name = mark_name(mark, reading)
    return f'<div class="{" ".join(classes)}" style="{place}"><span>{name}</span></div>'


def mark_kind(mark: DetectedDigit, reading: Reading) -> str:
    """Tell the kinds of marks apart."""
    if mark in reading.corrected:
        return "corrected"
    if mark in reading.rejected:
        return "rejected"
    return "unsure" if is_doubtful(mark, reading) else "sure"


def mark_name(mark: DetectedDigit, reading: Reading) -> str:
    """Name a mark in one or two characters: its digit, and a sign for what the colour says."""
    name = "✕" if mark in reading.rejected else str(mark.prediction.digit)
    sign = {"corrected": f" {CORRECTED}", "unsure": "?"}.get(mark_kind(mark, reading), "")
    return name + sign


def is_doubtful(mark: DetectedDigit, reading: Reading) -> bool:
    """Whether a digit makes its number unsure."""
    return any(mark in doubtful_digits(number) for number in reading.numbers)
