"""What was read wrong is corrected on the page, listed, taken back, and downloaded."""

import csv
import io
import re
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from inference import DetectedDigit, DigitRecognizer
from page.corrections import cut_out, digits_zip
from page.reading import Reading
from page.results import results_csv
from tests.drawings import render_number
from tests.page.opened import (
    THREE,
    YEAR,
    answers,
    as_text,
    file_content,
    html_elements,
    mark,
    number,
    open_page,
    table,
    two_lines,
    upload,
)


def choose(page: AppTest, index: int) -> AppTest:
    """Looks closer at a digit."""
    chooser = next(group for group in page.button_group if group.label == "Look closer at")
    chooser.set_value(index).run()
    assert not page.exception
    return page


def correct(page: AppTest, label: str | None) -> AppTest:
    """Clicks on what a digit is."""
    pills = next(group for group in page.button_group if group.label.startswith("Wrong?"))
    pills.set_value(label).run()
    assert not page.exception
    return page


def write(page: AppTest, text: str) -> AppTest:
    """Writes the whole number."""
    page.text_input[0].set_value(text).run()
    assert not page.exception
    return page


def take_back(page: AppTest) -> AppTest:
    """Takes back the first correction of the list."""
    next(button for button in page.button if button.label == "Take back").click().run()
    assert not page.exception
    return page


def frames(page: AppTest) -> str:
    """What stands at the frames."""
    return as_text([body for body in html_elements(page) if 'class="marks"' in body][-1])


def corrected_digits(page: AppTest) -> zipfile.ZipFile:
    archive = digits_zip(page.session_state["corrections"])
    assert archive is not None
    return zipfile.ZipFile(io.BytesIO(archive))


def test_what_is_read_as_no_number_at_all_can_be_corrected(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict()
    draw()

    page = correct(open_page(), "8")

    assert answers(page) == ["8 | Corrected by you"]
    (name,) = corrected_digits(page).namelist()
    assert name.startswith("8/")


def test_a_correction_changes_headline_and_frame_and_is_marked(draw: Callable[..., None]) -> None:
    draw()

    page = correct(open_page(), "8")

    assert answers(page) == ["8 | Corrected by you"]
    assert frames(page) == "8 ✎"
    assert '"mark corrected' in "".join(html_elements(page))


def test_a_corrected_digit_changes_its_number(draw: Callable[..., None]) -> None:
    draw(render_number(YEAR))

    page = correct(choose(open_page(), 2), "0")

    assert 'data-numbers="1904"' in "".join(html_elements(page))
    (answer,) = answers(page)
    assert re.fullmatch(r"1 \| .*% \| 9 \| .*% \| 0 \| ✎ \| 4 \| .*% \| Corrected by you", answer)
    assert frames(page) == "1 | 9 | 0 ✎ | 4"


def test_what_is_no_digit_leaves_its_number(draw: Callable[..., None]) -> None:
    draw(render_number(YEAR))

    page = correct(choose(open_page(), 0), "no digit")

    assert 'data-numbers="984"' in "".join(html_elements(page))
    assert frames(page) == "✕ ✎ | 9 | 8 | 4"


def test_the_only_digit_that_is_none_leaves_no_digit(draw: Callable[..., None]) -> None:
    draw()

    page = correct(open_page(), "no digit")

    assert answers(page) == ["No digit | Corrected by you, 1 rejected as no digit"]


def test_what_was_rejected_may_be_a_digit_of_its_number(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    one, seven, three = (
        mark({digit: 0.9}, is_digit=digit != 7, left=left)
        for digit, left in ((1, 60), (7, 190), (3, 300))
    )
    predict(number(one, three, rejected=(seven,), text="1.3"))
    draw(render_number(YEAR))
    page = open_page()
    assert frames(page) == "1 | ✕ | 3"

    correct(choose(page, 1), "7")

    assert 'data-numbers="1.73"' in "".join(html_elements(page))
    assert frames(page) == "1 | 7 ✎ | 3"


def test_a_missing_digit_is_written(draw: Callable[..., None]) -> None:
    draw(render_number(YEAR))

    page = write(open_page(), "1 9845")

    assert 'data-numbers="19845"' in "".join(html_elements(page))
    assert answers(page) == ["1 | 9 | 8 | 4 | 5 | Corrected by you"]


@pytest.mark.parametrize("text", ["<b>12</b>", "12a", "9" * 41])
def test_what_is_written_must_be_a_number(text: str, draw: Callable[..., None]) -> None:
    draw(render_number(YEAR))

    page = write(open_page(), text)

    assert 'data-numbers="1984"' in "".join(html_elements(page))
    assert page.toast[0].value.startswith("A number has up to 40 digits")
    assert page.text_input[0].value == ""


def test_a_correction_changes_the_table() -> None:
    year = file_content(render_number(YEAR))
    page = upload(("year.png", year), ("three.png", file_content(THREE.render())))

    correct(choose(page, 2), "0")

    assert table(page)[0] == "year.png | 19 | 0 | 4 | Corrected by you"


def test_the_csv_says_which_numbers_were_corrected() -> None:
    one, two = mark({1: 0.9}, is_digit=True), mark({2: 0.9}, is_digit=True, left=200)
    found, other = number(one, two), number(mark({7: 0.8}, is_digit=True, left=300))
    reading = Reading("a.png", THREE.render(), [found, other], corrected=[found])

    first, second = csv.DictReader(io.StringIO(results_csv([reading]).decode("utf-8-sig")))

    assert (first["text"], first["corrected"], first["confidence"]) == ("12", "true", "")
    assert (second["text"], second["corrected"], second["confidence"]) == ("7", "false", "0.8")


def test_corrections_are_listed_with_a_way_back(draw: Callable[..., None]) -> None:
    draw(render_number(YEAR))
    page = write(correct(choose(open_page(), 0), "7"), "2024")
    listed = [as_text(body) for body in html_elements(page) if 'class="correction"' in body]
    assert listed == ["1 →  | 7 | drawing", "1984 →  | 2024 | drawing"]
    assert page.markdown[-2].value == "**1 digit and 1 number corrected.**"

    take_back(take_back(page))

    assert 'data-numbers="1984"' in "".join(html_elements(page))
    assert not page.session_state["corrections"]
    assert page.text_input[0].value == ""


def test_another_click_changes_a_correction_and_the_same_click_takes_it_back(
    draw: Callable[..., None],
) -> None:
    draw()
    page = correct(correct(open_page(), "8"), "5")
    assert [name[0] for name in corrected_digits(page).namelist()] == ["5"]

    correct(page, None)

    assert not page.session_state["corrections"]
    assert not page.download_button
    assert answers(page)[0].startswith("3 | ")


def test_a_corrected_drawing_is_in_the_zip_under_its_label(draw: Callable[..., None]) -> None:
    draw()

    page = correct(open_page(), "8")

    (name,) = corrected_digits(page).namelist()
    assert re.fullmatch(r"8/[0-9a-f]{16}\.png", name)
    picture = Image.open(corrected_digits(page).open(name))
    assert DigitRecognizer().predict(picture).digit == THREE.label
    assert any("Nothing is kept on the server: download" in text.value for text in page.markdown)
    assert page.download_button[0].label == "Download as zip"


def test_only_digits_are_in_the_zip(draw: Callable[..., None]) -> None:
    draw()

    page = write(correct(open_page(), "no digit"), "31")

    assert digits_zip(page.session_state["corrections"]) is None
    assert not page.download_button


def test_a_corrected_digit_of_a_number_is_cut_out_of_it(draw: Callable[..., None]) -> None:
    draw(render_number(YEAR))

    page = correct(choose(open_page(), 2), "0")

    (name,) = corrected_digits(page).namelist()
    picture = Image.open(corrected_digits(page).open(name))
    assert name.startswith("0/")
    assert picture.width < 200  # of 600
    assert DigitRecognizer().predict(picture).digit == 8


def test_a_digit_of_the_second_line_can_be_corrected(draw: Callable[..., None]) -> None:
    draw(two_lines())
    page = open_page()
    chooser = next(group for group in page.button_group if group.label == "Look closer at")
    assert [option[0] for option in chooser.options] == list("198470")

    correct(choose(page, 4), "2")

    (name,) = corrected_digits(page).namelist()
    assert name.startswith("2/")
    digit = DigitRecognizer().predict(Image.open(corrected_digits(page).open(name))).digit
    assert digit == 7
    assert 'data-numbers="1984 20"' in "".join(html_elements(page))


def test_a_digit_among_touching_neighbours_is_saved_as_the_model_saw_it_alone() -> None:
    recognizer = DigitRecognizer()
    picture = render_number(YEAR)
    one, nine, eight, _ = recognizer.read_number(picture).digits
    neighbour = DetectedDigit(nine.box, eight.prediction)
    reading = Reading("number", picture, [number(one, nine, neighbour)])

    alone = cut_out(reading, nine)

    assert alone.size == (28, 28)
    assert recognizer.predict(alone).digit == 9
