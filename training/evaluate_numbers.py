"""Measures how well numbers are read, on real pictures and on numbers composed from single digits.

    python -m training.evaluate_numbers FOLDER …
    python -m training.evaluate_numbers FOLDER … --limit 50
    python -m training.evaluate_numbers FOLDER … --kind photo-number --kind paint-number
    python -m training.evaluate_numbers FOLDER … --text
    python -m training.evaluate_numbers FOLDER --count 500 --length 5 --seed 1
    python -m training.evaluate_numbers FOLDER --non-digits FOLDER

A folder with a `labels.csv` holds pictures of numbers (see `training.evaluation.number_labels`).
The digits of what is read are compared with the digits of the label; with `--text` the separators
are compared, too. `DigitRecognizer.read_number` reads a picture whose label is one number, and
`read_numbers` one whose label is several: it is right if all numbers are, in reading order. The
pictures of each kind are summarized in one row. `--kind` restricts the sets that have kinds; other
sets are kept whole. Where labels are single digits, a second row says how `predict` reads them.

A folder laid out as `<label>/<image>` holds single digits. Numbers are composed from them: digits
that stand apart; one pair of neighbours that touches; the former, photographed; digits in printed
boxes; digits on ruled lines; amounts and dates with separators. The single digits are read, too: by
`predict`, clean and photographed, and by `read_number`. All of what is read is compared.

The command writes `measured_numbers.md`, `measured_numbers.json` and `number_failures.png`. The
figures are defined in `training.evaluation.number_summary`. Where `read_number` finds several
numbers, or nothing can be read, the picture counts as read with an empty text, and not surely. A
single digit that `predict` reads is sure if it `is_digit`. With `--non-digits` the command also
says on how many pictures without a number something is read.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inference import DigitRecognizer, InferenceError
from training.config import ARTIFACTS, command_line_parser, say
from training.data import image_paths, labelled_image_paths
from training.evaluation.number_conditions import composed_conditions
from training.evaluation.number_labels import (
    LABELS_NAME,
    LabelledPicture,
    labelled_conditions,
    of_kinds,
    read_labels,
    some,
)
from training.evaluation.number_readings import (
    Condition,
    NonDigits,
    Reading,
    read_condition,
    read_non_digits,
)
from training.evaluation.number_sheet import failures_sheet
from training.evaluation.number_summary import Summary, summarize_readings
from training.export import MODEL_NAME
from training.report import markdown_table

RESULTS = Path("runs/measured")

COUNT = 1_000
LENGTH = 5


def find_conditions(
    folders: Sequence[Path],
    *,
    kinds: Sequence[str] = (),
    whole_text: bool = False,
    count: int = COUNT,
    length: int = LENGTH,
    limit: int | None = None,
    seed: int = 0,
) -> list[Condition]:
    """Finds out what there is to measure.

    Args:
        folders: Labelled sets and folders of single digits.
        kinds: Which kinds of the sets that have some; empty for all.
        whole_text: Whether separators of labelled sets are compared, too.
        count: Composed numbers in each condition.
        length: Digits of a composed number.
        limit: At most so many pictures in each condition, at random; None for all.
        seed: Of all randomness.

    Raises:
        ValueError: Folders have the same name, or one cannot be used; the message says why.
    """
    labelled: dict[str, list[LabelledPicture]] = {}
    digits: dict[str, list[tuple[Path, int]]] = {}
    for folder in folders:
        name = folder.resolve().name
        if name in labelled or name in digits:
            raise ValueError(f"two folders are named {name}; their rows could not be told apart")
        if (folder / LABELS_NAME).exists():
            labelled[name] = read_labels(folder)
        else:
            digits[name] = _single_digits(folder)
    conditions: list[Condition] = []
    for name, pictures in of_kinds(labelled, kinds).items():
        conditions += labelled_conditions(
            name, pictures, whole_text=whole_text, limit=limit, seed=seed
        )
    composed = count if limit is None else min(count, limit)
    for name, singles in digits.items():
        conditions += composed_conditions(name, singles, count=composed, length=length, seed=seed)
    return conditions


def _single_digits(folder: Path) -> list[tuple[Path, int]]:
    try:
        return labelled_image_paths(folder)
    except ValueError as error:
        raise ValueError(f"{error}, or a list {LABELS_NAME}") from error


def write_results(
    folder: Path,
    measured: Mapping[str, Sequence[Reading]],
    settings: dict[str, Any],
    non_digits: NonDigits | None,
) -> dict[str, Any]:
    """Writes `measured_numbers.md`, `measured_numbers.json` and `number_failures.png`.

    Args:
        folder: Where they go.
        measured: What is written and what was read, by condition.
        settings: How it was measured.
        non_digits: What was read on pictures without a number; None if that was not measured.

    Returns:
        The content of `measured_numbers.json`.
    """
    figures = {name: summarize_readings(readings) for name, readings in measured.items()}
    description = {
        "settings": settings,
        "measured": figures,
        "non_digits": None if non_digits is None else asdict(non_digits),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "measured_numbers.json").write_text(f"{json.dumps(description, indent=2)}\n", "utf-8")
    text = "\n\n".join(_paragraphs(figures, settings, non_digits))
    (folder / "measured_numbers.md").write_text(f"{text}\n", "utf-8")
    failures_sheet(measured).save(folder / "number_failures.png")
    return description


def _paragraphs(
    figures: Mapping[str, Summary], settings: dict[str, Any], non_digits: NonDigits | None
) -> Iterator[str]:
    yield "# Numbers"
    header = (
        "pictures",
        "count",
        "exact match",
        "character error rate",
        "sure",
        "exact match of the sure ones",
        "sure and wrong",
    )
    yield markdown_table(header, [_cells(name, figure) for name, figure in figures.items()])
    if non_digits is not None:
        yield (
            f"Of {non_digits.count:,} pictures without a number, {non_digits.sure:.1%} are surely "
            f"read as one, and on {non_digits.read:.1%} anything is read."
        )
    compared = "The whole text is" if settings["text"] else "Digits are"
    yield (
        f"{compared} compared on labelled pictures, and the whole text on composed ones. "
        "The character error rate is the edit distance for each character written. "
        "Where `predict` reads single digits, sure means `is_digit`."
    )
    yield "![What was read for what, where it was wrong](number_failures.png)"


def _cells(name: str, figure: Summary) -> tuple[str, ...]:
    exact_of_sure = figure["exact_match_of_sure"]
    return (
        name,
        f"{figure['count']:,}",
        f"{figure['exact_match']:.1%}",
        f"{figure['character_error_rate']:.1%}",
        f"{figure['sure']:.1%}",
        "–" if exact_of_sure is None else f"{exact_of_sure:.1%}",
        f"{figure['sure_and_wrong']:,}",
    )


def _at_least(minimum: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text} is below {minimum}")
        return int(text)

    return number


def _parser() -> argparse.ArgumentParser:
    parser = command_line_parser(__doc__)
    parser.add_argument(
        "folders",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="pictures listed in its labels.csv, or single digits laid out as <label>/<image>",
    )
    parser.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="KIND",
        help="measure this kind of the labelled pictures; may be repeated (default: all)",
    )
    parser.add_argument(
        "--text",
        action="store_true",
        help="compare separators of labelled pictures, too (default: digits only)",
    )
    parser.add_argument(
        "--limit",
        type=_at_least(1),
        metavar="N",
        help="at most N pictures in each row, at random (default: all)",
    )
    parser.add_argument(
        "--count",
        type=_at_least(1),
        default=COUNT,
        metavar="N",
        help="composed numbers in each row (default: %(default)s)",
    )
    parser.add_argument(
        "--length",
        type=_at_least(1),
        default=LENGTH,
        metavar="N",
        help="digits in each composed number (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=_at_least(0),
        default=0,
        metavar="N",
        help="of all randomness (default: %(default)s)",
    )
    parser.add_argument(
        "--non-digits",
        type=Path,
        metavar="FOLDER",
        help="also say on how many of the pictures below this folder a number is read",
    )
    parser.add_argument(
        "--model",
        type=Path,
        default=ARTIFACTS / MODEL_NAME,
        metavar="FILE",
        help="the exported model (default: artifacts/digits.onnx)",
    )
    parser.add_argument(
        "--finder",
        type=Path,
        metavar="FILE",
        help="the exported number finder (default: artifacts/numbers.onnx)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=RESULTS,
        metavar="FOLDER",
        help="folder of the results; they show pictures (default: %(default)s)",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line.

    Args:
        arguments: In place of the process's own.
    """
    parser = _parser()
    parsed = parser.parse_args(arguments)
    try:
        conditions = find_conditions(
            parsed.folders,
            kinds=parsed.kind,
            whole_text=parsed.text,
            count=parsed.count,
            length=parsed.length,
            limit=parsed.limit,
            seed=parsed.seed,
        )
        others = image_paths(parsed.non_digits) if parsed.non_digits else []
        recognizer = DigitRecognizer(parsed.model, finder=parsed.finder)
        measured = {c.name: read_condition(recognizer, c) for c in conditions}
        non_digits = (
            read_non_digits(recognizer, some(others, parsed.limit, parsed.seed)) if others else None
        )
    except (ValueError, InferenceError) as error:
        parser.error(str(error))
    settings = {
        name: getattr(parsed, name) for name in ("kind", "text", "limit", "count", "length", "seed")
    }
    description = write_results(parsed.output, measured, settings, non_digits)
    print(json.dumps(description, indent=2))  # noqa: T201
    say(
        f"wrote measured_numbers.md, measured_numbers.json and number_failures.png to "
        f"{parsed.output}; look at what was misread before you trust a figure"
    )


if __name__ == "__main__":
    main()
