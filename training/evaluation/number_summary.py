"""Sums up how numbers were read.

Exact match is the share of pictures read without any mistake. The character error rate is the sum
of the edit distances (Levenshtein) between what is written and what was read, divided by the
number of characters written. A wrong, a lost and an invented character count one each. The exact
match of the sure ones counts only pictures that the recognizer calls sure.
"""

from collections.abc import Sequence
from typing import TypedDict

from training.evaluation.number_readings import Reading


class Summary(TypedDict):
    """How the pictures of a condition were read; shares are 0…1.

    Attributes:
        count: Pictures.
        exact_match: Share read without any mistake.
        character_error_rate: Mistakes for each character written; above 1 if much was invented.
        sure: Share that the recognizer calls sure.
        exact_match_of_sure: Share of the sure ones without any mistake; None if none is sure.
        sure_and_wrong: How many of the sure ones are wrong.
        nothing_read: Share on which nothing was read.
        several_found: Share on which several numbers were found in place of one.
    """

    count: int
    exact_match: float
    character_error_rate: float
    sure: float
    exact_match_of_sure: float | None
    sure_and_wrong: int
    nothing_read: float
    several_found: float


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


def summarize_readings(readings: Sequence[Reading]) -> Summary:
    """Sums up at least one reading."""
    count = len(readings)
    mistakes = sum(edit_distance(reading.written, reading.read) for reading in readings)
    sure = [reading for reading in readings if reading.is_sure]
    sure_and_wrong = sum(not reading.is_right for reading in sure)
    return {
        "count": count,
        "exact_match": sum(reading.is_right for reading in readings) / count,
        "character_error_rate": mistakes / sum(len(reading.written) for reading in readings),
        "sure": len(sure) / count,
        "exact_match_of_sure": 1 - sure_and_wrong / len(sure) if sure else None,
        "sure_and_wrong": sure_and_wrong,
        "nothing_read": sum(not r.read and not r.is_several for r in readings) / count,
        "several_found": sum(reading.is_several for reading in readings) / count,
    }
