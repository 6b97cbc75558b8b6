"""Documents: each page of a PDF or a TIFF is one picture."""

import io
import os
import struct
import sys
import threading
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np
import pytest
from PIL import Image

from inference import DigitRecognizer, InvalidImageError, pages, visible_image
from inference.image.foreign import MAX_PAGES
from tests.drawings import load_drawings, render_number
from tests.inference.image.test_heic import HEIC

DRAWINGS = {str(drawing): drawing for drawing in load_drawings()}
SEVEN = DRAWINGS["7 crossed"].render()
THREE = DRAWINGS["3 round"].render()
YEAR = render_number(
    [DRAWINGS[name] for name in ("1 plain bar", "9 straight leg", "8 two circles", "4 closed")]
)


@pytest.fixture(scope="module")
def recognizer() -> DigitRecognizer:
    return DigitRecognizer()


def document(file_format: str, *pictures: Image.Image) -> bytes:
    file = io.BytesIO()
    first, *others = (picture.copy() for picture in pictures)
    first.save(file, file_format, save_all=True, append_images=others)
    return file.getvalue()


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, the catalog first."""
    file = b"%PDF-1.4\n"
    offsets: list[int] = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        file
        + b"xref\n0 %d\n0000000000 65535 f \n" % size
        + table
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(file))
    )


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(content), content)


def pdf_page(
    *more: bytes, box: str = "0 0 600 800", content: bytes = b"/X Do", kids: bytes = b"3 0 R"
) -> bytes:
    """A PDF whose page draws the object 5, the first of the others."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, kids.count(b"R")),
        b"<</Type/Page/Parent 2 0 R/MediaBox[%b]/Contents 4 0 R"
        b"/Resources<</XObject<</X 5 0 R>>>>>>" % box.encode(),
        stream(content),
        *more,
    )


def forms_within_forms(depth: int) -> bytes:
    """Each form draws the next one ten times."""
    forms = [
        stream(
            b"/X Do " * 10,
            b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]"
            b"/Resources<</XObject<</X %d 0 R>>>>" % (6 + level),
        )
        for level in range(depth)
    ]
    last = stream(b"0 0 9 9 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    return pdf_page(*forms, last)


def encrypted() -> bytes:
    """A PDF that asks for a password; the keys are of no use."""
    key = b"<" + b"00" * 32 + b">"
    content = pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[]/Count 0>>",
        b"<</Filter/Standard/V 1/R 2/P -4/O %b/U %b>>" % (key, key),
    )
    return content.replace(b"trailer<<", b"trailer<</Encrypt 3 0 R/ID[<00><00>]")


# --- Pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("file_format", ["PDF", "TIFF"])
def test_each_page_of_a_document_is_one_picture(file_format: str, recognizer: DigitRecognizer):
    divided = pages(document(file_format, YEAR, SEVEN, THREE), "scan")
    assert [(name, recognizer.read_number(page).text) for name, page in divided] == [
        ("scan#1", "1984"),
        ("scan#2", "7"),
        ("scan#3", "3"),
    ]


@pytest.mark.parametrize("file_format", ["PDF", "TIFF"])
def test_a_document_of_one_page_keeps_its_name(file_format: str, recognizer: DigitRecognizer):
    ((name, page),) = pages(document(file_format, SEVEN), "scan")
    assert (name, recognizer.predict(page).digit) == ("scan", 7)


def test_a_document_is_named_by_its_path(tmp_path: Path):
    path = tmp_path / "scan.pdf"
    path.write_bytes(document("PDF", SEVEN, THREE))
    assert [name for name, _ in pages(path)] == [f"{path}#1", f"{path}#2"]


@pytest.mark.parametrize(
    "source",
    [
        SEVEN,
        np.asarray(SEVEN),
        document("PNG", SEVEN),
        document("GIF", SEVEN, THREE),
        document("TIFF", SEVEN),
        HEIC,
        b"7",
    ],
    ids=["image", "array", "PNG", "animation", "TIFF", "HEIC", "text"],
)
def test_what_is_no_document_comes_as_it_is(source: object):
    ((name, page),) = pages(source, "7")  # pyright: ignore[reportArgumentType]
    assert name == "7"
    assert page is source


def test_a_path_that_is_no_document_stays_a_path(tmp_path: Path):
    path = tmp_path / "seven.png"
    SEVEN.save(path)
    assert list(pages(path)) == [(str(path), path)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_named_pipe_is_left_to_who_reads_it(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert list(pages(pipe)) == [(str(pipe), pipe)]


def test_a_stream_that_cannot_go_back_is_read_once(recognizer: DigitRecognizer):
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = document("PNG", SEVEN)

        def read(self, _size: int = -1, /) -> bytes:
            content, self.content = self.content, b""
            return content

    ((_, page),) = pages(cast("IO[bytes]", Pipe()), "7")
    assert recognizer.predict(page).digit == 7


def test_a_file_that_cannot_be_read_is_refused():
    closed = io.BytesIO(SEVEN.tobytes())
    closed.close()
    with pytest.raises(InvalidImageError, match="cannot be read"):
        list(pages(closed))


# --- PDF -----------------------------------------------------------------------------------------


def test_a_pdf_of_one_page_is_read_as_a_picture(recognizer: DigitRecognizer):
    assert recognizer.predict(document("PDF", SEVEN)).digit == 7
    assert recognizer.read_number(document("PDF", YEAR)).text == "1984"
    assert [number.text for number in recognizer.read_numbers(document("PDF", YEAR))] == ["1984"]


@pytest.mark.parametrize("method", ["predict", "read_number", "read_numbers"])
def test_of_a_pdf_with_several_pages_the_message_names_pages(
    method: str, recognizer: DigitRecognizer
):
    with pytest.raises(InvalidImageError, match=r"has 2 pages; pages\(…\)"):
        getattr(recognizer, method)(document("PDF", SEVEN, THREE))


def test_a_pdf_may_have_a_byte_order_mark(recognizer: DigitRecognizer):
    assert recognizer.predict(b"\xef\xbb\xbf" + document("PDF", SEVEN)).digit == 7


@pytest.mark.parametrize("box", ["0 0 60 80", "0 0 600 800", "0 0 6000 8000"])
def test_a_page_of_any_size_has_2048_pixels_on_its_longer_side(box: str):
    ((_, page),) = pages(pdf_page(box=box), "page")
    assert isinstance(page, bytes)
    assert Image.open(io.BytesIO(page)).size == (1536, 2048)


def test_a_page_keeps_its_colours():
    page = visible_image(document("PDF", Image.new("RGB", (60, 80), (200, 30, 30))))
    np.testing.assert_allclose(np.asarray(page)[40, 30], (200, 30, 30), atol=4)


def with_count(count: int) -> bytes:
    return pdf_page(kids=b"3 0 R " * count)


def test_a_pdf_of_as_many_pages_as_may_be_is_read():
    name, _ = next(pages(with_count(MAX_PAGES), "scan"))
    assert name == "scan#1"


ABSURD: dict[str, tuple[bytes, str]] = {
    "more than 100 pages": (
        with_count(MAX_PAGES + 1),
        "has 101 pages, and 100 can be read; divide it",
    ),
    "no page": (with_count(0), "is a damaged PDF"),
    "a page of half a kilometre": (pdf_page(box="0 0 600 1500000"), "a side may have 14,400"),
    "encrypted": (encrypted(), "is encrypted; save it without a password"),
    "nothing but the signature": (b"%PDF-1.7\n", "is a damaged PDF"),
    "cut off": (document("PDF", SEVEN)[:400], "is a damaged PDF"),
    "forms within forms": (forms_within_forms(12), "takes too much time or memory"),
}


@pytest.mark.parametrize("absurd", ABSURD)
def test_an_absurd_pdf_is_refused_with_what_is_wrong(absurd: str):
    content, message = ABSURD[absurd]
    with pytest.raises(InvalidImageError, match=message):
        list(pages(content, "scan.pdf"))
    with pytest.raises(InvalidImageError, match=message):
        visible_image(content)


def test_the_time_for_a_page_is_limited(monkeypatch: pytest.MonkeyPatch):
    side = 10_000
    white = zlib.compress(bytes(side * side // 8))
    image = stream(
        white,
        b"/Type/XObject/Subtype/Image/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/FlateDecode"
        b"/Width %d/Height %d" % (side, side),
    )
    visible_image(pdf_page(image, content=b"600 0 0 800 0 0 cm /X Do"))
    monkeypatch.setattr("inference.image.foreign._CPU_S", 1)
    with pytest.raises(InvalidImageError, match="takes too much time"):
        visible_image(pdf_page(image, content=b"600 0 0 800 0 0 cm " + b"/X Do " * 1_000))


def test_the_memory_for_a_page_is_limited(monkeypatch: pytest.MonkeyPatch):
    content = forms_within_forms(5)
    visible_image(content)
    monkeypatch.setattr("inference.image.foreign._MEMORY_BYTES", 150_000_000)
    with pytest.raises(InvalidImageError, match="too much time or memory"):
        visible_image(content)


def test_pdfs_are_read_in_many_threads(recognizer: DigitRecognizer):
    content = document("PDF", SEVEN)
    digits: list[int] = []
    threads = [
        threading.Thread(target=lambda: digits.append(recognizer.predict(content).digit))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digits == [7] * 4


@pytest.mark.parametrize("renderer", ["", "false"], ids=["none", "one that ends at once"])
def test_where_no_page_can_be_rendered_the_pdf_is_refused(
    renderer: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", renderer)
    with pytest.raises(InvalidImageError, match="takes too much time or memory"):
        list(pages(document("PDF", SEVEN), "scan.pdf"))


def test_a_page_that_takes_too_long_in_all_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("inference.image.foreign._TIMEOUT_S", 0.001)
    with pytest.raises(InvalidImageError, match="takes too much time"):
        visible_image(document("PDF", SEVEN))


# --- TIFF ----------------------------------------------------------------------------------------


def tiff_directories(*subfile_types: int, loop: bool = False) -> bytes:
    """A TIFF with that many directories of a single tag."""
    content = b"II*\0" + struct.pack("<I", 8)
    for subfile_type in subfile_types:
        following = len(content) + 18
        is_last = following == 8 + 18 * len(subfile_types)
        content += struct.pack("<HHHII", 1, 254, 4, 1, subfile_type)
        content += struct.pack("<I", following if not is_last else 8 * loop)
    return content


def names(content: bytes) -> list[str]:
    return [name for name, _ in pages(content, "scan")]


def test_of_a_tiff_smaller_copies_and_masks_are_no_pages():
    assert names(tiff_directories(0, 1, 2, 4)) == ["scan#1", "scan#2"]


def test_a_tiff_whose_pages_go_round_in_a_circle_ends():
    assert names(tiff_directories(0, 0, loop=True)) == ["scan#1", "scan#2"]


def test_a_tiff_that_is_cut_off_has_the_pages_before_it():
    assert names(tiff_directories(0, 0, 0)[:-10]) == ["scan#1", "scan#2"]


def test_a_tiff_of_as_many_pages_as_may_be_is_divided():
    assert len(names(tiff_directories(*[0] * MAX_PAGES))) == MAX_PAGES
    with pytest.raises(InvalidImageError, match="more than 100 pages; divide it"):
        names(tiff_directories(*[0] * (MAX_PAGES + 1)))


def test_of_a_tiff_that_is_not_divided_the_first_page_is_read(recognizer: DigitRecognizer):
    assert recognizer.predict(document("TIFF", SEVEN, THREE)).digit == 7


# --- Without the packages ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "module", "package"),
    [(HEIC, "pi_heif", "pi-heif"), (document("PDF", SEVEN), "pypdfium2", "pypdfium2")],
)
def test_without_its_package_the_message_says_what_to_install(
    content: bytes, module: str, package: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, module, None)
    message = rf"install {package} \(pip install 'digit-recognizer\[files\]'\), or save"
    with pytest.raises(InvalidImageError, match=message):
        visible_image(content)
