"""The tab to upload pictures in."""

import io
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from starlette.exceptions import HTTPException
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from inference import (
    DigitRecognizer,
    InferenceError,
    InvalidImageError,
    Number,
    visible_image,
)
from inference.image.decoding import SHARED_MAX_PIXELS
from page.reading import MAX_FILES
from page.upload import MAX_HELD_BYTES, MAX_HELD_BYTES_OF_ALL, limit_uploads
from tests.drawings import render_number
from tests.inference.image.hostile import with_damaged_tags
from tests.inference.test_imports import run_python
from tests.page.opened import (
    THREE,
    YEAR,
    answers,
    as_text,
    file_content,
    html_elements,
    table,
    upload,
)


def test_an_uploaded_picture_is_shown_with_frames_around_its_digits() -> None:
    page = upload(("year.png", file_content(render_number(YEAR))))

    photo = next(body for body in html_elements(page) if "<figure" in body)
    assert 'alt="year.png"' in photo
    assert as_text(photo) == "1 | 9 | 8 | 4"


def test_of_several_uploads_one_is_looked_at_closer() -> None:
    picture = file_content(THREE.render())
    page = upload(("first.png", picture), ("second.png", picture))

    page.selectbox[0].set_value(1).run()

    assert len(answers(page)) == 1
    assert 'alt="second.png"' in next(body for body in html_elements(page) if "<figure" in body)


def test_uploads_of_one_name_are_told_apart() -> None:
    page = upload(
        ("image.jpg", file_content(THREE.render())),
        ("image.jpg", file_content(render_number(YEAR))),
    )

    looked_at: list[str] = []
    for index in (1, 0):
        page.selectbox[0].set_value(index).run()
        looked_at.append(answers(page)[0])

    assert looked_at[0].startswith("1 | ")
    assert looked_at[1].startswith("3 | ")


def test_each_page_of_a_document_is_one_picture() -> None:
    document = file_content(
        THREE.render(), "PDF", save_all=True, append_images=[render_number([THREE] * 2)]
    )
    page = upload(("scan.pdf", document))

    rows = table(page)
    assert [row.split(" | ")[:2] for row in rows] == [["scan.pdf#1", "3"], ["scan.pdf#2", "33"]]


def test_of_many_pages_so_many_are_read_as_of_many_files() -> None:
    threes = [THREE.render(60, 5) for _ in range(MAX_FILES)]
    document = file_content(THREE.render(), "TIFF", save_all=True, append_images=threes)
    page = upload(("scan.tiff", document), ("scan.tiff", document))

    assert len(table(page)) == MAX_FILES
    assert page.warning[0].value.startswith(f"Only the first {MAX_FILES} pictures are read.")


def test_the_pages_before_one_that_cannot_be_read_are_kept() -> None:
    document = file_content(
        THREE.render(), "TIFF", save_all=True, append_images=[render_number(YEAR)]
    )
    page = upload(("scan.tiff", document[:-200]))

    rows = table(page)
    assert rows[0].startswith("scan.tiff#1 | 3")
    assert rows[1].startswith("⚠ | scan.tiff | ")


@pytest.mark.parametrize(
    "content",
    [
        b"three",
        b"",
        file_content(THREE.render())[:500],
        file_content(Image.new("1", (5_000, 5_001), 1)),
    ],
    ids=["text", "empty", "truncated", "large"],
)
def test_an_unreadable_file_is_refused_in_the_words_of_the_module(content: bytes) -> None:
    file = io.BytesIO(content)
    file.name = "three.png"
    with pytest.raises(InvalidImageError) as refused:
        visible_image(file, SHARED_MAX_PIXELS)

    page = upload(("three.png", content))

    words = str(refused.value)
    assert table(page) == [f"⚠ | three.png | {words[0].upper()}{words[1:]}."]
    assert answers(page) == []


def test_a_file_that_cannot_be_read_offers_no_csv() -> None:
    assert not upload(("notes.png", b"three")).download_button
    page = upload(("notes.png", b"three"), ("three.png", file_content(THREE.render())))
    assert [button.label for button in page.download_button] == ["Download as CSV"]


def test_a_single_picture_is_shown_once() -> None:
    page = upload(("three.png", file_content(THREE.render())))

    assert sum(body.count('alt="three.png"') for body in html_elements(page)) == 1


def test_all_files_can_be_removed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("page.upload.MAX_FILES", 2)
    page = upload(*((f"{index}.png", b"") for index in range(3)))

    next(button for button in page.button if button.label == "Remove all").click().run()

    assert page.file_uploader[0].value == []
    assert not page.warning


def test_a_picture_without_a_number_is_named_and_called_so() -> None:
    page = upload(("paper.png", file_content(Image.new("L", (100, 100), 255))))

    assert table(page) == ["⚠ | paper.png | No number is found on it; write larger or darker."]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no priority for a thread")
def test_reading_uploads_yields_to_those_who_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    niceness: list[int] = []

    def remember(*_: object) -> list[Number]:
        niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return []

    monkeypatch.setattr(DigitRecognizer, "read_numbers", remember)

    upload(("three.png", file_content(THREE.render())))

    assert niceness == [min(os.getpriority(os.PRIO_PROCESS, os.getpid()) + 10, 19)]


def test_a_picture_that_the_runtime_fails_on_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[Number]:
        raise InferenceError("no memory")

    monkeypatch.setattr(DigitRecognizer, "read_numbers", fail)

    page = upload(("three.png", file_content(THREE.render())))

    assert table(page) == ["⚠ | three.png | It could not be processed; a smaller picture may work."]


def test_a_broken_file_does_not_keep_others_from_their_answer() -> None:
    page = upload(("notes.png", b"three"), ("three.png", file_content(THREE.render())))

    broken, good = table(page)
    assert broken.startswith("⚠ | notes.png")
    assert good.startswith("three.png | 3")


def test_of_too_many_files_the_first_are_read_and_the_page_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("page.upload.MAX_FILES", 2)
    picture = file_content(THREE.render())

    page = upload(*((f"{index}.png", picture) for index in range(3)))

    assert len(table(page)) == 2
    assert page.warning[0].value.startswith("Only the first 2 pictures are read.")


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> MemoryUploadedFileManager:
    """What holds the visitors' files, limited."""
    manager = MemoryUploadedFileManager("/upload")
    monkeypatch.setattr(
        "page.upload.get_instance", lambda: SimpleNamespace(uploaded_file_mgr=manager)
    )
    limit_uploads.clear()  # It limits each manager once.
    limit_uploads()
    return manager


def test_a_visitor_cannot_park_any_number_of_files(manager: MemoryUploadedFileManager) -> None:
    half = bytes(MAX_HELD_BYTES // 2)

    manager.add_file("one", UploadedFileRec("1", "a.png", "image/png", half))
    manager.add_file(session_id="one", file=UploadedFileRec("2", "b.png", "image/png", half))
    with pytest.raises(HTTPException) as refused:
        manager.add_file("one", UploadedFileRec("3", "c.png", "image/png", b"1"))
    assert refused.value.status_code == 413
    assert len(manager.get_files("one", ["1", "2", "3"])) == 2
    manager.add_file("another visitor", UploadedFileRec("3", "c.png", "image/png", b"1"))
    manager.remove_file("one", "1")
    manager.add_file("one", UploadedFileRec("3", "c.png", "image/png", b"1"))


def test_many_visitors_together_cannot_either(manager: MemoryUploadedFileManager) -> None:
    fifth = bytes(MAX_HELD_BYTES_OF_ALL // 5)  # one content, so that the test takes little memory
    for visitor in range(5):
        manager.add_file(f"visitor {visitor}", UploadedFileRec("1", "a.png", "image/png", fifth))
    with pytest.raises(HTTPException) as refused:
        manager.add_file("one more", UploadedFileRec("1", "a.png", "image/png", b"1"))
    assert refused.value.status_code == 503
    manager.remove_session_files("visitor 0")
    manager.add_file("one more", UploadedFileRec("1", "a.png", "image/png", b"1"))


def test_a_very_wide_picture_is_answered() -> None:
    strip = Image.new("L", (3000, 3), 255)
    strip.paste(0, (100, 1, 2000, 2))

    page = upload(("strip.png", file_content(strip)), ("three.png", file_content(THREE.render())))

    assert len(table(page)) == 2


def test_a_photograph_with_damaged_exif_data_is_answered() -> None:
    photograph = file_content(THREE.render(), exif=b"not a TIFF header")

    assert answers(upload(("three.png", photograph)))[0].startswith("3 | ")


def test_what_pillow_warns_of_in_a_picture_is_not_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(with_damaged_tags(10))
    # In a process of its own: pytest has its own warnings.
    log = run_python(
        "import contextlib, sys, inference, page.reading\n"
        "with contextlib.redirect_stderr(sys.stdout):\n"
        f"    inference.visible_image({str(tmp_path / 'a.jpg')!r})"
    )
    assert "PIL" not in log
