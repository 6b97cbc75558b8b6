"""Photographs and scans of paper: the digit on them is read, whatever else they show."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageDraw, ImageOps

from inference import BlankImageError, DigitRecognizer, ModelError
from inference.image.ink import find_ink, is_photograph, visible_luminance
from inference.image.picture import read_picture
from inference.recognizer import DEFAULT_MODEL
from tests.drawings import Drawing, load_drawings
from tests.inference.number.found import character, write_finder
from training.data import LabelledInk
from training.evaluation.photographs import photograph, photograph_accuracy

DRAWINGS = load_drawings()
SEVEN = next(drawing for drawing in DRAWINGS if drawing.label == 7)
PAGE = np.asarray(SEVEN.render())
SOME = [next(drawing for drawing in DRAWINGS if drawing.label == label) for label in (2, 3, 5, 8)]

Levels = NDArray[np.uint8]

BLACK, WHITE = (30, 30, 30), (235, 235, 235)
Y, X = np.mgrid[0:1:280j, 0:1:280j]


def ink_of(source: Any) -> Levels:
    return find_ink(read_picture(source))


def on_paper(
    page: Any = PAGE,
    light: Any = 1.0,
    ink: tuple[int, int, int] = BLACK,
    paper: tuple[int, int, int] = WHITE,
    noise_levels: float = 2.0,
) -> Levels:
    """A page (H, W), 0 ink … 255 paper, under a light (H, W), with a sensor's noise; RGB."""
    cover = 1 - np.asarray(page) / 255
    coloured = np.array(paper) + (np.array(ink, float) - paper) * cover[..., np.newaxis]
    lit = coloured * np.broadcast_to(light, cover.shape)[..., np.newaxis]
    noise = np.random.default_rng(3).normal(0, noise_levels, cover.shape)
    return np.rint(lit + noise[..., np.newaxis]).clip(0, 255).astype(np.uint8)


# --- Light, paper and pen ------------------------------------------------------------------------

SHADOW = 1 - 0.45 / (1 + np.exp(((X - 0.5 + 0.6 * (Y - 0.5)) / 0.02).clip(-30, 30)))
LIGHTS = {
    "even": np.ones_like(X),
    "falling off": 0.4 + 0.6 * X,
    "dark corners": 1 - 0.6 * ((X - 0.5) ** 2 + (Y - 0.5) ** 2),
    "a shadow's edge": SHADOW,
}


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("drawing", SOME, ids=str)
def test_the_light_may_be_uneven(drawing: Drawing, light: str, recognizer: DigitRecognizer):
    photo = on_paper(drawing.render(), LIGHTS[light])
    assert recognizer.predict(photo).digit == drawing.label


PENS = {"black": (30, 30, 34), "blue": (36, 52, 134), "red": (178, 32, 44)}
PAPERS = {"yellow": (250, 236, 150), "recycled": (206, 202, 192), "wrapping": (196, 164, 124)}


@pytest.mark.parametrize("pen", PENS)
@pytest.mark.parametrize("paper", PAPERS)
def test_ink_and_paper_may_have_a_colour(paper: str, pen: str, recognizer: DigitRecognizer):
    photo = on_paper(SOME[0].render(), 1 - 0.4 * Y, ink=PENS[pen], paper=PAPERS[paper])
    assert recognizer.predict(photo).digit == SOME[0].label


@pytest.mark.parametrize("drawing", SOME, ids=str)
def test_chalk_on_a_board_is_read_under_uneven_light(drawing: Drawing, recognizer: DigitRecognizer):
    photo = on_paper(drawing.render(), 0.55 + 0.45 * X, ink=WHITE, paper=(50, 70, 60))
    assert recognizer.predict(photo).digit == drawing.label


def test_a_photograph_may_be_stored_sideways(recognizer: DigitRecognizer):
    photo = Image.fromarray(on_paper(SOME[2].render(), 0.4 + 0.6 * X))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    file = io.BytesIO()
    photo.transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", quality=90, exif=exif)
    assert recognizer.predict(file.getvalue()).digit == SOME[2].label


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_a_photographed_digit_is_read(drawing: Drawing, recognizer: DigitRecognizer):
    photo = photograph(np.asarray(drawing.render()), np.random.default_rng(drawing.label))
    assert recognizer.predict(photo).digit == drawing.label


@pytest.mark.slow
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


@pytest.mark.slow
def test_bare_paper_is_blank_or_no_digit(recognizer: DigitRecognizer):
    bare = np.full((280, 280), 255, np.uint8)
    sure = 0
    for seed in range(40):
        try:
            prediction = recognizer.predict(photograph(bare, np.random.default_rng(seed)))
        except BlankImageError:
            continue
        sure += prediction.is_digit
    assert sure <= 1


# --- What stands beside the digit ----------------------------------------------------------------


def beside_a_speck(page: Image.Image) -> Image.Image:
    ImageDraw.Draw(page).ellipse((30, 236, 37, 243), fill=0)
    return page


def beside_a_ruled_line(page: Image.Image) -> Image.Image:
    ImageDraw.Draw(page).line((0, 256, 280, 250), fill=70, width=3)
    return page


def beside_a_margin(page: Image.Image) -> Image.Image:
    ImageDraw.Draw(page).line((22, 0, 22, 280), fill=110, width=3)
    return page


def beside_a_table(page: Image.Image) -> Image.Image:
    """The sheet ends, and what it lies on is dark."""
    ImageDraw.Draw(page).polygon([(0, 0), (24, 0), (14, 280), (0, 280)], fill=20)
    return page


def on_squared_paper(page: Image.Image) -> Image.Image:
    sheet = np.asarray(page).copy()
    sheet[8::34] = np.minimum(sheet[8::34], 190)
    sheet[:, 8::34] = np.minimum(sheet[:, 8::34], 190)
    return Image.fromarray(sheet)


@pytest.mark.parametrize(
    "add", [beside_a_speck, beside_a_ruled_line, beside_a_margin, beside_a_table, on_squared_paper]
)
@pytest.mark.parametrize("drawing", SOME, ids=str)
def test_what_else_is_on_the_paper_does_not_change_the_digit(
    drawing: Drawing, add: Any, recognizer: DigitRecognizer
):
    photo = on_paper(add(drawing.render(pen_width_px=12)), 0.7 + 0.3 * X)
    prediction = recognizer.predict(photo)
    assert prediction.digit == drawing.label
    assert prediction.is_digit


def test_a_digit_is_read_the_same_in_a_batch_of_photographs(recognizer: DigitRecognizer):
    photos = [on_paper(beside_a_table(one.render()), 0.7 + 0.3 * X) for one in SOME]
    assert [one.digit for one in recognizer.predict_batch(photos)] == [one.label for one in SOME]


# --- Which pictures go to the finder, and what becomes of what it finds --------------------------


@pytest.fixture
def without_finder(tmp_path: Path) -> DigitRecognizer:
    return DigitRecognizer(finder=tmp_path / "nowhere.onnx")


def cropped(page: Levels) -> Levels:
    """To what is drawn."""
    rows, columns = (np.flatnonzero((page < 255).any(axis=axis)) for axis in (1, 0))
    return page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_a_clean_drawing_takes_the_short_way(drawing: Drawing, without_finder: DigitRecognizer):
    page = np.asarray(drawing.render())
    stroke = Image.new("RGB", (280, 280), "blue")
    stroke.putalpha(Image.fromarray(255 - page))
    clean = [page, 255 - page, cropped(page), stroke, Image.fromarray(page).resize((90, 64))]
    for picture in clean:
        assert without_finder.predict(picture).digit == drawing.label
    assert {one.digit for one in without_finder.predict_batch(clean)} == {drawing.label}


def test_strokes_on_nothing_take_the_short_way_whatever_is_hidden(without_finder: DigitRecognizer):
    hidden = np.dstack([on_paper(light=SHADOW), 255 - PAGE])
    assert without_finder.predict(hidden).digit == 7


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_a_drawing_is_left_as_it_is(drawing: Drawing):
    page = np.asarray(drawing.render())
    np.testing.assert_array_equal(ink_of(page), 255 - page)
    np.testing.assert_array_equal(ink_of(255 - page), 255 - page)
    np.testing.assert_array_equal(ink_of(cropped(page)), 255 - cropped(page))


@pytest.mark.parametrize("enlargement", [1, 10])
def test_images_of_mnist_are_left_as_they_are(mnist_test: LabelledInk, enlargement: int):
    for digit in mnist_test.ink[:100].numpy():
        page = np.kron(digit, np.ones((enlargement, enlargement), np.uint8))
        for picture in (page, 255 - page):
            assert not is_photograph(read_picture(picture))
            np.testing.assert_array_equal(ink_of(picture), page)


@pytest.mark.parametrize("size", [(32, 60), (60, 32)])
def test_a_cell_of_a_form_is_a_photograph(size: tuple[int, int]):
    cell = np.asarray(Image.fromarray(on_paper(light=SHADOW)).resize(size))
    assert is_photograph(read_picture(cell))


@pytest.mark.parametrize("size", [(31, 60), (60, 31), (28, 28)])
def test_a_smaller_picture_is_no_photograph(size: tuple[int, int], without_finder: DigitRecognizer):
    shaded, even = (
        np.asarray(Image.fromarray(page).resize(size))
        for page in (on_paper(light=SHADOW), on_paper())
    )
    assert not is_photograph(read_picture(shaded))
    assert without_finder.predict(even).digit == 7


@pytest.mark.parametrize("picture", [on_paper(), on_paper(light=SHADOW), on_paper(noise_levels=1)])
def test_a_photograph_is_known_as_one(picture: Levels, without_finder: DigitRecognizer):
    assert is_photograph(read_picture(picture))
    with pytest.raises(ModelError, match=r"nowhere\.onnx"):
        without_finder.predict(picture)


def test_a_batch_with_a_photograph_needs_the_finder(
    without_finder: DigitRecognizer,
):
    with pytest.raises(ModelError, match=r"nowhere\.onnx"):
        without_finder.predict_batch([PAGE, on_paper()])


TWO_AS_INK = 255 - np.asarray(SOME[0].render(56, 6))


def test_the_likeliest_digit_of_a_photograph_is_read_as_it_was_cut_out(tmp_path: Path):
    other = 255 - np.asarray(SOME[1].render(56, 6))
    found = [
        character("-", 0, 100, probability=0.99),
        character("1", 90, 100, probability=0.8, ink=TWO_AS_INK),
        character("9", 180, 100, probability=0.7, ink=other),
    ]
    recognizer = DigitRecognizer(finder=write_finder(tmp_path, found, digit_weight=1.0))
    (expected,) = recognizer.predict_ink(TWO_AS_INK[np.newaxis])
    predictions = [recognizer.predict(on_paper()), *recognizer.predict_batch([on_paper(), PAGE])]
    assert [prediction.digit for prediction in predictions] == [2, 2, 7]
    for prediction in predictions[:2]:
        np.testing.assert_allclose(prediction.probabilities, expected.probabilities, atol=2e-3)
        np.testing.assert_array_equal(prediction.normalized, expected.normalized)


@pytest.mark.parametrize(("weight", "digit"), [(0.0, 1), (1.0, 2)])
def test_what_the_finder_says_of_a_photographed_digit_counts_as_in_numbers(
    weight: float, digit: int, tmp_path: Path
):
    found = [character("1", 90, ink=TWO_AS_INK)]
    recognizer = DigitRecognizer(finder=write_finder(tmp_path, found, digit_weight=weight))
    assert recognizer.predict(on_paper()).digit == digit


@pytest.mark.parametrize("is_own", [False, True])
def test_a_digit_network_that_the_finder_does_not_know_has_the_larger_say_on_drawings(
    is_own: bool, tmp_path: Path
):
    """Who has taught one their handwriting wants to be read by it."""
    for name in ("digits.onnx", "digits.json"):
        shutil.copy(DEFAULT_MODEL.with_name(name), tmp_path)  # Where it lies says nothing.
    finder = write_finder(tmp_path, [character("1", 90, ink=TWO_AS_INK)])
    if is_own:
        description_file = finder.with_suffix(".json")
        description = json.loads(description_file.read_text("utf-8"))
        description["reading"]["digits_sha256"] = "0" * 64
        description_file.write_text(json.dumps(description), "utf-8")
    recognizer = DigitRecognizer(tmp_path / "digits.onnx", finder=finder)
    drawing = np.full((200, 300), 255, np.uint8)
    drawing[50:150, 100:110] = 0
    assert recognizer.read_number(drawing).text == ("2" if is_own else "1")
    assert recognizer.predict(on_paper()).digit == 1  # The finder knows photographs better.


@pytest.mark.parametrize("more", [-0.02, 0.02])
def test_a_photographed_digit_is_one_if_it_is_likely_there_and_likely_this_one(
    more: float, tmp_path: Path
):
    """Bare paper has faint digits for the finder."""
    threshold = DigitRecognizer().metadata.thresholds.reject_confidence
    found = [character("1", 90, probability=threshold + more)]
    prediction = DigitRecognizer(finder=write_finder(tmp_path, found)).predict(on_paper())
    assert prediction.confidence > 0.99
    assert prediction.is_digit == (more > 0)


def test_a_photographed_digit_that_may_be_another_is_none(tmp_path: Path):
    found = [character("1", 90, probabilities={"1": 0.5, "7": 0.49})]
    prediction = DigitRecognizer(finder=write_finder(tmp_path, found)).predict(on_paper())
    assert prediction.digit == 1
    assert not prediction.is_digit


@pytest.mark.parametrize("found", [[], [character("-", 90, probability=0.99)]])
def test_a_photograph_on_which_no_digit_is_found_is_blank(found: Any, tmp_path: Path):
    recognizer = DigitRecognizer(finder=write_finder(tmp_path, found))
    with pytest.raises(BlankImageError, match="resembles a digit; write it larger"):
        recognizer.predict(on_paper())
    (error,) = recognizer.predict_stream([on_paper()], return_errors=True)
    assert isinstance(error, BlankImageError)


# --- What an eye sees ----------------------------------------------------------------------------


def test_an_opaque_picture_is_seen_as_it_is():
    picture = read_picture(on_paper(light=SHADOW))
    assert visible_luminance(picture) is picture.luminance


@pytest.mark.parametrize("pen", ["black", "white", "orange"])
def test_strokes_on_nothing_are_seen_dark_on_white(pen: str):
    strokes = Image.new("RGB", (280, 280), pen)
    strokes.putalpha(ImageOps.invert(Image.fromarray(PAGE)))
    np.testing.assert_array_equal(visible_luminance(read_picture(strokes)), PAGE)


def test_a_transparent_picture_without_strokes_is_seen_white():
    seen = visible_luminance(read_picture(Image.new("RGBA", (90, 70), (0, 0, 0, 0))))
    np.testing.assert_array_equal(seen, np.full((70, 90), 255, np.uint8))


# --- What it costs -------------------------------------------------------------------------------


def test_a_photograph_is_in_colour_and_decided_by_its_generator():
    first, again, other = (photograph(PAGE, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (*PAGE.shape, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.slow
def test_a_telephones_photograph_fits_into_memory(tmp_path: Path):
    """12 megapixels, as JPEG and as PNG, each in a process of its own."""
    sheet = Image.new("RGB", (4032, 3024), (225, 222, 210))
    digit = Image.fromarray(on_paper(light=0.6 + 0.4 * X, paper=(225, 222, 210)))
    sheet.paste(digit.resize((2000, 2000)), (1000, 500))
    noisy = np.asarray(sheet) + np.random.default_rng(0).integers(0, 6, (3024, 4032, 1), np.uint8)
    code = """
import resource, sys
from inference import DigitRecognizer
recognizer = DigitRecognizer()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
digit = recognizer.predict(sys.argv[1]).digit
recognizer.read_numbers(sys.argv[1])
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
