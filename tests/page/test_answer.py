"""The answer: the numbers, and all that is known about one of their digits."""

import re
from collections.abc import Callable

import pytest

from inference import DetectedDigit
from tests.drawings import render_number
from tests.page.opened import (
    DRAWINGS,
    YEAR,
    answers,
    html_elements,
    mark,
    number,
    open_page,
    two_lines,
)


def test_a_drawn_3_shows_3_and_its_confidence(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(mark({3: 0.972, 8: 0.028}, is_digit=True)))
    draw()

    page = open_page()

    assert answers(page) == ["3 | 97% confident"]
    assert not page.info


def test_a_confidence_that_rounds_to_100_claims_no_certainty(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(mark({3: 0.999, 8: 0.001}, is_digit=True)))
    draw()

    assert answers(open_page()) == ["3 | >99% confident"]


def test_an_unsure_answer_says_so_and_names_the_two_likeliest_digits(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(mark({4: 0.41, 9: 0.38, 7: 0.21}, is_digit=False)))
    draw()

    assert answers(open_page()) == ["4? | Not sure: 4 (41%) or 9 (38%)"]


def test_the_chart_tells_the_ten_probabilities_in_words(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(mark({4: 0.41, 9: 0.38, 7: 0.21}, is_digit=False)))
    draw()

    chart = open_page().get("vega_lite_chart")[0].proto  # pyright: ignore

    assert chart.alt == (
        "Probabilities: 0: 0%, 1: 0%, 2: 0%, 3: 0%, 4: 41%, 5: 0%, 6: 0%, 7: 21%, 8: 0%, 9: 38%"
    )


def test_a_mark_that_is_rejected_is_called_no_digit(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(rejected=(mark({8: 0.12, 0: 0.11}, is_digit=False),)))
    draw()

    page = open_page()

    assert answers(page) == ["No digit | It resembles 8 (12%) and 0 (11%) most"]
    assert not page.expander  # Nothing speaks for a digit that was not read.
    assert not page.get("vega_lite_chart")  # Ten low bars would say nothing.


def test_a_drawn_number_is_read_digit_by_digit(draw: Callable[..., None]) -> None:
    draw(render_number(YEAR))

    page = open_page()

    digits = re.findall(r"<b>(\d)</b>", "".join(html_elements(page)))
    assert "".join(digits) == "1984"


def test_two_lines_on_one_picture_are_two_answers_in_reading_order(
    draw: Callable[..., None],
) -> None:
    draw(two_lines())

    (answer,) = (body for body in html_elements(open_page()) if 'class="answer"' in body)

    assert 'data-numbers="1984 70"' in answer
    lines = [re.findall(r"<b>(\d)</b>", line) for line in answer.split("several")[1:]]
    assert lines == [list("1984"), list("70")]
    assert len(re.findall(r"\d+% confident", answer)) == 2


def test_every_number_is_as_sure_as_it_says_itself(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    sure, doubtful = mark({2: 0.9}, is_digit=True), mark({1: 0.5}, is_digit=False, left=200)
    predict(number(sure, is_sure=False), number(doubtful, is_sure=True))
    draw()

    assert answers(open_page()) == ["2? | Not sure: 90% confident | 1 | 50% confident"]


@pytest.mark.parametrize(
    ("is_sure", "answer"), [(True, "2 | 90% confident"), (False, "2? | Not sure: 90% confident")]
)
def test_the_only_number_is_as_sure_as_it_says_itself(
    is_sure: bool, answer: str, draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(mark({2: 0.9}, is_digit=True), is_sure=is_sure))
    draw()

    page = open_page()

    assert answers(page) == [answer]
    assert ('"digits unsure"' in "".join(html_elements(page))) != is_sure
    assert ('"mark unsure"' in "".join(html_elements(page))) != is_sure


def test_the_separators_of_a_number_are_shown_between_its_digits(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    digits = [mark({digit: 0.9}, is_digit=True, left=100 * digit) for digit in (1, 2, 5)]
    predict(number(*digits, text="-1.25"))
    draw()

    assert answers(open_page()) == [
        "- | 1 | 90% | . | 2 | 90% | 5 | 90% | 73% confident in the whole number"
    ]


@pytest.mark.parametrize(
    ("is_digit", "answer"),
    [(True, "-4 | 90% confident"), (False, "-4? | Not sure: 4 (90%) or 9 (10%)")],
)
def test_the_sign_of_a_number_of_one_digit_is_shown(
    is_digit: bool, answer: str, draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(mark({4: 0.9, 9: 0.1}, is_digit=is_digit), text="-4"))
    draw()

    assert answers(open_page()) == [answer]


def test_of_all_numbers_the_least_sure_mark_is_looked_at_first(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(
        number(mark({2: 0.99}, is_digit=True), mark({1: 0.6}, is_digit=True, left=200)),
        number(mark({5: 0.9}, is_digit=True, left=300)),
    )
    draw()

    chart = open_page().get("vega_lite_chart")[0].proto  # pyright: ignore

    assert "1: 60%" in chart.alt


def test_each_of_several_equal_digits_can_be_looked_at(
    draw: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[DetectedDigit] = []
    monkeypatch.setattr("page.answer.show_mark", lambda *arguments: shown.append(arguments[2]))
    four, one = DRAWINGS["4 closed"], DRAWINGS["1 plain bar"]
    draw(render_number([four, one, four]))
    page = open_page()
    shown.clear()

    for index in range(3):
        chooser = next(group for group in page.button_group if group.label == "Look closer at")
        chooser.set_value(index).run()

    assert [mark.prediction.digit for mark in shown] == [4, 1, 4]
    assert shown[0].box.left < shown[1].box.left < shown[2].box.left
