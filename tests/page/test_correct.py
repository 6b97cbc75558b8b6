"""A wrong digit is corrected, and what was corrected can be downloaded."""

import io
import re
import zipfile
from collections.abc import Callable

from PIL import Image
from streamlit.testing.v1 import AppTest

from inference import DigitRecognizer, Located
from page.correct import corrections_zip, cut_out
from page.reading import Reading
from tests.drawings import render_number
from tests.page.opened import THREE, YEAR, number, open_page, two_lines


def correct(page: AppTest, digit: int | None) -> AppTest:
    """Clicks on the right digit."""
    pills = next(group for group in page.button_group if group.label.startswith("Wrong?"))
    (pills.set_value(None) if digit is None else pills.set_value(digit)).run()
    assert not page.exception
    return page


def corrected(page: AppTest) -> zipfile.ZipFile:
    corrections = page.session_state["corrections"]
    return zipfile.ZipFile(io.BytesIO(corrections_zip(corrections)))


def test_a_corrected_drawing_is_in_the_zip_under_its_label(draw: Callable[..., None]) -> None:
    draw()

    page = correct(open_page(), 8)

    (name,) = corrected(page).namelist()
    assert re.fullmatch(r"8/[0-9a-f]{16}\.png", name)
    picture = Image.open(corrected(page).open(name))
    assert DigitRecognizer().predict(picture).digit == THREE.label
    assert any("Nothing is kept on the server" in text.value for text in page.markdown)
    assert page.download_button[0].label == "Download as zip"


def test_a_corrected_digit_of_a_number_is_cut_out_of_it(draw: Callable[..., None]) -> None:
    draw(render_number(YEAR))
    page = open_page()
    chooser = next(group for group in page.button_group if group.label == "Look closer at")

    chooser.set_value(2).run()
    correct(page, 0)

    (name,) = corrected(page).namelist()
    picture = Image.open(corrected(page).open(name))
    assert name.startswith("0/")
    assert picture.width < 200  # of 600
    assert DigitRecognizer().predict(picture).digit == 8


def test_a_digit_of_the_second_line_can_be_corrected(draw: Callable[..., None]) -> None:
    draw(two_lines())
    page = open_page()
    chooser = next(group for group in page.button_group if group.label == "Look closer at")
    assert [option[0] for option in chooser.options] == list("198470")

    chooser.set_value(4).run()
    correct(page, 2)

    (name,) = corrected(page).namelist()
    assert name.startswith("2/")
    assert DigitRecognizer().predict(Image.open(corrected(page).open(name))).digit == 7


def test_a_digit_among_touching_neighbours_is_saved_as_the_model_saw_it_alone() -> None:
    recognizer = DigitRecognizer()
    picture = render_number(YEAR)
    one, nine, eight, _ = recognizer.read_number(picture).digits
    neighbour = Located(nine.box, eight.prediction)
    reading = Reading("number", picture, [number(one, nine, neighbour)])

    alone = cut_out(reading, nine)

    assert alone.size == (28, 28)
    assert recognizer.predict(alone).digit == 9


def test_another_click_changes_a_correction_and_the_same_click_takes_it_back(
    draw: Callable[..., None],
) -> None:
    draw()
    page = correct(correct(open_page(), 8), 5)
    assert [name[0] for name in corrected(page).namelist()] == ["5"]

    correct(page, None)

    assert corrected(page).namelist() == []
    assert not page.download_button
