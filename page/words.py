"""What the page says of probabilities and numbers."""

import re

from inference import Number

ALMOST_CERTAIN = 0.995  # What would round to 100%.


def format_probability(probability: float) -> str:
    """Write a probability as a percentage that never claims certainty."""
    return ">99%" if probability >= ALMOST_CERTAIN else f"{probability:.0%}"


def number_text(number: Number) -> str:
    """Write a number in plain characters, an unsure one with a question mark."""
    return f"{number.text}{'' if number.is_sure else '?'}" if number.text else "–"


def describe_number(number: Number) -> str:
    """Say how sure a number is and what was left out."""
    unsure = sum(not digit.prediction.is_digit for digit in number.digits)
    parts: list[str] = []
    if number.digits:
        doubt = "" if number.is_sure else "Not sure: "
        parts.append(f"{doubt}{format_probability(number.confidence)} confident")
    if unsure:
        parts.append(f"{unsure} unsure, marked “?”")
    if number.left_out:
        parts.append(f"{len(number.left_out)} left out as no digit")
    return ", ".join(parts)


def escape_markdown(text: str) -> str:
    """Make Markdown show a text as it is."""
    return re.sub(r"([^\w\s]|_)", r"\\\1", text)
