"""Renders one page of a PDF, in a process of its own: a small PDF can keep PDFium busy for hours.

    python pdf_renderer.py PAGE LONGER_SIDE_PX CPU_S MEMORY_BYTES MAX_PAGES < document.pdf

Prints the count of pages on a line and the page as a JPEG behind it, or "error" and what is wrong.
`pdf` runs it; it imports nothing of this package.
"""

import contextlib
import io
import sys
from typing import Any

import pypdfium2  # pyright: ignore[reportMissingTypeStubs]

MAX_SIDE_POINTS = 14_400  # of a page, the limit of the format itself: 200 inches
JPEG_QUALITY = 95


def main(page: int, longer_side_px: int, cpu_s: int, memory_bytes: int, max_pages: int) -> None:
    """Renders the page of that index from standard input to standard output."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows has no such limits.
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    try:
        answer = _rendered(sys.stdin.buffer.read(), page, longer_side_px, max_pages)
    except pypdfium2.PdfiumError as error:
        is_locked = "password" in str(error).lower()
        answer = (
            b"error is encrypted; save it without a password\n"
            if is_locked
            else b"error is a damaged PDF; save it anew, or its pages as PNG\n"
        )
    sys.stdout.buffer.write(answer)


def _rendered(content: bytes, index: int, longer_side_px: int, max_pages: int) -> bytes:
    document = pypdfium2.PdfDocument(content)
    count = len(document)
    if count > max_pages:
        return f"error has {count:,} pages, and {max_pages} can be read; divide it\n".encode()
    page: Any = document[index]
    longer_side = max(page.get_size())
    if longer_side > MAX_SIDE_POINTS:
        size = " × ".join(f"{side:g}" for side in page.get_size())
        return (
            f"error has a page of {size} points; a side may have {MAX_SIDE_POINTS:,}\n"
        ).encode()
    picture = page.render(scale=longer_side_px / longer_side).to_pil()
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return f"{count}\n".encode() + jpeg.getvalue()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
