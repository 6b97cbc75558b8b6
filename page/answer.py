"""The answer: the numbers, and all that is known about one of their digits."""

import json
from pathlib import Path

import streamlit as st

from inference import DigitRecognizer, Located, Number, Prediction
from page.correct import show_correction
from page.explain import show_why
from page.frames import mark_name
from page.pictures import pixels_html
from page.reading import NOTHING_FOUND, Reading, fingerprint
from page.words import describe_number, format_probability, number_text

MODEL_VIEW_PX = 112
CHART_HEIGHT_PX = 150
NO_SPACE = "\u200b"  # a character without a width

# Text in the page's own colour: Vega's default is black in every theme. Above a full bar is room
# for its label.
PROBABILITY_CHART = json.loads(
    Path(__file__).with_name("probability_chart.json").read_text("utf-8")
)


def show_answer(
    recognizer: DigitRecognizer, reading: Reading, key: str, stroke_count: int | None = None
) -> None:
    """Show the numbers and, of one of their marks, all that is known."""
    answer = answer_html(reading, stroke_count)
    marks = reading.marks
    if len(marks) == 1:
        show_mark(recognizer, reading, marks[0], key, answer)
        return
    st.html(answer)
    if not marks:
        return
    # Whoever looks closer, looks at the least sure one first.
    least_sure = min(range(len(marks)), key=lambda index: marks[index].prediction.confidence)
    chosen = st.segmented_control(
        "Look closer at",
        range(len(marks)),
        # Equal digits differ by what is not seen: Streamlit tells options apart by their labels.
        format_func=lambda index: mark_name(marks[index], reading) + index * NO_SPACE,  # pyright: ignore[reportUnknownArgumentType]
        default=least_sure,
        required=True,
        key=f"{key}-mark-{fingerprint(reading)}",
    )
    # A browser may send none, whatever the type says.
    index = least_sure if chosen is None else chosen  # pyright: ignore[reportUnnecessaryComparison]
    show_mark(recognizer, reading, marks[index], key)


def show_mark(
    recognizer: DigitRecognizer,
    reading: Reading,
    mark: Located,
    key: str,
    answer: str | None = None,
) -> None:
    """Show what the model saw and the ten probabilities; why; and let it be corrected."""
    prediction = mark.prediction
    is_left_out = mark in reading.left_out
    what = "mark" if is_left_out else prediction.digit
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        if answer:
            st.html(answer, width="content")
        st.html(
            pixels_html(
                255 * prediction.normalized,
                f"The {what} as the model sees it: centred, in 28 × 28 pixels",
                "The model’s view",
            ),
            width=MODEL_VIEW_PX,
        )
        with st.container(key=f"{key}-chart"):
            show_probabilities(prediction)
    if not is_left_out:
        show_why(recognizer, prediction, key)
    show_correction(reading, mark, key)


def answer_html(reading: Reading, stroke_count: int | None) -> str:
    """Write the answer: the only digit, or every number in a line of its own."""
    numbers = reading.numbers
    match reading.marks:
        case []:
            lines = f'<div class="digits unsure">No digit</div>The drawing {NOTHING_FOUND}'
        case [mark]:
            lines = single_answer(mark, numbers[0])
        case _:
            # All in one size, which shrinks with the longest and with the lines.
            count = max(4 * len(numbers), *(len(number_text(number)) for number in numbers))
            lines = "".join(number_html(number, count) for number in numbers)
    # The count tells which drawing is answered: while strokes are added, the answer lags behind.
    strokes = "" if stroke_count is None else f' data-stroke-count="{stroke_count}"'
    texts = " ".join(number.text for number in numbers)
    return f'<div class="answer" role="status" data-numbers="{texts}"{strokes}>{lines}</div>'


def single_answer(mark: Located, number: Number) -> str:
    """Write a number of one digit; one that the model is unsure of names the two likeliest."""
    first, second = mark.prediction.top(2)
    odds = ", ".join(f"{format_probability(share)} for {digit}" for digit, share in (first, second))
    if not number.digits:
        text, note = "No digit", f"At best: {odds}"
    elif number.is_sure or mark.prediction.is_digit:
        text, note = number_text(number), describe_number(number)
    else:
        other = number.text.replace(str(first[0]), str(second[0]))
        text, note = f"{number.text} or {other}?", f"Not sure: {odds}"
    kind = "digits" if number.is_sure else "digits unsure"
    return f'<div class="{kind}">{text}</div>{note}'


def number_html(number: Number, count: int) -> str:
    """Write a number, every digit above its confidence, as large as `count` digits fit in."""
    digits = iter(number.digits)
    cells = "".join(
        digit_html(next(digits).prediction) if character.isdecimal() else f"<b>{character}</b>"
        for character in number_text(number)
    )
    return (
        f'<div class="digits several" style="--count: {count}">{cells}</div>'
        f"{describe_number(number)}"
    )


def digit_html(prediction: Prediction) -> str:
    """Write one digit of a number above its confidence."""
    confidence = format_probability(prediction.confidence)
    kind, sign = ("sure", "") if prediction.is_digit else ("unsure", " ?")
    return f'<span class="{kind}"><b>{prediction.digit}</b><small>{confidence}{sign}</small></span>'


def show_probabilities(prediction: Prediction) -> None:
    """Show the ten probabilities as bars, the digits of the answer in full colour."""
    percentages = [format_probability(probability) for probability in prediction.probabilities]
    answered = [digit for digit, _ in prediction.top(1 if prediction.is_digit else 2)]
    st.vega_lite_chart(  # pyright: ignore[reportUnknownMemberType]
        {
            "digit": range(10),
            "probability": prediction.probabilities,
            "label": ["" if percentage == "0%" else percentage for percentage in percentages],
            "is_answered": [digit in answered for digit in range(10)],
        },
        PROBABILITY_CHART,
        height=CHART_HEIGHT_PX,
        alt=f"Probabilities: {', '.join(f'{d}: {p}' for d, p in enumerate(percentages))}",
    )
