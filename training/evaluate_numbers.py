"""Measures how well whole numbers are read, on numbers composed from pictures of single digits.

    python -m training.evaluate_numbers FOLDER
    python -m training.evaluate_numbers FOLDER --count 500 --length 5 --seed 1
    python -m training.evaluate_numbers FOLDER --non-digits FOLDER

takes a folder laid out as `<label>/<image>`, composes numbers from it (see `training.numbers`), has
`DigitRecognizer.read_number` read them and writes `NUMBERS.md`, `numbers.json` and
`number_failures.png`. The conditions are: digits that stand apart; one pair of neighbours that
touches; the former, photographed; and single digits, clean and photographed, read by `predict`, and
read as numbers. With `--non-digits` it also says how many pictures of anything else are left out.

Exact match is the share of numbers read without any mistake. Digits read rightly is one minus the
edit distance (Levenshtein) between what was written and what was read, summed over all numbers, as
a share of the digits written: a wrong, a lost and an invented digit count one each.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

from inference import DigitRecognizer, InferenceError
from training.config import ARTIFACTS, add_folder_flag, command_line_parser
from training.data import image_paths, labelled_image_paths
from training.export import MODEL_NAME
from training.numbers import Composer, WrittenNumber
from training.photographs import photograph, read_page
from training.report import markdown_table

COUNT = 1_000
LENGTH = 5

FAILURES_SHOWN = 60
SHEET_COLUMNS = 5
TILE_SIZE = (300, 130)
"""Width and height of a failure on the contact sheet, in pixels."""

_CAPTION_HEIGHT = 22

Page = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A number and what was read.

    Attributes:
        page: What was shown, uint8 (height, width) or (height, width, 3).
        written: What it says.
        read: What was read; empty if nothing was found.
    """

    page: Page
    written: str
    read: str


def edit_distance(first: str, second: str) -> int:
    """Fewest characters to change, add or take away to get from one text to the other."""
    distances = list(range(len(second) + 1))
    for row, expected in enumerate(first, start=1):
        diagonal, distances[0] = distances[0], row
        for column, found in enumerate(second, start=1):
            diagonal, distances[column] = (
                distances[column],
                min(
                    distances[column] + 1,
                    distances[column - 1] + 1,
                    diagonal + (expected != found),
                ),
            )
    return distances[-1]


def summarize_readings(readings: Sequence[Reading]) -> dict[str, float]:
    """Count, exact match and digits read rightly, the latter two 0…1."""
    written = sum(len(reading.written) for reading in readings)
    mistakes = sum(edit_distance(reading.written, reading.read) for reading in readings)
    return {
        "count": len(readings),
        "exact_match": sum(r.written == r.read for r in readings) / len(readings),
        "digits_right": 1 - mistakes / written,
    }


def _composed(
    composer: Composer, count: int, seed: int, *, touching: bool
) -> Iterator[WrittenNumber]:
    for index in range(count):
        yield composer.compose(np.random.default_rng([seed, index]), touching=touching)


def _photographed(numbers: Iterable[WrittenNumber], seed: int) -> Iterator[WrittenNumber]:
    for index, number in enumerate(numbers):
        generator: Generator = np.random.default_rng([seed, index, 1])
        yield WrittenNumber(number.text, photograph(number.page, generator))


def _singles(
    pictures: Sequence[tuple[Path, int]], count: int, seed: int
) -> Iterator[WrittenNumber]:
    chosen = np.random.default_rng(seed).choice(
        len(pictures), min(count, len(pictures)), replace=False
    )
    for path, label in (pictures[index] for index in chosen):
        yield WrittenNumber(str(label), read_page(path))


def _text(read: Callable[[Page], str], page: Page) -> str:
    try:
        return read(page)
    except InferenceError:
        return ""


def measure_numbers(
    recognizer: DigitRecognizer,
    pictures: Sequence[tuple[Path, int]],
    *,
    count: int,
    length: int,
    seed: int,
) -> dict[str, list[Reading]]:
    """Composes numbers and reads them.

    Args:
        recognizer: Reads them.
        pictures: Paths and labels of single digits.
        count: Numbers in each condition.
        length: Digits in each number.
        seed: Of all randomness; the same seed gives the same numbers.

    Returns:
        What was written and read, by condition.

    Raises:
        ValueError: No writer has pictures enough for a number.
    """
    composer = Composer(pictures, length)

    def number(page: Page) -> str:
        return recognizer.read_number(page).text

    def single(page: Page) -> str:
        return str(recognizer.predict(page).digit)

    def apart() -> Iterator[WrittenNumber]:
        return _composed(composer, count, seed, touching=False)

    def singles() -> Iterator[WrittenNumber]:
        return _singles(pictures, count, seed)

    conditions = {
        "apart": (apart(), number),
        "one pair touching": (_composed(composer, count, seed, touching=True), number),
        "apart, photographed": (_photographed(apart(), seed), number),
        "single digits": (singles(), single),
        "single digits, photographed": (_photographed(singles(), seed), single),
        "single digits, read as numbers": (singles(), number),
    }
    return {
        name: [
            Reading(shown.page, shown.text, _text(read, shown.page))
            for shown in tqdm(shown_numbers, name, total=count, unit="number")
        ]
        for name, (shown_numbers, read) in conditions.items()
    }


def left_out_share(recognizer: DigitRecognizer, pictures: Sequence[Path]) -> float:
    """Share of pictures in which no digit is found."""
    texts = [
        _text(lambda page: recognizer.read_number(page).text, read_page(path))
        for path in tqdm(pictures, "left out", unit="picture")
    ]
    return sum(not text for text in texts) / len(texts)


def failures_sheet(measured: dict[str, list[Reading]]) -> Image.Image:
    """The first failures of each condition, with what was read and what was written."""
    tiles: list[Image.Image] = []
    for name, readings in measured.items():
        failures = [reading for reading in readings if reading.read != reading.written]
        tiles += [_tile(name, failure) for failure in failures[:FAILURES_SHOWN]]
    width, height = TILE_SIZE
    rows = -(-len(tiles) // SHEET_COLUMNS) or 1
    sheet = Image.new("RGB", (SHEET_COLUMNS * width, rows * height), "lightgrey")
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % SHEET_COLUMNS * width, index // SHEET_COLUMNS * height))
    return sheet


def _tile(condition: str, failure: Reading) -> Image.Image:
    tile = Image.new("RGB", TILE_SIZE, "lightgrey")
    picture = Image.fromarray(failure.page)
    picture.thumbnail((TILE_SIZE[0] - 4, TILE_SIZE[1] - _CAPTION_HEIGHT - 4))
    tile.paste(picture, (2, _CAPTION_HEIGHT))
    caption = f"{failure.read or 'nothing'} for {failure.written}, {condition}"
    font = ImageFont.load_default(13)
    ImageDraw.Draw(tile).text((4, 3), caption, fill="black", font=font)
    return tile


def write_results(
    folder: Path,
    measured: dict[str, list[Reading]],
    settings: dict[str, Any],
    left_out: dict[str, float],
) -> dict[str, Any]:
    """Writes `NUMBERS.md`, `numbers.json` and `number_failures.png`.

    Args:
        folder: Where they go.
        measured: What was written and read, by condition.
        settings: How it was measured, `length` among them.
        left_out: Share of pictures in which no digit was found, 0…1, by what they show.

    Returns:
        The content of `numbers.json`.
    """
    figures = {name: summarize_readings(readings) for name, readings in measured.items()}
    folder.mkdir(parents=True, exist_ok=True)
    description = {"settings": settings, "measured": figures, "left_out": left_out}
    (folder / "numbers.json").write_text(f"{json.dumps(description, indent=2)}\n", "utf-8")
    table = markdown_table(
        ("condition", "count", "exact match", "digits read rightly"),
        [
            (
                name,
                f"{figure['count']:,}",
                f"{figure['exact_match']:.1%}",
                f"{figure['digits_right']:.1%}",
            )
            for name, figure in figures.items()
        ],
    )
    section = [
        "# Whole numbers",
        "",
        f"Numbers of {settings['length']} digits, composed from single ones, one writer a number.",
        "",
        table,
        "",
        *(
            f"No digit was found in {share:.1%} of the {what}.\n"
            for what, share in left_out.items()
        ),
        "![What was read for what, where it was wrong](number_failures.png)",
    ]
    (folder / "NUMBERS.md").write_text("\n".join(section) + "\n", "utf-8")
    failures_sheet(measured).save(folder / "number_failures.png")
    return description


def main() -> None:
    """Runs the command line."""
    parser = command_line_parser(__doc__)
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="pictures laid out as <label>/<image>"
    )
    parser.add_argument(
        "--count",
        type=int,
        default=COUNT,
        metavar="N",
        help="numbers in each condition (default: %(default)s)",
    )
    parser.add_argument(
        "--length",
        type=int,
        default=LENGTH,
        metavar="N",
        help="digits in each number (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of all randomness (default: %(default)s)"
    )
    parser.add_argument(
        "--non-digits",
        type=Path,
        metavar="FOLDER",
        help="also say how many of the pictures below this folder are left out",
    )
    parser.add_argument(
        "--model",
        type=Path,
        default=ARTIFACTS / MODEL_NAME,
        metavar="FILE",
        help="the exported model (default: artifacts/digits.onnx)",
    )
    add_folder_flag(parser)
    arguments = parser.parse_args()
    if arguments.count < 1 or arguments.length < 1:
        parser.error("--count and --length must be at least 1")
    try:
        recognizer = DigitRecognizer(arguments.model)
        pictures = labelled_image_paths(arguments.folder)
        others = image_paths(arguments.non_digits) if arguments.non_digits else []
        measured = measure_numbers(
            recognizer,
            pictures,
            count=arguments.count,
            length=arguments.length,
            seed=arguments.seed,
        )
    except (ValueError, InferenceError) as error:
        parser.error(str(error))
    singles = measured["single digits, read as numbers"]
    left_out = {"single digits": sum(not reading.read for reading in singles) / len(singles)}
    if others:
        left_out["pictures of anything else"] = left_out_share(recognizer, others)
    settings = {name: getattr(arguments, name) for name in ("count", "length", "seed")}
    description = write_results(arguments.output, measured, settings, left_out)
    print(json.dumps(description, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
