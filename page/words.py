"""What the page says of probabilities and numbers."""

import html
import re
from collections.abc import Sequence

from inference import DetectedDigit, Number, Prediction

ALMOST_CERTAIN = 0.995  # What would round to 100%.


def format_probability(probability: float) -> str:
    """Write a probability as a percentage that never claims certainty."""
    return ">99%" if probability >= ALMOST_CERTAIN else f"{probability:.0%}"


def doubtful_digits(number: Number) -> Sequence[DetectedDigit]:
    """Tell which digits make a number unsure, at least one of each unsure number."""
    if number.is_sure or not number.digits:
        return ()
    unsure = [digit for digit in number.digits if not digit.prediction.is_digit]
    return unsure or [min(number.digits, key=lambda digit: digit.prediction.confidence)]


def number_cells(number: Number) -> list[tuple[str, DetectedDigit | None]]:
    """Give each character of a number with its digit; a separator has none.

    Neither have the digits of a number that a visitor wrote.
    """
    read = "".join(str(digit.prediction.digit) for digit in number.digits)
    is_as_read = read == "".join(filter(str.isdecimal, number.text))
    digits = iter(number.digits)
    return [
        (character, next(digits) if is_as_read and character.isdecimal() else None)
        for character in number.text
    ]


def number_text(number: Number) -> str:
    """Write a number in plain characters, a question mark behind each doubtful digit."""
    doubtful = doubtful_digits(number)
    cells = number_cells(number)
    return "".join(text + "?" * (digit in doubtful) for text, digit in cells) or "–"


def describe_number(number: Number, *, is_corrected: bool = False) -> str:
    """Say how sure a number is and how much was rejected."""
    match number.digits, number.rejected:
        case _ if is_corrected:
            parts = ["Corrected by you" + ", not sure yet" * bool(doubtful_digits(number))]
        case [], [mark]:
            return f"It resembles {odds(mark.prediction, 'and')} most"
        case [], _:
            parts = []
        case [digit], _ if not number.is_sure and not digit.prediction.is_digit:
            parts = [f"Not sure: {odds(digit.prediction, 'or')}"]
        case digits, _:
            doubt = "" if number.is_sure else "Not sure: "
            # Each of its digits has a figure of its own.
            whole = " in the whole number" if len(digits) > 1 else ""
            parts = [f"{doubt}{format_probability(number.confidence)} confident{whole}"]
    if number.rejected:
        parts.append(f"{len(number.rejected)} rejected as no digit")
    return ", ".join(parts)


def odds(prediction: Prediction, between: str) -> str:
    """Name the two likeliest digits and how likely they are."""
    first, second = (f"{digit} ({format_probability(p)})" for digit, p in prediction.top(2))
    return f"{first} {between} {second}"


def sentence(text: str) -> str:
    """Begin with a capital letter and end with a full stop."""
    return f"{text[0].upper()}{text[1:].removesuffix('.')}."


def file_name_html(name: str) -> str:
    """Write a file's name, which may wrap behind its punctuation."""
    return re.sub(r"([-_.,\s]+)", r"\1<wbr>", html.escape(name))


def escape_markdown(text: str) -> str:
    """Make Markdown show a text as it is."""
    return re.sub(r"([^\w\s]|_)", r"\\\1", text)
