"""Synthetic photographs of drawn pages, and what they cost the recognizer.

    python -m training.evaluation.photographs FOLDER --sheet photographs.png

photographs pictures laid out as `<label>/<image>`, dark on light, writes a contact sheet and
reports how many are read rightly, clean and as photographs. The model of a photograph is the usual
one: reflectance times light, in linear light, seen through a lens and a sensor, and developed to a
JPEG (Healey and Kondepudy, 1994, "Radiometric CCD Camera Calibration and Noise Estimation").
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from inference import DigitRecognizer, InferenceError
from training.config import command_line_parser, refusing
from training.data import labelled_image_paths

Levels = NDArray[np.floating[Any]]

PAPERS_SRGB = (
    (247, 246, 242),  # white
    (247, 246, 242),
    (246, 240, 222),  # cream
    (250, 236, 150),  # a yellow sticky note
    (214, 228, 240),  # light blue
    (244, 214, 218),  # pink
    (206, 202, 192),  # recycled
    (196, 164, 124),  # wrapping paper
)
INKS_SRGB = (
    (28, 28, 32),  # black
    (28, 28, 32),
    (36, 52, 134),  # blue
    (36, 52, 134),
    (178, 32, 44),  # red
    (22, 98, 62),  # green
    (84, 84, 88),  # pencil
)

SHEET_COLUMNS = 10
SHEET_CELL_PX = 140
"""Side of a picture on the contact sheet, in pixels."""


def photograph(page: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Photographs a drawn page, as a telephone held over it would.

    White becomes paper of some colour and black a pen's ink. The page is seen at a slight angle,
    under light that falls off to one side and, mostly, with a shadow cast over it, slightly out of
    focus, with the noise of a sensor and the artefacts of a JPEG.

    Args:
        page: Luminance (H, W), 0 … 255, dark on light.
        generator: Source of all randomness.

    Returns:
        The photograph, RGB (H, W, 3).
    """
    turned = _turned_away(Image.fromarray(page), generator)
    # The lens: only the strokes are sharp enough to show its blur.
    blurred = turned.filter(ImageFilter.GaussianBlur(generator.uniform(0.4, 1.3)))
    reflectance = _reflectance(np.asarray(blurred, np.float32) / 255, generator)
    light = _illumination(page.shape, generator)[..., np.newaxis] * _tint(generator)
    developed = _srgb(_sensed(reflectance * light, generator))
    return _compressed(np.rint(developed * 255).astype(np.uint8), generator)


def _turned_away(page: Image.Image, generator: np.random.Generator) -> Image.Image:
    """Perspective: turns the page a little and moves each of its corners inwards."""
    width, height = page.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    outward = np.sign(corners - corners.mean(axis=0))
    beyond = generator.uniform(0, 0.12, (4, 2)) * min(page.size)
    angle = np.radians(generator.normal(0, 2))
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    shown = (corners + outward * beyond - corners.mean(axis=0)) @ turn.T + corners.mean(axis=0)
    equations = [
        row
        for (x, y), (u, v) in zip(corners, shown, strict=True)
        for row in ((x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y))
    ]
    coefficients = np.linalg.solve(np.array(equations), shown.ravel())
    return page.transform(
        page.size,
        Image.Transform.PERSPECTIVE,
        coefficients.tolist(),
        Image.Resampling.BICUBIC,
        fillcolor=int(np.median(np.asarray(page))),
    )


def _reflectance(page: Levels, generator: np.random.Generator) -> Levels:
    """Paper and ink (H, W), 0 ink … 1 paper → linear reflectance (H, W, 3)."""
    paper = _linear(PAPERS_SRGB[generator.integers(len(PAPERS_SRGB))])
    ink = _linear(INKS_SRGB[generator.integers(len(INKS_SRGB))])
    fibres = np.zeros(page.shape, np.float32)
    for pixels, strength in ((1.5, 0.02), (3, 0.03), (12, 0.02)):
        fibres += _cloud(page.shape, pixels, generator) * generator.uniform(0, strength)
    # A pen lets some paper through, more at some places than at others.
    cover = (1 - page) * np.clip(0.94 + 0.05 * _cloud(page.shape, 8, generator), 0.7, 1)
    cover = cover[..., np.newaxis]
    return (paper * (1 - cover) + ink * cover) * (1 + fibres)[..., np.newaxis]


def _illumination(shape: tuple[int, ...], generator: np.random.Generator) -> Levels:
    """Light over the page (H, W), 1 where it is brightest."""
    height, width = shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    direction = generator.uniform(0, 2 * np.pi)
    slope = generator.uniform(0, 0.45) * (np.cos(direction) * x + np.sin(direction) * y)
    vignette = generator.uniform(0, 0.12) * (x * x + y * y)
    light = (1 + slope - vignette) * (1 + 0.05 * _cloud(shape, 0.4 * max(shape), generator))
    if generator.random() < 0.7:
        light = light * _cast_shadow(x, y, generator)
    return light / light.max()


def _cast_shadow(x: Levels, y: Levels, generator: np.random.Generator) -> Levels:
    """What a shadow with a bent edge leaves of the light, 0 … 1; -1 ≤ x, y ≤ 1."""
    direction = generator.uniform(0, 2 * np.pi)
    along = np.cos(direction) * y - np.sin(direction) * x
    across = np.cos(direction) * x + np.sin(direction) * y
    edge = generator.uniform(-0.7, 0.7) + generator.normal(0, 0.25) * along * along
    softness = generator.uniform(0.02, 0.25)  # half the penumbra's width
    shadow = 1 / (1 + np.exp(np.clip((across - edge) / softness * 2, -30, 30)))
    return 1 - generator.uniform(0.2, 0.6) * shadow


def _tint(generator: np.random.Generator) -> Levels:
    """The light's colour, warm to cold, and the exposure; linear RGB (3,)."""
    warmth = generator.normal(0, 0.06)
    return generator.uniform(0.5, 0.98) * np.array([1 + warmth, 1, 1 - warmth], np.float32)


def _sensed(light: Levels, generator: np.random.Generator) -> Levels:
    """Linear light with shot noise, which grows with it, and read noise; any shape."""
    strength = generator.uniform(0.004, 0.02)
    deviation = strength * np.sqrt(np.clip(light, 0, 1) + 0.01)
    return light + deviation * generator.standard_normal(light.shape, np.float32)


def _compressed(levels: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Sharpens as cameras do, then stores as JPEG; RGB (H, W, 3), the pixels that come back."""
    sharpened = Image.fromarray(levels).filter(
        ImageFilter.UnsharpMask(1.5, int(generator.integers(0, 80)), 2)
    )
    file = io.BytesIO()
    sharpened.save(file, "JPEG", quality=int(generator.integers(45, 93)))
    with Image.open(file) as stored:
        return np.array(stored)


def _cloud(shape: tuple[int, ...], pixels: float, generator: np.random.Generator) -> Levels:
    """Smooth noise of unit deviation (H, W) whose lumps are about that many pixels wide."""
    height, width = shape
    lumps = [max(2, round(side / pixels)) for side in shape]
    noise = Image.fromarray(generator.standard_normal(lumps, np.float32))
    return np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC))


def _linear(srgb: tuple[int, int, int]) -> Levels:
    """Decodes sRGB (IEC 61966-2-1), 0 … 255, to linear light, 0 … 1."""
    level = np.array(srgb, np.float32) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def _srgb(linear: Levels) -> Levels:
    """Linear light → sRGB, 0 … 1."""
    light = np.clip(linear, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


@dataclass(frozen=True, slots=True)
class PhotographAccuracy:
    """How many of the same digits are read rightly.

    Attributes:
        count: Digits.
        clean: Share read rightly as they are.
        photographed: Share read rightly as photographs.
    """

    count: int
    clean: float
    photographed: float


def photograph_accuracy(
    recognizer: DigitRecognizer, pictures: Sequence[tuple[Path, int]], seed: int = 0
) -> PhotographAccuracy:
    """Measures `DigitRecognizer.predict` on digits, clean and as photographs of the same digits.

    Args:
        recognizer: Reads them.
        pictures: Paths of pictures, dark on light, and their digits.
        seed: Decides the photographs, each by its place in `pictures`.
    """
    clean = photographed = 0
    for index, (path, label) in enumerate(pictures):
        page = read_page(path)
        clean += reads_as(recognizer, page) == label
        photo = photograph(page, np.random.default_rng((seed, index)))
        photographed += reads_as(recognizer, photo) == label
    count = len(pictures)
    return PhotographAccuracy(count, clean / count, photographed / count)


def read_page(path: Path) -> NDArray[np.uint8]:
    """Reads a picture's luminance, (H, W)."""
    with Image.open(path) as image:
        return np.array(image.convert("L"))


def reads_as(recognizer: DigitRecognizer, image: NDArray[np.uint8]) -> int | None:
    """The digit that an image is read as; None where nothing is found on it."""
    try:
        return recognizer.predict(image).digit
    except InferenceError:
        return None


def contact_sheet(
    recognizer: DigitRecognizer, pictures: Sequence[tuple[Path, int]], seed: int = 0
) -> Image.Image:
    """Photographs side by side, above what the network saw of each; (path, digit) each."""
    rows = -(-len(pictures) // SHEET_COLUMNS)
    sheet = Image.new("RGB", (SHEET_COLUMNS * SHEET_CELL_PX, rows * 2 * SHEET_CELL_PX), "white")
    for index, (path, _) in enumerate(pictures):
        photo = photograph(read_page(path), np.random.default_rng((seed, index)))
        row, column = divmod(index, SHEET_COLUMNS)
        corner = (column * SHEET_CELL_PX, row * 2 * SHEET_CELL_PX)
        cell = (SHEET_CELL_PX, SHEET_CELL_PX)
        sheet.paste(Image.fromarray(photo).resize(cell), corner)
        try:
            normalized = recognizer.predict(photo).normalized
        except InferenceError:
            continue
        saw = Image.fromarray(np.rint(normalized * 255).clip(0, 255).astype(np.uint8))
        sheet.paste(saw.resize(cell), (corner[0], corner[1] + SHEET_CELL_PX))
    return sheet


def main() -> None:
    """Runs the command line."""
    parser = command_line_parser(__doc__)
    parser.add_argument("folder", type=Path, help="pictures laid out as <label>/<image>")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="write a contact sheet of some")
    parser.add_argument(
        "--count", type=int, default=1_000, help="pictures, at random (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="chooses pictures and photographs (default: 0)"
    )
    arguments = parser.parse_args()
    with refusing(parser):
        pictures = labelled_image_paths(arguments.folder)
    order = np.random.default_rng(arguments.seed).permutation(len(pictures))
    chosen = [pictures[index] for index in order[: arguments.count]]
    recognizer = DigitRecognizer()
    if arguments.sheet:
        contact_sheet(recognizer, chosen[: 4 * SHEET_COLUMNS], arguments.seed).save(arguments.sheet)
    measured = photograph_accuracy(recognizer, chosen, arguments.seed)
    print(  # noqa: T201
        f"{measured.count} digits: {measured.clean:.2%} right clean, "
        f"{measured.photographed:.2%} as photographs"
    )


if __name__ == "__main__":
    main()
