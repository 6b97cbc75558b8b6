"""The page, opened without a browser, and what stands on it."""

import html
import io
import re

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from inference import Box, DetectedDigit, Number, Prediction
from tests.drawings import load_drawings, render_number

DRAWINGS = {str(drawing): drawing for drawing in load_drawings()}
THREE = DRAWINGS["3 round"]
YEAR = [DRAWINGS[name] for name in ("1 plain bar", "9 straight leg", "8 two circles", "4 closed")]
HOUSE = [DRAWINGS[name] for name in ("7 crossed", "0 oval")]


def mark(probabilities: dict[int, float], *, is_digit: bool, left: int = 100) -> DetectedDigit:
    """A mark of 40 × 80 pixels with the given probabilities of some digits."""
    prediction = Prediction(
        digit=max(probabilities, key=lambda digit: probabilities[digit]),
        confidence=max(probabilities.values()),
        probabilities=tuple(probabilities.get(digit, 0.0) for digit in range(10)),
        is_digit=is_digit,
        normalized=np.zeros((28, 28), np.float32),
    )
    return DetectedDigit(Box(left, 100, 40, 80), prediction)


def number(
    *digits: DetectedDigit,
    rejected: tuple[DetectedDigit, ...] = (),
    text: str = "",
    is_sure: bool | None = None,
) -> Number:
    """A number of these marks; by default as sure as its digits, and without separators."""
    are_sure = bool(digits) and all(digit.prediction.is_digit for digit in digits)
    return Number(
        text=text or "".join(str(digit.prediction.digit) for digit in digits),
        confidence=float(np.prod([digit.prediction.confidence for digit in digits])),
        is_sure=are_sure if is_sure is None else is_sure,
        box=Box(100, 100, 340, 80),
        digits=digits,
        rejected=rejected,
    )


def two_lines() -> Image.Image:
    """1984, and below it, further to the left, 70."""
    page = Image.new("L", (800, 400), 255)
    page.paste(render_number(YEAR), (200, 0))
    page.paste(render_number(HOUSE, (300, 200)), (0, 200))
    return page


def file_content(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def open_page() -> AppTest:
    def page() -> None:
        import app

        app.main()

    page_test = AppTest.from_function(page, default_timeout=20).run()
    assert not page_test.exception
    return page_test


def upload(*files: tuple[str, bytes]) -> AppTest:
    page = open_page()
    page.file_uploader[0].set_value([(name, content, "image/png") for name, content in files])
    page.run()
    assert not page.exception
    return page


def html_elements(page: AppTest) -> list[str]:
    return [element.proto.body for element in page.get("html")]  # pyright: ignore


def table(page: AppTest) -> list[str]:
    """The rows of the results of uploads, cells and lines parted by " | "."""
    body = next(body for body in html_elements(page) if 'class="results"' in body)
    return [as_text(row.replace("<wbr>", "")) for row in re.findall("<tr.*?</tr>", body)[1:]]


def as_text(markup: str) -> str:
    text = re.sub(r"\|+", " | ", re.sub("<[^>]+>", "|", markup)).strip(" |")
    return html.unescape(text)


def answers(page: AppTest) -> list[str]:
    """The answers' texts, line breaks as " | "."""
    return [as_text(body) for body in html_elements(page) if 'class="answer"' in body]
