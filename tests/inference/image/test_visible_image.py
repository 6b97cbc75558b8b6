"""What the page shows and keeps: the picture that was read, and no other."""

import io

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageDraw

from inference import InvalidImageError, visible_image
from inference.image.ink import find_ink
from inference.image.picture import read_picture

CLEAR = (0, 0, 0, 0)


def a_stroke(mode: str, ink: int | tuple[int, ...], paper: int | tuple[int, ...]) -> Image.Image:
    image = Image.new(mode, (60, 40), paper)
    ImageDraw.Draw(image).line([(20, 5), (30, 35)], fill=ink, width=5)
    return image


@pytest.mark.parametrize("pen", [(255, 255, 255, 255), (0, 0, 0, 255), (200, 30, 30, 255)])
def test_strokes_on_nothing_are_dark_on_white_whatever_their_colour(pen: tuple[int, ...]):
    seen = visible_image(a_stroke("RGBA", pen, CLEAR))
    assert seen.mode == "RGB"
    assert seen.getpixel((0, 0)) == (255, 255, 255)
    assert seen.getpixel((25, 20)) == (0, 0, 0)


@pytest.mark.parametrize(
    "image",
    [
        a_stroke("RGBA", (255, 255, 255, 255), CLEAR),
        a_stroke("LA", (255, 255), (0, 0)),
        a_stroke("L", 255, 0),
        a_stroke("RGB", (20, 40, 160), (250, 240, 230)),
        Image.fromarray(np.asarray(a_stroke("L", 4, 0)).astype(np.uint16) * 1_000),
    ],
    ids=lambda image: image.mode,
)
def test_it_has_the_ink_of_what_was_read(image: Image.Image):
    ink = find_ink(read_picture(visible_image(image)))
    # Grey from colours is rounded once more or less.
    np.testing.assert_allclose(ink.astype(int), find_ink(read_picture(image)), atol=2)


def test_a_photograph_keeps_its_colours_and_is_the_right_way_up_and_smaller():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # The camera was turned.
    photograph = Image.new("RGB", (4_000, 2_000), (200, 100, 50))
    file = io.BytesIO()
    photograph.save(file, "JPEG", exif=exif, quality=95)

    seen = visible_image(file)

    assert seen.size == (500, 1_000)
    np.testing.assert_allclose(np.asarray(seen)[500, 250], (200, 100, 50), atol=3)


def test_colours_that_are_opaque_everywhere_are_kept():
    assert visible_image(Image.new("RGBA", (30, 40), (200, 100, 50, 255))).getpixel((5, 5)) == (
        200,
        100,
        50,
    )


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "LAB", "YCbCr", "HSV", "I", "F", "I;16"])
def test_an_image_of_any_mode_is_shown(mode: str):
    seen = visible_image(Image.new(mode, (60, 40)))
    assert (seen.mode, seen.size) == ("RGB", (60, 40))


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 1), (40, 60, 3), (40, 60, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.uint16, np.bool_])
def test_an_array_of_any_kind_is_shown(shape: tuple[int, ...], dtype: type):
    assert visible_image(np.ones(shape, dtype)).size == (60, 40)


def test_what_cannot_be_read_is_refused():
    with pytest.raises(InvalidImageError, match="more than 99 pixels"):
        visible_image(np.zeros((10, 10), np.uint8), max_pixels=99)
    with pytest.raises(InvalidImageError, match="not an image file"):
        visible_image(b"text")
    with pytest.raises(InvalidImageError, match="of shape"):
        visible_image(np.zeros((4, 4, 4, 4)))
