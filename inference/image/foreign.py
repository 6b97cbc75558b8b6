"""HEIC and PDF, whose libraries are extras: pi-heif and pypdfium2.

Both are large C libraries. A damaged file may crash them, corrupt their memory or keep them busy
for hours. So a process of its own decodes each picture, and its time and memory are limited.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from ..errors import InvalidImageError
from .slots import Slots

SUFFIXES = {".heic": "HEIC", ".heif": "HEIC", ".pdf": "PDF"}
"""What the names of such files end in, and their formats."""

START_BYTES = 1_024
"""How much of a file tells its format."""

MAX_PAGES = 100
"""Most pages of a document."""

_LIBRARIES = {"HEIC": ("pi_heif", "pi-heif"), "PDF": ("pypdfium2", "pypdfium2")}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_PAGE_PX = 2_048  # longer side of a page; twice what is looked at, so that shrinking smooths
_CPU_S = 3  # of a picture, starting the process included
_MEMORY_BYTES = 350_000_000
_TIMEOUT_S = 60  # where others keep the cores busy, and on Windows, which has no limits

_DECODER = Path(__file__).with_name("foreign_decoder.py")
_decoding = Slots(2)


def foreign_format(start: bytes) -> str | None:
    """Of a file that starts so: "HEIC", "PDF", or None for all others."""
    if start.lstrip(b"\xef\xbb\xbf\0\t\n\f\r ").startswith(b"%PDF-"):
        return "PDF"
    end = min(int.from_bytes(start[:4], "big"), len(start))
    brands = {start[8:12], *(start[at : at + 4] for at in range(16, end, 4))}
    return "HEIC" if start[4:8] == b"ftyp" and not brands.isdisjoint(_HEIC_BRANDS) else None


def decode_page(file_format: str, content: bytes, index: int, name: str) -> tuple[bytes, int]:
    """Decodes one page of a PDF, or the main picture of a HEIC.

    Args:
        file_format: "HEIC" or "PDF".
        content: The file.
        index: 0 is the first page.
        name: For messages.

    Returns:
        An upright JPEG, or a PNG of what is transparent, and how many pages there are. The longer
        side of a PDF's page has about 2,000 pixels.

    Raises:
        InvalidImageError: The library is not installed, or the file is damaged, encrypted, takes
            too much time or memory, or has too many pages.
    """
    library, package = _LIBRARIES[file_format]
    if importlib.util.find_spec(library) is None:
        raise InvalidImageError(
            f"{name} is a {file_format}; to read it, install {package} "
            "(pip install 'digit-recognizer[files]'), or save it as PNG"
        )
    numbers = (index, _PAGE_PX, _CPU_S, _MEMORY_BYTES, MAX_PAGES)
    # -P: the decoder's neighbours must not stand for other modules of their names.
    command = [sys.executable, "-P", _DECODER, file_format, *map(str, numbers)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        with _decoding.one():
            answer = subprocess.run(  # noqa: S603
                command,
                input=content,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=_TIMEOUT_S,
                check=False,
            ).stdout
    except (subprocess.TimeoutExpired, OSError):  # the latter where no process can be started
        answer = b""
    line, _, picture = answer.partition(b"\n")
    if line.startswith(b"error "):
        raise InvalidImageError(f"{name} {line.removeprefix(b'error ').decode()}")
    if not picture:
        what = name if file_format == "HEIC" else f"page {index + 1} of {name}"
        raise InvalidImageError(
            f"{what} is damaged, or takes too much time or memory; save it as a PNG"
        )
    return picture, int(line)


def decode_only_page(file_format: str, content: bytes, name: str) -> bytes:
    """Decodes what has one page, likewise; raises `InvalidImageError` for several."""
    picture, count = decode_page(file_format, content, 0, name)
    if count > 1:
        raise InvalidImageError(
            f"{name} has {count} pages; pages(…) gives each of them as a picture"
        )
    return picture
