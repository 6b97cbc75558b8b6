"""Frames around what was found, on the canvas and on pictures."""

import html
import io

from inference import Located
from page.canvas import CANVAS_HEIGHT_PX
from page.pictures import data_url
from page.reading import Failure, Reading


def canvas_marks_html(reading: Reading | Failure | None, canvas_width_px: int) -> str:
    """Frame what was found on the canvas, however it is scaled."""
    ratio = f"{canvas_width_px} / {CANVAS_HEIGHT_PX}"
    frames = marks_html(reading) if isinstance(reading, Reading) else ""
    return (
        f"<style>.st-key-paper {{ --canvas-ratio: {ratio}; }}</style>"
        f'<div class="marks" style="width: min(100%, {canvas_width_px}px); aspect-ratio: {ratio}">'
        f"{frames}</div>"
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


def mark_html(mark: Located, reading: Reading) -> str:
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


def mark_kind(mark: Located, reading: Reading) -> str:
    """Tell the three kinds of marks apart."""
    if mark in reading.left_out:
        return "left-out"
    return "sure" if mark.prediction.is_digit else "unsure"


def mark_name(mark: Located, reading: Reading) -> str:
    """Name a mark in one or two characters: its digit, the unsure ones with a question mark."""
    if mark in reading.left_out:
        return "✕"
    return f"{mark.prediction.digit}{'' if mark.prediction.is_digit else ' ?'}"
