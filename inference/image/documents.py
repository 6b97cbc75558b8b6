"""Documents of several pages: each page is one picture."""

import io
import os
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

from ..errors import InvalidImageError
from .decoding import TIFF_BYTE_ORDERS
from .foreign import MAX_PAGES, START_BYTES, decode_page, foreign_format
from .picture import ImageSource, foreign_errors_explained, opened

_SUBFILE_TYPE = 254  # the first tag of a directory
_REDUCED_OR_MASK = 1 | 4


def pages(source: ImageSource, name: str = "") -> Iterator[tuple[str, ImageSource]]:
    """Divides documents, PDFs and TIFFs of several pages, into pictures.

    Args:
        source: What `DigitRecognizer.predict` takes. A file object is read from its start.
        name: What it is called; by default its path.

    Yields:
        The name and the picture of each page, rendered as it is asked for. Of several pages, the
        name says which it is: "scan.pdf#2". What is no document comes as it is.

    Raises:
        InvalidImageError: A document is damaged, encrypted, or has more than 100 pages; pypdfium2
            is not installed; or the file cannot be opened.
    """
    if isinstance(source, (Image.Image, np.ndarray)):
        yield name, source
        return
    if isinstance(source, (str, os.PathLike)):
        name = name or os.fspath(source)
        if not os.path.isfile(source):  # noqa: PTH113 — a PathLike need not be a Path
            yield name, source  # A pipe likewise.
            return
    with foreign_errors_explained(source), opened(source) as file:
        start = file.read(START_BYTES)
        file.seek(0)
        if hasattr(source, "read") and not getattr(source, "seekable", bool)():
            source = io.BytesIO(file.read())  # It could be read once.
            file.seek(0)
        if foreign_format(start) == "PDF":
            divided = _pdf_pages(file.read(), name)
        elif start[:4] in TIFF_BYTE_ORDERS:
            divided = _tiff_pages(file.read(), name, source)
        else:
            divided = iter([(name, source)])
    yield from divided


def _pdf_pages(content: bytes, name: str) -> Iterator[tuple[str, ImageSource]]:
    index, count = 0, 1
    while index < count:
        picture, count = decode_page("PDF", content, index, f"the file {name!r}")
        index += 1
        yield f"{name}#{index}" if count > 1 else name, picture


def _tiff_pages(
    content: bytes, name: str, source: ImageSource
) -> Iterator[tuple[str, ImageSource]]:
    offsets = _tiff_directories(content, name)
    if len(offsets) < 2:
        yield name, source
        return
    order = TIFF_BYTE_ORDERS[content[:4]]
    for number, offset in enumerate(offsets, 1):
        # The same file, whose first directory is that of the page.
        yield f"{name}#{number}", content[:4] + struct.pack(f"{order}I", offset) + content[8:]


def _tiff_directories(content: bytes, name: str) -> list[int]:
    """Where a TIFF describes its pages; masks and smaller copies of a page are none."""
    order = TIFF_BYTE_ORDERS[content[:4]]
    offsets: dict[int, bool] = {}
    try:
        (offset,) = struct.unpack_from(f"{order}I", content, 4)
        while offset and offset not in offsets:
            tags, first_tag = struct.unpack_from(f"{order}HH", content, offset)
            (subfile,) = struct.unpack_from(f"{order}I", content, offset + 10)
            offsets[offset] = not (first_tag == _SUBFILE_TYPE and subfile & _REDUCED_OR_MASK)
            if len(offsets) > MAX_PAGES:
                raise InvalidImageError(
                    f"the TIFF {name!r} has more than {MAX_PAGES} pages; divide it"
                )
            (offset,) = struct.unpack_from(f"{order}I", content, offset + 2 + 12 * tags)
    except struct.error:
        pass  # Its end is missing: the pages before it can be read.
    return [offset for offset, is_page in offsets.items() if is_page]
