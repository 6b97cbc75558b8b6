"""Decodes a HEIC, or one page of a PDF, in a process of its own.

    python foreign_decoder.py HEIC|PDF PAGE PAGE_PX CPU_S MEMORY_BYTES MAX_PAGES < FILE

Prints the count of pages on a line and the picture as a JPEG behind it, as a PNG if it is
transparent; or "error" and what is wrong. `foreign` runs it; it imports nothing of this package.
"""

import contextlib
import io
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

MAX_SIDE_POINTS = 14_400  # of a page, the limit of the format itself: 200 inches
JPEG_QUALITY = 95


def main(
    file_format: str, page: int, page_px: int, cpu_s: int, memory_bytes: int, max_pages: int
) -> None:
    """Decodes standard input to standard output."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows has no such limits.
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    content = sys.stdin.buffer.read()
    try:
        if file_format == "HEIC":
            count, picture = 1, _heic(content)
        else:
            count, picture = _pdf_page(content, page, page_px, max_pages)
        sys.stdout.buffer.write(b"%d\n" % count + _file(picture))
    except _RefusedError as error:
        sys.stdout.buffer.write(f"error {error}\n".encode())


class _RefusedError(Exception):
    """What is wrong with a file, and what would be right."""


def _heic(content: bytes) -> "Image.Image":
    import pi_heif  # pyright: ignore[reportMissingTypeStubs]

    try:
        # Turned upright by the library.
        return pi_heif.open_heif(content).to_pillow()  # pyright: ignore
    except (ValueError, SyntaxError, RuntimeError, EOFError, IndexError) as error:
        raise _RefusedError(
            f"starts like a HEIC file but cannot be decoded ({error}); save it as PNG"
        ) from error


def _pdf_page(
    content: bytes, index: int, page_px: int, max_pages: int
) -> "tuple[int, Image.Image]":
    import pypdfium2  # pyright: ignore[reportMissingTypeStubs]

    try:
        document = pypdfium2.PdfDocument(content)
        count = len(document)
        if count > max_pages:
            raise _RefusedError(f"has {count:,} pages, and {max_pages} can be read; divide it")
        page: Any = document[index]
        size: tuple[float, float] = page.get_size()
        if max(size) > MAX_SIDE_POINTS:
            raise _RefusedError(
                f"has a page of {size[0]:g} × {size[1]:g} points; a side may have "
                f"{MAX_SIDE_POINTS:,}"
            )
        return count, page.render(scale=page_px / max(size)).to_pil()
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise _RefusedError("is encrypted; save it without a password") from error
        raise _RefusedError("is a damaged PDF; save it anew, or its pages as PNG") from error


def _file(picture: "Image.Image") -> bytes:
    file = io.BytesIO()
    if picture.has_transparency_data:
        picture.save(file, "PNG", compress_level=1)
    else:
        picture.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return file.getvalue()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
