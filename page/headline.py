"""The headline of an answer: every number, large, and how sure it is."""

import html

from inference import DetectedDigit, Number
from page.frames import CORRECTED, mark_kind, mark_name
from page.reading import NOTHING_FOUND, Reading
from page.words import describe_number, format_probability, number_cells, number_text, sentence


def answer_html(reading: Reading, stroke_count: int | None) -> str:
    """Write the answer: every number in a line of its own."""
    numbers = reading.numbers
    # All in one size, which shrinks with the longest and with the lines.
    count = max([4 * len(numbers), *(len(number_text(number)) for number in numbers)], default=1)
    lines = "".join(number_html(number, reading, count) for number in numbers)
    if not numbers:
        lines = f'<div class="digits none">No digit</div>{sentence(NOTHING_FOUND)}'
    # The count tells which drawing is answered: while strokes are added, the answer lags behind.
    strokes = "" if stroke_count is None else f' data-stroke-count="{stroke_count}"'
    texts = html.escape(" ".join(number.text for number in numbers))
    return f'<div class="answer" role="status" data-numbers="{texts}"{strokes}>{lines}</div>'


def number_html(number: Number, reading: Reading, count: int) -> str:
    """Write a number, as large as `count` characters fit in, and how sure it is."""
    note = describe_number(number, is_corrected=number in reading.corrected)
    if not number.text:
        return f'<div class="digits none">No digit</div>{note}'
    cells = number_cells(number)
    if len(number.digits) > 1 or len(cells) > 2:
        body = "".join(
            digit_html(digit, reading) if digit else f"<b>{html.escape(text)}</b>"
            for text, digit in cells
        )
        is_written = not any(digit for _, digit in cells)  # by the visitor
        kind = "several corrected" if is_written else "several"
        return f'<div class="digits {kind}" style="--count: {count}">{body}</div>{note}'
    kinds = " ".join(mark_kind(digit, reading) for _, digit in cells if digit)
    return f'<div class="digits {kinds}"><b>{html.escape(number_text(number))}</b></div>{note}'


def digit_html(digit: DetectedDigit, reading: Reading) -> str:
    """Write one digit of a number above its confidence."""
    kind, name = mark_kind(digit, reading), mark_name(digit, reading)
    confidence = format_probability(digit.prediction.confidence)
    if kind == "corrected":
        name, confidence = str(digit.prediction.digit), CORRECTED
    return f'<span class="{kind}"><b>{name}</b><small>{confidence}</small></span>'
