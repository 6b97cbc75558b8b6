"""Corrections: a wrong digit is put right with one click, and all of them can be downloaded."""

import hashlib
import io
import zipfile
from collections.abc import Mapping

import numpy as np
import streamlit as st
from PIL import Image

from inference import Box, Located
from page.pictures import png
from page.reading import Reading

CROP_MARGIN = 0.15  # of a digit's longer side


def show_correction(reading: Reading, mark: Located, key: str) -> None:
    """Let a digit be corrected with one click; the same click takes it back."""
    corrections: dict[bytes, int] = st.session_state.setdefault("corrections", {})
    picture = png(cut_out(reading, mark))
    label = st.pills(
        "Wrong? Click the right digit.",
        range(10),
        default=corrections.get(picture),
        key=f"{key}-correct-{hashlib.sha256(picture).hexdigest()}",
    )
    if label is None:
        corrections.pop(picture, None)
    else:
        corrections[picture] = label


def show_corrections(key: str) -> None:
    """Offer what was corrected for download."""
    corrections: dict[bytes, int] = st.session_state.get("corrections", {})
    if not corrections:
        return
    count = len(corrections)
    with st.container(border=True):
        st.markdown(
            f"**{count} {'digit' if count == 1 else 'digits'} corrected.** Nothing is kept on the"
            " server: download them before you leave. To teach a model your hand, unpack the zip"
            " into a folder and run `python -m training.train --extra FOLDER --output mine`."
        )
        st.download_button(
            "Download as zip",
            corrections_zip(corrections),
            "corrected.zip",
            "application/zip",
            icon=":material/download:",
            key=f"{key}-zip",
            on_click="ignore",
        )


def cut_out(reading: Reading, mark: Located) -> Image.Image:
    """Cut a digit out of the picture, with some paper around it.

    Where a neighbour would be cut as well, what the model saw of it alone is taken.
    """
    box = mark.box
    margin = round(CROP_MARGIN * max(box.width, box.height))
    left, top = max(0, box.left - margin), max(0, box.top - margin)
    right = min(reading.picture.width, box.left + box.width + margin)
    bottom = min(reading.picture.height, box.top + box.height + margin)
    crop = Box(left, top, right - left, bottom - top)
    if any(other is not mark and overlap(crop, other.box) for other in reading.marks):
        return Image.fromarray((255 - 255 * mark.prediction.normalized).astype(np.uint8))
    return reading.picture.crop((left, top, right, bottom))


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share a pixel."""
    return (
        one.left < other.left + other.width
        and other.left < one.left + one.width
        and one.top < other.top + other.height
        and other.top < one.top + one.height
    )


def corrections_zip(corrections: Mapping[bytes, int]) -> bytes:
    """Pack corrected digits, PNG → label, as `<label>/<image>.png`.

    An image's name comes from its content, so that folders of several visits can be merged.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for picture, label in corrections.items():
            archive.writestr(f"{label}/{hashlib.sha256(picture).hexdigest()[:16]}.png", picture)
    return file.getvalue()
