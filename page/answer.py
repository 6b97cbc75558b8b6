"""The answer: the numbers, and all that is known about one of their digits."""

import json
from pathlib import Path

import streamlit as st

from inference import DetectedDigit, DigitRecognizer, Prediction
from page.correct import show_digit_correction, show_number_correction
from page.explain import show_why
from page.frames import mark_name
from page.headline import answer_html
from page.pictures import pixels_html
from page.reading import Reading, fingerprint
from page.words import format_probability, odds

MODEL_VIEW_PX = 112
CHART_HEIGHT_PX = 150
NO_SPACE = "\u200b"  # a character without a width

# Text in the page's own colour: Vega's default is black in every theme. Above a full bar is room
# for its label.
PROBABILITY_CHART = json.loads(
    Path(__file__).with_name("probability_chart.json").read_text("utf-8")
)


def show_answer(
    recognizer: DigitRecognizer,
    reading: Reading,
    shown: Reading,
    key: str,
    stroke_count: int | None = None,
) -> None:
    """Show the numbers and, of one of their marks, all that is known.

    What was read is looked at closer and corrected; what is shown is that, corrected.
    """
    st.html(answer_html(shown, stroke_count))
    if not reading.marks:
        return
    index = choose_mark(reading, shown, key)
    mark = reading.marks[index]
    show_mark(recognizer, reading, mark, key)
    show_digit_correction(reading, mark, key)
    number = next(
        number for number in reading.numbers if mark in (*number.digits, *number.rejected)
    )
    show_number_correction(reading, number, key)


def choose_mark(reading: Reading, shown: Reading, key: str) -> int:
    """Let one of several marks be chosen; whoever looks closer, looks at the least sure first."""
    confidences = [mark.prediction.confidence for mark in reading.marks]
    least_sure = confidences.index(min(confidences))
    if len(confidences) == 1:
        return least_sure

    def name(index: int) -> str:
        reason = " :small[least sure]" if index == least_sure else ""
        # Equal digits differ by what is not seen: Streamlit tells options apart by their labels.
        return mark_name(shown.marks[index], shown) + reason + index * NO_SPACE

    chosen = st.segmented_control(
        "Look closer at",
        range(len(confidences)),
        format_func=name,  # pyright: ignore[reportUnknownArgumentType]
        default=least_sure,
        required=True,
        key=f"{key}-mark-{fingerprint(reading)}",
    )
    # A browser may send none, whatever the type says.
    return least_sure if chosen is None else chosen  # pyright: ignore[reportUnnecessaryComparison]


def show_mark(recognizer: DigitRecognizer, reading: Reading, mark: DetectedDigit, key: str) -> None:
    """Show what the model saw and the ten probabilities, and why."""
    prediction = mark.prediction
    is_rejected = mark in reading.rejected
    what = "mark" if is_rejected else prediction.digit
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.html(
            pixels_html(
                255 * prediction.normalized,
                f"The {what} as the model sees it: centred, in 28 × 28 pixels",
                "The model’s view",
            ),
            width=MODEL_VIEW_PX,
        )
        if is_rejected:  # Ten low bars would say nothing.
            st.html(f"<p>No digit. It resembles {odds(prediction, 'and')} most.</p>")
            return
        with st.container(key=f"{key}-chart"):
            show_probabilities(prediction)
    show_why(recognizer, prediction, key)


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
