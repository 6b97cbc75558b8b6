"""Photographs and scans of paper: what is drawn is found, whatever the light and the paper."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ExifTags, Image

from inference import BlankImageError, DigitRecognizer
from inference.images import read_picture
from inference.ink import find_ink
from inference.paper import even_out
from tests.drawings import load_drawings
from training.data import LabelledInk
from training.photographs import photograph, photograph_accuracy

DRAWINGS = load_drawings()
SEVEN = next(drawing for drawing in DRAWINGS if drawing.label == 7)
PAGE = np.asarray(SEVEN.render())
COVER = 1 - PAGE / 255  # 1 where the pen was
FAR = np.asarray(SEVEN.render(pen_width_px=34)) == 255  # more than 8 pixels away from the pen

BLACK, WHITE = (30, 30, 30), (235, 235, 235)
Y, X = np.mgrid[0:1:280j, 0:1:280j]


def ink_of(source: Any) -> NDArray[np.uint8]:
    return find_ink(read_picture(source))


def on_paper(
    light: Any = 1.0,
    ink: tuple[int, int, int] = BLACK,
    paper: tuple[int, int, int] = WHITE,
    noise_levels: float = 2.0,
    cover: NDArray[Any] = COVER,
) -> NDArray[np.uint8]:
    """The seven under a light (H, W) of 0 … 1, with a sensor's noise; RGB (H, W, 3)."""
    page = np.array(paper) + (np.array(ink, float) - paper) * cover[..., np.newaxis]
    lit = page * np.broadcast_to(light, cover.shape)[..., np.newaxis]
    noise = np.random.default_rng(3).normal(0, noise_levels, cover.shape)
    return np.rint(lit + noise[..., np.newaxis]).clip(0, 255).astype(np.uint8)


def check_that_the_seven_is_found(photo: Any, full: int = 128) -> None:
    ink = ink_of(photo)
    assert ink.shape == PAGE.shape
    assert not ink[FAR].any()
    # All of the pen's line but its blurred edge.
    assert (ink[COVER == 1] > full).mean() > 0.9


# --- Light ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("quarter_turns", range(4))
def test_light_may_fall_off_to_any_side(quarter_turns: int):
    check_that_the_seven_is_found(on_paper(np.rot90(0.35 + 0.65 * X, quarter_turns)))


def test_corners_may_be_dark():
    check_that_the_seven_is_found(on_paper(1 - 0.6 * ((X - 0.5) ** 2 + (Y - 0.5) ** 2)))


@pytest.mark.parametrize("softness", [0.002, 0.02, 0.1])
@pytest.mark.parametrize("slope", [-0.6, 0, 0.6])
def test_a_shadow_may_fall_across_the_digit(slope: float, softness: float):
    distance = X - 0.5 + slope * (Y - 0.5)
    shadow = 1 / (1 + np.exp((distance / softness).clip(-30, 30)))
    check_that_the_seven_is_found(on_paper(1 - 0.45 * shadow))


def test_the_table_beside_the_sheet_is_not_ink():
    table = X + 0.1 * Y < 0.16
    check_that_the_seven_is_found(on_paper(np.where(table, 0.2, 1.0)))


def test_light_ink_on_a_dark_board_is_found_under_uneven_light():
    check_that_the_seven_is_found(on_paper(0.55 + 0.45 * X, ink=WHITE, paper=(50, 70, 60)), 90)


# --- Paper and ink -------------------------------------------------------------------------------

PENS = {"black": (30, 30, 34), "blue": (36, 52, 134), "red": (178, 32, 44), "green": (22, 98, 62)}
PAPERS = {
    "yellow": (250, 236, 150),
    "blue": (200, 220, 240),
    "pink": (244, 205, 212),
    "recycled": (206, 202, 192),
    "wrapping": (196, 164, 124),
}


@pytest.mark.parametrize("pen", PENS)
@pytest.mark.parametrize("paper", PAPERS)
def test_ink_and_paper_may_have_a_colour(paper: str, pen: str):
    light = 1 - 0.4 * Y
    check_that_the_seven_is_found(on_paper(light, ink=PENS[pen], paper=PAPERS[paper]))


def test_the_texture_of_the_paper_is_not_ink():
    generator = np.random.default_rng(0)
    fibres = Image.fromarray(generator.standard_normal((90, 90), np.float32))
    texture = 1 + 0.02 * np.asarray(fibres.resize((280, 280), Image.Resampling.BICUBIC))
    check_that_the_seven_is_found(on_paper(texture * (0.6 + 0.4 * X)))


def test_ink_stays_grey():
    """Half covered is about half as dark, so that a pen's soft edge keeps its place."""
    ink = ink_of(on_paper(0.5 + 0.5 * X, cover=COVER * np.where(Y < 0.5, 1.0, 0.5)))
    upper, lower = (np.median(ink[(COVER == 1) & half]) for half in (Y < 0.45, Y > 0.55))
    assert upper > 230
    assert 90 < lower < 165


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_compression_of_a_photograph_is_not_ink(quality: int):
    file = io.BytesIO()
    Image.fromarray(on_paper(0.5 + 0.5 * Y, noise_levels=3)).save(file, "JPEG", quality=quality)
    check_that_the_seven_is_found(file.getvalue())


def test_a_photograph_may_be_stored_sideways():
    photo = Image.fromarray(on_paper(0.4 + 0.6 * X))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    file = io.BytesIO()
    photo.transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", quality=90, exif=exif)
    check_that_the_seven_is_found(file.getvalue())


@pytest.mark.parametrize("light", [0.9, 0.4 + 0.5 * X, np.where(X + 0.3 * Y < 0.6, 0.5, 0.95)])
@pytest.mark.parametrize("noise_levels", [1, 4])
@pytest.mark.parametrize("paper", PAPERS)
def test_bare_paper_is_blank(paper: str, noise_levels: float, light: Any):
    bare = np.zeros_like(COVER)
    with pytest.raises(BlankImageError):
        ink_of(on_paper(light, paper=PAPERS[paper], noise_levels=noise_levels, cover=bare))


def test_what_is_still_found_on_photographed_bare_paper_is_no_digit(recognizer: DigitRecognizer):
    bare = np.full((280, 280), 255, np.uint8)
    blank = 0
    for seed in range(40):
        try:
            prediction = recognizer.predict(photograph(bare, np.random.default_rng(seed)))
        except BlankImageError:
            blank += 1
        else:
            assert not prediction.is_digit
    assert blank >= 32  # a shadow's bent edge may stay


# --- Clean images are left alone -----------------------------------------------------------------


@pytest.fixture
def no_evening(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> None:
        pytest.fail("a clean image was treated as a photograph")

    monkeypatch.setattr("inference.ink.even_out", refuse)


@pytest.mark.usefixtures("no_evening")
@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_a_drawing_is_left_as_it_is(drawing: Any):
    page = np.asarray(drawing.render())
    np.testing.assert_array_equal(ink_of(page), 255 - page)
    np.testing.assert_array_equal(ink_of(255 - page), 255 - page)


@pytest.mark.usefixtures("no_evening")
@pytest.mark.parametrize("enlargement", [1, 10])
def test_images_of_mnist_are_left_as_they_are(mnist_test: LabelledInk, enlargement: int):
    for digit in mnist_test.ink[:100].numpy():
        page = np.kron(digit, np.ones((enlargement, enlargement), np.uint8))
        np.testing.assert_array_equal(ink_of(page), page)
        np.testing.assert_array_equal(ink_of(255 - page), page)


@pytest.mark.usefixtures("no_evening")
def test_a_drawing_cropped_to_its_ink_is_left_as_it_is():
    rows, columns = (np.flatnonzero((PAGE < 255).any(axis=axis)) for axis in (1, 0))
    cropped = PAGE[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    np.testing.assert_array_equal(ink_of(cropped), 255 - cropped)


# --- Whatever comes ------------------------------------------------------------------------------


@given(
    height=st.integers(64, 150),
    width=st.integers(64, 150),
    seed=st.integers(0, 2**32),
    coarseness=st.integers(1, 40),
)
def test_any_picture_gives_levels_of_the_same_shape(
    height: int, width: int, seed: int, coarseness: int
):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    picture = noise[::coarseness, ::coarseness].repeat(coarseness, 0).repeat(coarseness, 1)
    even = even_out(np.ascontiguousarray(picture[:height, :width]))
    assert even.dtype == np.uint8
    assert even.shape == (height, width)


@settings(max_examples=25)
@given(
    direction=st.floats(0, 2 * np.pi),
    fall_off=st.floats(0, 0.5),
    shade=st.floats(0, 0.5),
    edge=st.floats(-0.4, 0.4),
)
def test_any_light_shows_the_same_digit(
    direction: float, fall_off: float, shade: float, edge: float
):
    across = np.cos(direction) * (X - 0.5) + np.sin(direction) * (Y - 0.5)
    shadow = 1 / (1 + np.exp(((across - edge) / 0.03).clip(-30, 30)))
    check_that_the_seven_is_found(on_paper((1 - fall_off * (0.5 - across)) * (1 - shade * shadow)))


# --- As a whole ----------------------------------------------------------------------------------


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_a_photographed_digit_is_read(drawing: Any, recognizer: DigitRecognizer):
    photo = photograph(np.asarray(drawing.render()), np.random.default_rng(drawing.label))
    assert recognizer.predict(photo).digit == drawing.label


def test_photographs_cost_at_most_a_point(recognizer: DigitRecognizer, tmp_path: Path):
    pictures: list[tuple[Path, int]] = []
    for index, drawing in enumerate(DRAWINGS * 2):
        path = tmp_path / f"{index}.png"
        drawing.render(pen_width_px=12 + 3 * (index % 5)).save(path)
        pictures.append((path, drawing.label))
    measured = photograph_accuracy(recognizer, pictures)
    assert measured.count == len(pictures)
    # Of so few, one more may be lost by chance.
    assert measured.photographed >= measured.clean - 0.01 - 1 / len(pictures)


def test_a_photograph_is_in_colour_and_decided_by_its_generator():
    first, again, other = (photograph(PAGE, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (*PAGE.shape, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_telephones_photograph_fits_into_memory(tmp_path: Path):
    """12 megapixels, as JPEG and as PNG, each in a process of its own."""
    sheet = Image.new("RGB", (4032, 3024), (225, 222, 210))
    digit = Image.fromarray(on_paper(0.6 + 0.4 * X, paper=(225, 222, 210)))
    sheet.paste(digit.resize((2000, 2000)), (1000, 500))
    noisy = np.asarray(sheet) + np.random.default_rng(0).integers(0, 6, (3024, 4032, 1), np.uint8)
    code = """
import resource, sys
from inference import DigitRecognizer
recognizer = DigitRecognizer()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
digit = recognizer.predict(sys.argv[1]).digit
print(digit, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    for name in ("photo.jpg", "photo.png"):
        path = tmp_path / name
        Image.fromarray(noisy).save(path, quality=92, compress_level=1)
        command = [sys.executable, "-c", code, str(path)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
        digit, more = output.split()
        assert digit == "7"
        # ru_maxrss counts KiB on Linux and bytes on macOS.
        assert int(more) / (2**10 if sys.platform == "linux" else 2**20) < 300
