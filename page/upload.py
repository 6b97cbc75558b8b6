"""The tab to upload pictures in."""

import itertools
from typing import TYPE_CHECKING

import streamlit as st
from starlette.exceptions import HTTPException
from streamlit.runtime import get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from inference import DigitRecognizer
from page.answer import show_answer
from page.correct import show_corrections
from page.frames import photo_html
from page.reading import MAX_FILES, Reading, read_file
from page.results import results_csv, results_html

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFileRec

UPLOAD_TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "pdf"]
MAX_HELD_BYTES = 200_000_000  # of one visitor's uploads


@st.cache_resource(show_spinner=False)
def limit_uploads() -> None:
    """Refuse what a visitor uploads beyond `MAX_HELD_BYTES`: Streamlit would hold all of it."""
    manager = get_instance().uploaded_file_mgr
    if not isinstance(manager, MemoryUploadedFileManager):  # Nothing is uploaded to it.
        return
    add_file = manager.add_file

    def add_if_there_is_room(session_id: str, file: "UploadedFileRec") -> None:
        held = manager.file_storage.get(session_id, {}).values()
        if sum(len(other.data) for other in held) + len(file.data) > MAX_HELD_BYTES:
            raise HTTPException(413, "There are too many large files; remove some.")
        add_file(session_id, file)

    manager.add_file = add_if_there_is_room


@st.fragment
def show_uploads(recognizer: DigitRecognizer) -> None:
    """Take picture files and read each."""
    files = st.file_uploader(
        "Pictures of numbers, dark on light or light on dark",
        type=UPLOAD_TYPES,
        accept_multiple_files=True,
    )
    if not files:
        return
    if len(files) > MAX_FILES:
        st.warning(
            f"Only the first {MAX_FILES} pictures are read. Remove them to read the others.",
            icon=":material/filter_list:",
        )
    with st.spinner("Reading…"):
        pages = (page for file in files[:MAX_FILES] for page in read_file(recognizer, file))
        results = list(itertools.islice(pages, MAX_FILES))
    st.html(results_html(results))
    st.download_button(
        "Download as CSV",
        results_csv(results),
        "numbers.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    readings = [result for result in results if isinstance(result, Reading)]
    if not readings:
        return
    index = 0
    if len(readings) > 1:
        index = st.selectbox(
            "Look closer at",
            range(len(readings)),
            # With its place: Streamlit tells options apart by their labels alone.
            format_func=lambda index: f"{index + 1}. {readings[index].name}",  # pyright: ignore[reportUnknownMemberType]
        )
    st.html(photo_html(readings[index]))
    show_answer(recognizer, readings[index], "upload")
    show_corrections("upload")
