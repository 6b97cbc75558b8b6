"""The results of several pictures, as a table and as CSV."""

import csv
import io
import re
from collections.abc import Callable

import pytest

from inference import Box, DigitRecognizer
from page.reading import Failure, Reading
from page.results import results_csv
from tests.drawings import render_number
from tests.page.opened import (
    THREE,
    YEAR,
    as_text,
    file_content,
    html_elements,
    mark,
    number,
    table,
    two_lines,
    upload,
)


def test_uploads_are_answered_in_a_table() -> None:
    page = upload(
        ("three.png", file_content(THREE.render())), ("year.png", file_content(render_number(YEAR)))
    )

    first, second = table(page)
    assert first.startswith("three.png | 3 | ")
    assert first.endswith("confident")
    assert second.startswith("year.png | 1984 | ")


def test_every_number_of_a_picture_has_its_row_and_its_frames() -> None:
    page = upload(("lines.png", file_content(two_lines())), ("empty.png", b""))

    first, second, _ = table(page)
    assert re.match(r"lines\.png \| 1984\??( \||$)", first)
    assert re.match(r"70\??( \||$)", second)
    photo = next(body for body in html_elements(page) if "<figure" in body)
    assert as_text(photo) == "1 | 9 | 8 | 4 | 7 | 0"


def test_an_unsure_number_has_a_question_mark_in_the_table(predict: Callable[..., None]) -> None:
    one, other = (mark({2: 0.9}, is_digit=True, left=left) for left in (100, 200))
    predict(number(one, is_sure=False), number(other, is_sure=True))

    page = upload(("twos.png", file_content(THREE.render())), ("empty.png", b""))

    assert table(page)[:2] == ["twos.png | 2? | Not sure: 90% confident", "2 | 90% confident"]


def test_a_file_name_is_shown_as_it_is_and_wraps_behind_its_punctuation() -> None:
    page = upload(("<b>&amp;*a*_[b](c).png", b""))

    body = next(body for body in html_elements(page) if 'class="results"' in body)
    assert "&lt;b&gt;&amp;amp;*a*_<wbr>[b](c).<wbr>png" in body


def test_the_csv_has_a_row_for_every_number_with_its_box() -> None:
    picture = two_lines()
    numbers = DigitRecognizer().read_numbers(picture)
    results = [
        Reading("year, old.png", picture, numbers),
        Failure("notes.png", "looks broken."),
    ]

    text = results_csv(results).decode("utf-8-sig")

    *rows, broken = csv.DictReader(io.StringIO(text))
    assert [(row["image"], row["text"]) for row in rows] == [
        ("year, old.png", "1984"),
        ("year, old.png", "70"),
    ]
    for row, found in zip(rows, numbers, strict=True):
        box = [int(row[edge]) for edge in ("left", "top", "width", "height")]
        assert Box(*box) == found.box
        assert float(row["confidence"]) == pytest.approx(found.confidence, abs=1e-4)
        assert row["error"] == ""
    assert (broken["image"], broken["text"]) == ("notes.png", "")
    assert broken["error"] == "looks broken."


@pytest.mark.parametrize("is_sure", [True, False])
def test_the_csv_tells_whether_a_number_is_sure(is_sure: bool) -> None:
    found = number(mark({3: 0.9}, is_digit=True), is_sure=is_sure)
    reading = Reading("three.png", THREE.render(), [found])

    (row,) = csv.DictReader(io.StringIO(results_csv([reading]).decode("utf-8-sig")))

    assert row["is_sure"] == str(is_sure).lower()
