"""The conditions under which composed numbers are read."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator

from inference import ImageSource
from training.evaluation.number_forms import boxed, ruled
from training.evaluation.number_readings import (
    Answer,
    Condition,
    Question,
    Recognizer,
    through_predict,
    through_read_number,
)
from training.evaluation.number_separators import amount_or_date
from training.evaluation.numbers import Composer, WrittenNumber
from training.evaluation.photographs import photograph, read_page

Write = Callable[[Generator], WrittenNumber]


def composed_conditions(
    name: str,
    pictures: Sequence[tuple[Path, int]],
    *,
    count: int,
    length: int,
    seed: int,
) -> Iterator[Condition]:
    """Composes numbers from pictures of single digits; the whole text is compared.

    Args:
        name: Of the set of pictures.
        pictures: Paths and labels of single digits.
        count: Numbers in each condition.
        length: Digits of a number, except of amounts and dates.
        seed: Of all randomness; the same seed gives the same numbers.

    Raises:
        ValueError: No writer has pictures enough for a number.
    """
    composer = Composer(pictures, length)

    def apart(generator: Generator) -> WrittenNumber:
        return composer.compose(generator, touching=False)

    def touching(generator: Generator) -> WrittenNumber:
        return composer.compose(generator, touching=True)

    def boxes(generator: Generator) -> WrittenNumber:
        return boxed(composer, generator)

    def lines(generator: Generator) -> WrittenNumber:
        return ruled(composer, generator)

    def separated(generator: Generator) -> WrittenNumber:
        return amount_or_date(composer, generator)

    numbers: list[tuple[str, Write, bool]] = [
        ("apart", apart, False),
        ("one pair touching", touching, False),
        ("apart, photographed", apart, True),
        ("boxed", boxes, False),
        ("ruled", lines, False),
        ("amounts and dates", separated, False),
    ]
    for condition, write, is_photographed in numbers:
        questions = _composed(write, count, seed, is_photographed)
        yield Condition(f"{name}: {condition}", questions, count)
    chosen = np.random.default_rng(seed).choice(
        len(pictures), min(count, len(pictures)), replace=False
    )
    singles = [pictures[index] for index in chosen]
    for condition, read, is_photographed in (
        ("single digits", through_predict, False),
        ("single digits, photographed", through_predict, True),
        ("single digits, read as numbers", through_read_number, False),
    ):
        questions = _singles(singles, read, seed, is_photographed)
        yield Condition(f"{name}: {condition}", questions, len(singles))


def _composed(write: Write, count: int, seed: int, is_photographed: bool) -> Iterator[Question]:
    for index in range(count):
        number = write(np.random.default_rng([seed, index]))
        page = number.page
        if is_photographed:
            page = photograph(page, np.random.default_rng([seed, index, 1]))
        yield Question(f"number {index}", page, number.text, through_read_number)


def _singles(
    pictures: Sequence[tuple[Path, int]],
    read: Callable[[Recognizer, ImageSource], Answer],
    seed: int,
    is_photographed: bool,
) -> Iterator[Question]:
    for index, (path, label) in enumerate(pictures):
        page = read_page(path)
        if is_photographed:
            page = photograph(page, np.random.default_rng([seed, index, 1]))
        yield Question(path.name, page, str(label), read)
