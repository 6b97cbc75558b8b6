"""The tab to upload pictures in."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st
from starlette.exceptions import HTTPException
from streamlit.runtime import get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from inference import DigitRecognizer
from page.answer import show_answer
from page.correct import show_corrections
from page.corrections import corrected
from page.frames import photo_html
from page.layout import lay_out
from page.reading import MAX_FILES, Reading, read_file
from page.results import results_csv, results_html

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFileRec

MAX_HELD_BYTES, MAX_HELD_BYTES_OF_ALL = 200_000_000, 500_000_000
"""Of one visitor's uploads, and of those of all visitors together."""


@st.cache_resource(show_spinner=False)
def limit_uploads() -> None:
    """Refuse what is uploaded beyond these limits: Streamlit would hold all of it."""
    manager = get_instance().uploaded_file_mgr
    if not isinstance(manager, MemoryUploadedFileManager):  # Nothing is uploaded to it.
        return
    add_file = manager.add_file

    def held_bytes(session_id: str) -> int:
        files = manager.file_storage.get(session_id, {})
        return sum(len(file.data) for file in list(files.values()))

    def add_if_there_is_room(session_id: str, file: "UploadedFileRec") -> None:
        if held_bytes(session_id) + len(file.data) > MAX_HELD_BYTES:
            raise HTTPException(413, "There are too many large files; remove some.")
        # A list: visitors come and go meanwhile.
        of_all = sum(held_bytes(session) for session in list(manager.file_storage))
        if of_all + len(file.data) > MAX_HELD_BYTES_OF_ALL:
            raise HTTPException(503, "All visitors' files are too many for now; try again later.")
        add_file(session_id, file)

    manager.add_file = add_if_there_is_room


@st.fragment
def show_uploads(recognizer: DigitRecognizer) -> None:
    """Take picture files and read each."""
    picture, answer, rest = lay_out("upload")
    with picture:
        # Of any kind: the module says what is wrong with a file.
        files = st.file_uploader(
            "Photographs, scans or PDFs of numbers. Nothing is kept on the server.",
            accept_multiple_files=True,
            key=f"uploads-{st.session_state.setdefault('uploads', 0)}",
        )
        if not files:
            return
        if len(files) > 1:
            st.button("Remove all", icon=":material/delete:", type="tertiary", on_click=remove_all)
        with st.spinner("Reading…"):
            pages = (page for file in files for page in read_file(recognizer, file))
            results = list(itertools.islice(pages, MAX_FILES + 1))
        if len(results) > MAX_FILES:
            results.pop()
            st.warning(
                f"Only the first {MAX_FILES} pictures are read. Remove them to read the others.",
                icon=":material/filter_list:",
            )
    readings = [result for result in results if isinstance(result, Reading)]
    shown = [corrected(result) if isinstance(result, Reading) else result for result in results]
    shown_readings = [result for result in shown if isinstance(result, Reading)]
    is_single = len(results) == len(readings) == 1
    with picture:
        if not is_single:  # A single picture is shown once, with its frames.
            st.html(results_html(shown))
    if not readings:
        return
    with picture if is_single else answer:
        index = choose_reading(readings)
        st.html(photo_html(shown_readings[index]))
    with answer:
        show_answer(recognizer, readings[index], shown_readings[index], "upload")
    with rest:
        st.download_button(
            "Download as CSV",
            results_csv(shown),
            "numbers.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        show_corrections("upload")


def choose_reading(readings: Sequence[Reading]) -> int:
    """Let one of several pictures be chosen; gives its index."""
    if len(readings) == 1:
        return 0
    return st.selectbox(
        "Look closer at",
        range(len(readings)),
        # With its place: Streamlit tells options apart by their labels alone.
        format_func=lambda index: f"{index + 1}. {readings[index].name}",  # pyright: ignore[reportUnknownMemberType]
    )


def remove_all() -> None:
    """Give all files back: another uploader is an empty one."""
    st.session_state.uploads += 1
