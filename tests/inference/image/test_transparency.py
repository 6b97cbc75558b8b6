"""What is transparent is paper."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.inference.image.seven import CLEAR, INK, SEVEN, SIZE, draw_seven, encode, ink_of


@pytest.mark.parametrize("clear", [CLEAR, (255, 255, 255, 0), (255, 0, 0, 0)])
@pytest.mark.parametrize("pen", [(0, 0, 0), (255, 255, 255), (30, 90, 200), (255, 235, 59)])
def test_strokes_on_nothing_are_ink_whatever_their_colour(
    pen: tuple[int, int, int], clear: tuple[int, int, int, int]
):
    image = draw_seven("RGBA", (*pen, 255), clear)
    np.testing.assert_array_equal(ink_of(image), INK)
    np.testing.assert_array_equal(ink_of(np.asarray(image)), INK)


def test_a_half_transparent_pen_draws_full_ink():
    np.testing.assert_array_equal(ink_of(draw_seven("RGBA", (0, 0, 0, 100), CLEAR)), INK)


def test_the_soft_edge_of_a_stroke_is_faint_ink():
    image = draw_seven("RGBA", (255, 255, 255, 255), CLEAR)
    image.putpixel((5, 5), (255, 255, 255, 128))
    assert ink_of(image)[5, 5] == 128


def test_strokes_of_many_colours_on_nothing_are_ink():
    rainbow = np.asarray(draw_seven("RGBA", (0, 0, 0, 255), CLEAR)).copy()
    rainbow[..., 0] = np.linspace(0, 255, SIZE[0])
    rainbow[..., 1] = np.linspace(255, 0, SIZE[0])
    np.testing.assert_array_equal(ink_of(rainbow), INK)


@pytest.mark.parametrize(
    ("ink", "paper"), [((0, 0, 0), (255, 255, 255)), ((255, 255, 255), (0, 0, 0))]
)
def test_a_sheet_with_transparent_corners_is_paper(
    ink: tuple[int, int, int], paper: tuple[int, int, int]
):
    sheet = np.asarray(draw_seven("RGBA", (*ink, 255), (*paper, 255))).copy()
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), 24, fill=255)
    sheet[..., 3] = np.asarray(mask)
    np.testing.assert_array_equal(ink_of(sheet), INK)


def test_a_sheet_turned_on_a_transparent_ground_is_paper():
    turned = draw_seven("RGBA", (0, 0, 0, 255), (255, 255, 255, 255)).rotate(30, expand=True)
    upright = draw_seven().rotate(30, expand=True, fillcolor=255)
    np.testing.assert_array_equal(ink_of(turned), 255 - np.asarray(upright))


def test_evenly_transparent_pictures_count_as_opaque():
    faded = SEVEN.convert("RGBA")
    faded.putalpha(120)
    np.testing.assert_array_equal(ink_of(faded), INK)


def test_transparency_of_palettes_and_of_single_colours_counts():
    palette = SEVEN.convert("RGB").quantize(2)
    palette.info["transparency"] = palette.getpixel((0, 0))
    np.testing.assert_array_equal(ink_of(encode(palette)), INK)
    np.testing.assert_array_equal(ink_of(encode(SEVEN, transparency=255)), INK)
    np.testing.assert_array_equal(
        ink_of(encode(SEVEN.convert("RGB"), transparency=(255, 255, 255))), INK
    )


@pytest.mark.parametrize("mode", ["LA", "La", "PA", "RGBa"])
def test_every_mode_with_transparency_shows_white_strokes_on_nothing(mode: str):
    image = draw_seven("RGBA", (255, 255, 255, 255), CLEAR)
    image = image.convert("LA").convert(mode) if mode in ("LA", "La") else image.convert(mode)
    np.testing.assert_array_equal(ink_of(image), INK)
