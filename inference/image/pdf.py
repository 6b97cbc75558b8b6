"""The pages of a PDF as pictures, rendered by PDFium where pypdfium2 is installed.

PDFium may crash on what is damaged, cannot be stopped, and may be used by one thread at a time. So
each page is rendered by a process of its own, whose time and memory are limited.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from ..errors import InvalidImageError
from .slots import Slots

MAX_PAGES = 100
"""Most pages of a document."""

_LONGER_SIDE_PX = 2_048  # twice what is looked at, so that shrinking smooths
_CPU_S = 2  # of a page, starting the process included
_MEMORY_BYTES = 350_000_000
_TIMEOUT_S = 60  # where others keep the cores busy, and on Windows, which has no limits

_RENDERER = Path(__file__).with_name("pdf_renderer.py")
_rendering = Slots(2)


def is_pdf(start: bytes) -> bool:
    """Whether a file that starts so is a PDF."""
    return start.lstrip(b"\xef\xbb\xbf\0\t\n\f\r ").startswith(b"%PDF-")


def render_page(content: bytes, index: int, name: str) -> tuple[bytes, int]:
    """Renders one page.

    Args:
        content: The PDF.
        index: 0 is the first page.
        name: For messages.

    Returns:
        The page as a JPEG whose longer side has about 2,000 pixels, and how many pages there are.

    Raises:
        InvalidImageError: pypdfium2 is not installed, or the PDF is damaged, encrypted, takes too
            long, or has too many pages.
    """
    if importlib.util.find_spec("pypdfium2") is None:
        raise InvalidImageError(
            f"{name} is a PDF; to read it, install pypdfium2 "
            "(pip install 'digit-recognizer[files]'), or save its pages as PNG"
        )
    limits = (_LONGER_SIDE_PX, _CPU_S, _MEMORY_BYTES, MAX_PAGES)
    # -P: the renderer's neighbours must not stand for other modules of their names.
    command = [sys.executable, "-P", _RENDERER, str(index), *map(str, limits)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        with _rendering.one():
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
        raise InvalidImageError(
            f"page {index + 1} of {name} is damaged, or takes too much time or memory; "
            "save it as a PNG"
        )
    return picture, int(line)


def render_only_page(content: bytes, name: str) -> bytes:
    """Renders the page of a PDF that has one, likewise; raises `InvalidImageError` for several."""
    picture, count = render_page(content, 0, name)
    if count > 1:
        raise InvalidImageError(
            f"{name} has {count} pages; pages(…) gives each of them as a picture"
        )
    return picture
