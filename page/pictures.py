"""Pictures as parts of the page: encoded, and written as HTML."""

import base64
import io

import numpy as np
from PIL import Image

from inference import Change
from inference.metadata import NORMALIZED_SIDE_PX

THUMBNAIL_SIDE_PX = 160


def pixels_html(
    levels: np.ndarray, alt: str, caption: str = "", change: Change | None = None
) -> str:
    """Show 28 × 28 pixels, 0…255, as sharp squares, with a frame around what could be changed.

    The picture is a part of the page, since one that is asked for may be gone by then: the next
    stroke has replaced it.
    """
    picture = data_url(png(Image.fromarray(levels.clip(0, 255).astype(np.uint8))), "image/png")
    frame = ""
    if change is not None:
        left, top, side = (
            f"{start / NORMALIZED_SIDE_PX:.2%}" for start in (change.left, change.top, change.side)
        )
        frame = f'<i style="left: {left}; top: {top}; width: {side}; height: {side}"></i>'
    return (
        f'<figure class="pixels"><div><img src="{picture}" alt="{alt}">{frame}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def thumbnail(picture: Image.Image) -> bytes:
    """Encode a small copy of a picture as PNG."""
    copy = picture.copy()
    copy.thumbnail((THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX))
    return png(copy)


def png(picture: Image.Image) -> bytes:
    """Encode a picture as PNG."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def data_url(content: bytes, media_type: str) -> str:
    """Write a file's content as a URL."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
