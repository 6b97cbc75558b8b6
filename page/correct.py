"""Corrects what was read wrong, with one click, and lists what was corrected in this visit."""

import html

import streamlit as st

from inference import DetectedDigit, Number
from inference.number.metadata import CHARACTERS, SEPARATORS
from page.corrections import (
    NO_DIGIT,
    Correction,
    crop,
    cut_out,
    digit_key,
    digits_zip,
    number_key,
    visit_corrections,
)
from page.pictures import data_url, png, thumbnail
from page.reading import Reading

LONGEST_NUMBER = 40  # characters


def show_digit_correction(reading: Reading, mark: DetectedDigit, key: str) -> None:
    """Let a digit be corrected with one click; the same click takes it back."""
    correction = digit_key(reading, mark)
    widget = f"{key}-correct-{correction}"
    so_far = visit_corrections().get(correction)
    # What is taken back elsewhere is taken back here.
    st.session_state[widget] = so_far.label if so_far else None
    st.pills(
        "Wrong? Click what it is.",
        [*map(str, range(10)), NO_DIGIT],
        key=widget,
        on_change=correct_digit,
        args=[reading, mark, widget],
    )


def correct_digit(reading: Reading, mark: DetectedDigit, widget: str) -> None:
    """Keep what was clicked."""
    read = NO_DIGIT if mark in reading.rejected else str(mark.prediction.digit)
    picture = png(cut_out(reading, mark))
    keep(
        digit_key(reading, mark),
        Correction(picture, read, st.session_state[widget] or "", reading.name, is_number=False),
    )


def show_number_correction(reading: Reading, number: Number, key: str) -> None:
    """Let the whole number be written; it is how a digit that was not found is added."""
    correction = number_key(reading, number)
    widget = f"{key}-write-{correction}"
    so_far = visit_corrections().get(correction)
    st.session_state[widget] = so_far.label if so_far else ""
    st.text_input(
        "Is a digit missing? Write the whole number.",
        placeholder=number.text,
        key=widget,
        on_change=correct_number,
        args=[reading, number, widget],
    )
    # Not where it is refused: what a callback shows takes the place of the page's style.
    if st.session_state.pop("is_refused", False):
        st.toast(
            f"A number has up to {LONGEST_NUMBER} digits and {' '.join(SEPARATORS)}, nothing else.",
            icon=":material/edit:",
        )


def correct_number(reading: Reading, number: Number, widget: str) -> None:
    """Keep what was written."""
    text = "".join(st.session_state[widget].split())
    if len(text) > LONGEST_NUMBER or not set(text) <= set(CHARACTERS):
        st.session_state.is_refused = True
        return
    picture = thumbnail(crop(reading, number.box))
    keep(
        number_key(reading, number),
        Correction(picture, number.text, text, reading.name, is_number=True),
    )


def keep(key: str, correction: Correction) -> None:
    """Keep a correction; one that says nothing takes back what was said before."""
    if correction.label:
        visit_corrections()[key] = correction
    else:
        take_back(key)


def show_corrections(key: str) -> None:
    """List what was corrected, each with a way back, and offer the digits for download."""
    corrections = visit_corrections()
    if not corrections:
        return
    digits = sum(not correction.is_number for correction in corrections.values())
    counts = [counted(digits, "digit"), counted(len(corrections) - digits, "number")]
    with st.container(border=True, key=f"{key}-corrections"):
        st.markdown(f"**{' and '.join(filter(None, counts))} corrected.**")
        for index, (name, correction) in enumerate(corrections.items()):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.html(correction_html(correction), width="stretch")
                st.button(
                    "Take back",
                    key=f"{key}-take-back-{index}",
                    type="tertiary",
                    icon=":material/undo:",
                    on_click=take_back,
                    args=[name],
                )
        archive = digits_zip(corrections)
        if archive is None:
            return
        st.markdown(
            "Nothing is kept on the server: download the digits before you leave. To teach a model"
            " your handwriting, unpack the zip into a folder and run"
            " `python -m training.train --extra FOLDER --output mine`."
        )
        st.download_button(
            "Download as zip",
            archive,
            "corrected.zip",
            "application/zip",
            icon=":material/download:",
            key=f"{key}-zip",
            on_click="ignore",
        )


def take_back(key: str) -> None:
    """Forget a correction."""
    visit_corrections().pop(key, None)


def counted(count: int, noun: str) -> str:
    """Write how many there are; nothing if there are none."""
    return f"{count} {noun}{'' if count == 1 else 's'}" if count else ""


def correction_html(correction: Correction) -> str:
    """Show what was corrected: the picture, what was read and what it is."""
    picture = data_url(correction.picture, "image/png")
    read, label = html.escape(correction.read) or NO_DIGIT, html.escape(correction.label)
    change = f"{label}, as it was read" if read == label else f"{read} → <b>{label}</b>"
    return (
        f'<div class="correction"><img src="{picture}" alt="">'
        f"<span>{change}<small>{html.escape(correction.source)}</small></span></div>"
    )
