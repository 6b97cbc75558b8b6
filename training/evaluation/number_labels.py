"""Pictures of numbers with their labels, listed in a folder's `labels.csv`.

The columns are `path`, relative to the folder, and `label`, the text on the picture. A column
`kind` sorts the pictures. Numbers on several lines are parted by `/`, and numbers on the same line
by a blank. A label with a `?` says that nobody knows.
"""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, TypeVar

import numpy as np

from training.evaluation.number_readings import (
    Condition,
    Question,
    digits_of,
    through_predict,
    through_read_number,
    through_read_number_digits,
    through_read_numbers,
    through_read_numbers_digits,
)

LABELS_NAME = "labels.csv"

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture with its label.

    Attributes:
        path: Where it is.
        name: Its path as the list has it.
        numbers: The numbers on it in reading order, each with its separators.
        kind: What kind of picture it is; None if the list has no kinds.
    """

    path: Path
    name: str
    numbers: tuple[str, ...]
    kind: str | None


def read_labels(folder: Path) -> list[LabelledPicture]:
    """Reads a folder's list; pictures whose label has a `?` are left out.

    Raises:
        ValueError: The list is missing, cannot be read, has no row that can be used, or a row has
            no label, no digit in it, or no picture.
    """
    file = folder / LABELS_NAME
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            pictures = list(_pictures(file, lines))
    except FileNotFoundError as error:
        raise ValueError(f"{file} does not exist") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} cannot be read as CSV in UTF-8: {error}") from error
    if not pictures:
        raise ValueError(f"{file} has no row with a known label")
    return pictures


def _pictures(file: Path, lines: TextIO) -> Iterator[LabelledPicture]:
    reader = csv.DictReader(lines, strict=True)
    columns = reader.fieldnames or []
    if not {"path", "label"} <= set(columns):
        raise ValueError(f"{file} has the columns {list(columns)}; it needs path and label")
    for row in reader:
        place = f"{file}, line {reader.line_num}"
        # DictReader files what is too much under None, and fills up what is missing with it.
        if None in row or None in row.values():
            raise ValueError(
                f"{place}: expected {len(columns)} cells; a label with a comma needs quotes"
            )
        if "?" in row["label"]:
            continue
        numbers = tuple(row["label"].replace("/", " ").split())
        if not numbers or not all(map(digits_of, numbers)):
            raise ValueError(
                f"{place}: {row['label']!r} is not a label; each number needs a digit, and an "
                "unknown label is '?'"
            )
        if not (file.parent / row["path"]).is_file():
            raise ValueError(f"{place}: there is no picture {row['path']!r}")
        yield LabelledPicture(file.parent / row["path"], row["path"], numbers, row.get("kind"))


def of_kinds(
    lists: Mapping[str, Sequence[LabelledPicture]], kinds: Collection[str]
) -> dict[str, list[LabelledPicture]]:
    """Keeps the pictures of some kinds.

    Args:
        lists: Pictures by the name of their set. A set without kinds is kept whole.
        kinds: What to keep; empty for everything.

    Raises:
        ValueError: No picture is of one of the kinds.
    """
    known = {p.kind for pictures in lists.values() for p in pictures if p.kind is not None}
    unknown = set(kinds) - known
    if unknown:
        raise ValueError(
            f"no picture is of kind {', '.join(sorted(unknown))}; "
            f"the kinds are {', '.join(sorted(known)) or 'not given'}"
        )
    return {
        name: [p for p in pictures if not kinds or p.kind is None or p.kind in kinds]
        for name, pictures in lists.items()
    }


def labelled_conditions(
    name: str,
    pictures: Iterable[LabelledPicture],
    *,
    whole_text: bool,
    limit: int | None,
    seed: int,
) -> Iterator[Condition]:
    """Makes one condition of each kind, and another of single digits read by `predict`.

    Args:
        name: Of the set.
        pictures: The set.
        whole_text: Whether separators are compared, too; else only the digits are.
        limit: At most so many pictures of each kind, at random; None for all.
        seed: Chooses them.
    """
    by_kind: dict[str | None, list[LabelledPicture]] = {}
    for picture in pictures:
        by_kind.setdefault(picture.kind, []).append(picture)
    for kind, own in by_kind.items():
        row = f"{name}: {kind}" if kind else name
        chosen = some(own, limit, seed)
        yield Condition(row, [_question(p, whole_text) for p in chosen], len(chosen))
        digits = [p for p in chosen if len(p.numbers) == 1 and p.numbers[0] in set("0123456789")]
        if digits:
            questions = [Question(p.name, p.path, p.numbers[0], through_predict) for p in digits]
            yield Condition(f"{row}, single digits through predict", questions, len(questions))


def some(items: Sequence[Item], limit: int | None, seed: int) -> Sequence[Item]:
    """Chooses at most `limit` items at random, in their order; None for all."""
    if limit is None or limit >= len(items):
        return items
    chosen = np.random.default_rng(seed).choice(len(items), limit, replace=False)
    return [items[index] for index in sorted(chosen)]


def _question(picture: LabelledPicture, whole_text: bool) -> Question:
    if len(picture.numbers) == 1:
        read = through_read_number if whole_text else through_read_number_digits
    else:
        read = through_read_numbers if whole_text else through_read_numbers_digits
    numbers = picture.numbers if whole_text else [digits_of(text) for text in picture.numbers]
    return Question(picture.name, picture.path, " ".join(numbers), read)
