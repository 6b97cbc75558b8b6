"""The page's states, without a browser."""

import csv
import functools
import html
import io
import json
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from starlette.exceptions import HTTPException
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

import app
from inference import Box, DigitRecognizer, InferenceError, Located, Number, Prediction
from tests.drawings import load_drawings, render_number

ARTIFACTS = Path(app.__file__).parent / "artifacts"
DRAWINGS = {str(drawing): drawing for drawing in load_drawings()}
THREE = DRAWINGS["3 round"]
YEAR = [DRAWINGS[name] for name in ("1 plain bar", "9 straight leg", "8 two circles", "4 closed")]
HOUSE = [DRAWINGS[name] for name in ("7 crossed", "0 oval")]


REAL_DRAW_CANVAS = app.draw_canvas


@pytest.fixture(autouse=True)
def canvas(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands in for the canvas component, which needs a browser; it is empty at first."""
    st.cache_resource.clear()
    canvas = SimpleNamespace(strokes=0, content=None, width=None, start=None)

    def draw_canvas(
        width_px: int, _pen_width_px: int, start: dict | None
    ) -> tuple[int, bytes | None]:
        canvas.width, canvas.start = width_px, start
        return canvas.strokes, canvas.content

    monkeypatch.setattr(app, "measure_width", lambda: 704)
    monkeypatch.setattr(app, "draw_canvas", draw_canvas)
    return canvas


@pytest.fixture
def draw(canvas: SimpleNamespace) -> Callable[..., None]:
    """Draws a picture on the canvas: pixels and one stroke, as the component gives them."""

    def draw(picture: Image.Image | None = None) -> None:
        canvas.content = file_content((picture or THREE.render()).convert("RGBA"))
        canvas.strokes = 1

    return draw


def mark(probabilities: dict[int, float], *, is_digit: bool, left: int = 100) -> Located:
    """A mark of 40 × 80 pixels with the given probabilities of some digits."""
    prediction = Prediction(
        digit=max(probabilities, key=lambda digit: probabilities[digit]),
        confidence=max(probabilities.values()),
        probabilities=tuple(probabilities.get(digit, 0.0) for digit in range(10)),
        is_digit=is_digit,
        normalized=np.zeros((28, 28), np.float32),
    )
    return Located(Box(left, 100, 40, 80), prediction)


def number(
    *digits: Located,
    left_out: tuple[Located, ...] = (),
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
        left_out=left_out,
    )


@pytest.fixture
def predict(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the recognizer find these numbers on every image."""

    def predict(*numbers: Number) -> None:
        monkeypatch.setattr(DigitRecognizer, "read_numbers", lambda *_: list(numbers))

    return predict


def two_lines() -> Image.Image:
    """1984, and below it, further to the left, 70."""
    page = Image.new("L", (800, 400), 255)
    page.paste(render_number(YEAR), (200, 0))
    page.paste(render_number(HOUSE, (300, 200)), (0, 200))
    return page


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the model, which the page loads instead; the finder's is beside it."""
    for name in ("digits.onnx", "digits.json", "numbers.onnx", "numbers.json"):
        shutil.copy(ARTIFACTS / name, tmp_path)
    model, finder = tmp_path / "digits.onnx", tmp_path / "numbers.onnx"
    copy = functools.partial(DigitRecognizer, model, finder=finder)
    monkeypatch.setattr(app, "DigitRecognizer", copy)
    return model


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


def file_content(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def html_elements(page: AppTest) -> list[str]:
    return [element.proto.body for element in page.get("html")]  # pyright: ignore


def table(page: AppTest) -> list[str]:
    """The rows of the results of uploads, cells and lines parted by " | "."""
    body = next(body for body in html_elements(page) if 'class="results"' in body)
    return [as_text(row) for row in re.findall("<tr.*?</tr>", body)[1:]]


def as_text(markup: str) -> str:
    text = re.sub(r"\|+", " | ", re.sub("<[^>]+>", "|", markup)).strip(" |")
    return html.unescape(text)


def answers(page: AppTest) -> list[str]:
    """The answers' texts, line breaks as " | "."""
    return [as_text(body) for body in html_elements(page) if 'class="answer"' in body]


def test_an_empty_canvas_says_what_to_do() -> None:
    page = open_page()

    assert "Draw a digit from 0 to 9" in page.info[0].value
    assert answers(page) == []


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

    assert answers(open_page()) == ["4 or 9? | Not sure: 41% for 4, 38% for 9"]


def test_the_chart_tells_the_ten_probabilities_in_words(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(mark({4: 0.41, 9: 0.38, 7: 0.21}, is_digit=False)))
    draw()

    chart = open_page().get("vega_lite_chart")[0].proto  # pyright: ignore

    assert chart.alt == (
        "Probabilities: 0: 0%, 1: 0%, 2: 0%, 3: 0%, 4: 41%, 5: 0%, 6: 0%, 7: 21%, 8: 0%, 9: 38%"
    )


def test_a_stroke_reaches_the_real_model(draw: Callable[..., None]) -> None:
    draw()

    assert answers(open_page())[0].startswith("3 |")


def test_a_mark_that_is_left_out_is_called_no_digit(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(left_out=(mark({8: 0.12, 0: 0.11}, is_digit=False),)))
    draw()

    page = open_page()

    assert answers(page) == ["No digit | At best: 12% for 8, 11% for 0"]
    assert not page.expander  # Nothing speaks for a digit that was not read.


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

    assert answers(open_page()) == [
        "2 | 90% | ? | Not sure: 90% confident | 1 | 50% ? | 50% confident, 1 unsure, marked “?”"
    ]


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


def test_the_separators_of_a_number_are_shown_between_its_digits(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    digits = [mark({digit: 0.9}, is_digit=True, left=100 * digit) for digit in (1, 2, 5)]
    predict(number(*digits, text="-1.25"))
    draw()

    assert answers(open_page()) == ["- | 1 | 90% | . | 2 | 90% | 5 | 90% | 73% confident"]


@pytest.mark.parametrize(
    ("is_digit", "answer"),
    [(True, "-4 | 90% confident"), (False, "-4 or -9? | Not sure: 90% for 4, 10% for 9")],
)
def test_the_sign_of_a_number_of_one_digit_is_shown(
    is_digit: bool, answer: str, draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(mark({4: 0.9, 9: 0.1}, is_digit=is_digit), text="-4"))
    draw()

    assert answers(open_page()) == [answer]


def test_a_drawing_without_a_number_is_called_so(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict()
    draw()

    page = open_page()

    assert answers(page) == ["No digit | The drawing shows no number. Write it larger or darker."]
    assert not page.expander


def test_an_unsure_digit_of_a_number_is_marked_by_a_sign_at_the_number_and_on_the_paper(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(
        number(mark({2: 0.99}, is_digit=True), mark({1: 0.5, 7: 0.4}, is_digit=False, left=200))
    )
    draw()

    page = open_page()

    assert answers(page) == [
        "2 | 99% | 1 | 50% ? | ? | Not sure: 50% confident, 1 unsure, marked “?”"
    ]
    assert [as_text(body) for body in html_elements(page) if 'class="marks"' in body][-1].endswith(
        "2 | 1 ?"
    )


def test_the_frames_lie_where_the_digits_are(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(mark({3: 0.99}, is_digit=True)))
    draw(Image.new("L", (400, 200), 255))

    frame = next(body for body in html_elements(open_page()) if 'class="mark sure"' in body)

    assert "left: 25.00%; top: 50.00%; width: 10.00%; height: 40.00%" in frame


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


def test_the_canvas_is_as_wide_as_its_column_within_limits(
    canvas: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for measured, expected in ((358, 358), (1200, 800), (100, 240)):
        monkeypatch.setattr(app, "measure_width", lambda measured=measured: measured)
        open_page()
        assert canvas.width == expected


def test_a_drawing_keeps_its_canvas_when_the_column_changes(
    canvas: SimpleNamespace, draw: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    draw()
    page.run()

    monkeypatch.setattr(app, "measure_width", lambda: 358)
    page.run()

    assert canvas.width == 704


@pytest.mark.parametrize("name", list(app.EXAMPLES))
def test_an_example_is_put_on_the_paper(name: str, canvas: SimpleNamespace) -> None:
    page = open_page()

    next(button for button in page.button if button.label == name).click().run()

    assert not page.exception
    assert canvas.start is not None
    assert len(canvas.start["objects"]) == len(app.EXAMPLES[name])
    for stroke in canvas.start["objects"]:
        coordinates = np.array(re.findall(r"-?[\d.]+", stroke["path"]), float).reshape(-1, 2)
        assert (coordinates >= 0).all()
        assert (coordinates <= (704, app.CANVAS_HEIGHT_PX)).all()


def test_the_same_example_twice_is_another_start(canvas: SimpleNamespace) -> None:
    page = open_page()
    button = next(button for button in page.button if button.label == "A star")
    button.click().run()
    first = canvas.start

    next(button for button in page.button if button.label == "A star").click().run()

    assert canvas.start != first


def test_why_is_answered_on_demand(draw: Callable[..., None]) -> None:
    draw()
    page = open_page()
    assert not page.expander[0].markdown

    page.session_state["drawing-why"] = True
    page.run()

    texts = [element.value for element in page.expander[0].markdown]
    assert texts[0].startswith("**What speaks for 3.**")
    assert re.match(r"\*\*What \d would need\.\*\* .*\d%\)?\.", texts[1])
    maps = [element.proto.body for element in page.expander[0].get("html")]  # pyright: ignore
    assert ['alt="What speaks for' in body for body in maps] == [True, True]
    assert "<i " in maps[1]  # what could be changed


def correct(page: AppTest, digit: int | None) -> AppTest:
    """Clicks on the right digit."""
    pills = next(group for group in page.button_group if group.label.startswith("Wrong?"))
    (pills.set_value(None) if digit is None else pills.set_value(digit)).run()
    assert not page.exception
    return page


def corrected(page: AppTest) -> zipfile.ZipFile:
    corrections = page.session_state["corrections"]
    return zipfile.ZipFile(io.BytesIO(app.corrections_zip(corrections)))


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


def test_each_of_several_equal_digits_can_be_looked_at(
    draw: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Located] = []
    monkeypatch.setattr(app, "show_mark", lambda *arguments: shown.append(arguments[2]))
    four, one = DRAWINGS["4 closed"], DRAWINGS["1 plain bar"]
    draw(render_number([four, one, four]))
    page = open_page()
    shown.clear()

    for index in range(3):
        chooser = next(group for group in page.button_group if group.label == "Look closer at")
        chooser.set_value(index).run()

    assert [mark.prediction.digit for mark in shown] == [4, 1, 4]
    assert shown[0].box.left < shown[1].box.left < shown[2].box.left


def test_a_digit_among_touching_neighbours_is_saved_as_the_model_saw_it_alone() -> None:
    recognizer = DigitRecognizer()
    picture = render_number(YEAR)
    one, nine, eight, _ = recognizer.read_number(picture).digits
    neighbour = Located(nine.box, eight.prediction)
    reading = app.Reading("number", picture, [number(one, nine, neighbour)])

    alone = app.cut_out(reading, nine)

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


def test_uploads_are_answered_in_a_table() -> None:
    page = upload(
        ("three.png", file_content(THREE.render())), ("year.png", file_content(render_number(YEAR)))
    )

    first, second = table(page)
    assert first.startswith("three.png | 3 | ")
    assert first.endswith("confident")
    assert second.startswith("year.png | 1984 | ")


def test_an_uploaded_picture_is_shown_with_frames_around_its_digits() -> None:
    page = upload(("year.png", file_content(render_number(YEAR))))

    photo = next(body for body in html_elements(page) if "<figure" in body)
    assert 'alt="year.png"' in photo
    assert as_text(photo) == "1 | 9 | 8 | 4"


def test_every_number_of_a_picture_has_its_row_and_its_frames() -> None:
    page = upload(("lines.png", file_content(two_lines())))

    first, second = table(page)
    assert re.match(r"lines\.png \| 1984\??( \||$)", first)
    assert re.match(r"70\??( \||$)", second)
    photo = next(body for body in html_elements(page) if "<figure" in body)
    assert as_text(photo) == "1 | 9 | 8 | 4 | 7 | 0"


def test_an_unsure_number_has_a_question_mark_in_the_table(predict: Callable[..., None]) -> None:
    digit = mark({2: 0.9}, is_digit=True)
    predict(number(digit, is_sure=False), number(digit, is_sure=True))

    page = upload(("twos.png", file_content(THREE.render())))

    assert table(page) == ["twos.png | 2? | Not sure: 90% confident", "2 | 90% confident"]


def test_of_several_uploads_one_is_looked_at_closer() -> None:
    picture = file_content(THREE.render())
    page = upload(("first.png", picture), ("second.png", picture))

    page.selectbox[0].set_value(1).run()

    assert len(answers(page)) == 1
    assert 'alt="second.png"' in next(body for body in html_elements(page) if "<figure" in body)


def test_uploads_of_one_name_are_told_apart() -> None:
    page = upload(
        ("image.jpg", file_content(THREE.render())),
        ("image.jpg", file_content(render_number(YEAR))),
    )

    looked_at: list[str] = []
    for index in (1, 0):
        page.selectbox[0].set_value(index).run()
        looked_at.append(answers(page)[0])

    assert looked_at[0].startswith("1 | ")
    assert looked_at[1].startswith("3 | ")


CANNOT_BE_READ = (
    "Cannot be read as a picture. A complete PNG, JPEG, WebP, GIF, BMP or TIFF file of up to 25"
    " megapixels would be right."
)


@pytest.mark.parametrize(
    "content",
    [b"three", b"", file_content(THREE.render())[:500]],
    ids=["text", "empty", "truncated"],
)
def test_an_unreadable_file_is_named_with_what_would_be_right(content: bytes) -> None:
    page = upload(("three.png", content))

    assert table(page) == [f"⚠ | three.png | {CANNOT_BE_READ}"]
    assert answers(page) == []


def test_a_picture_with_too_many_pixels_is_named_with_what_would_be_right() -> None:
    page = upload(("wall.png", file_content(Image.new("1", (5_000, 5_001), 1))))

    assert table(page) == [f"⚠ | wall.png | {CANNOT_BE_READ}"]


def test_a_picture_without_a_number_is_named_and_called_so() -> None:
    page = upload(("paper.png", file_content(Image.new("L", (100, 100), 255))))

    assert table(page) == ["⚠ | paper.png | Shows no number. Write it larger or darker."]


def test_a_picture_that_the_runtime_fails_on_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[Number]:
        raise InferenceError("no memory")

    monkeypatch.setattr(DigitRecognizer, "read_numbers", fail)

    page = upload(("three.png", file_content(THREE.render())))

    assert table(page) == ["⚠ | three.png | Could not be processed. A smaller picture may work."]


def test_a_broken_file_does_not_keep_others_from_their_answer() -> None:
    page = upload(("notes.png", b"three"), ("three.png", file_content(THREE.render())))

    broken, good = table(page)
    assert broken.startswith("⚠ | notes.png")
    assert good.startswith("three.png | 3")


def test_of_too_many_files_the_first_are_read_and_the_page_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "MAX_FILES", 2)
    picture = file_content(THREE.render())

    page = upload(*((f"{index}.png", picture) for index in range(3)))

    assert len(table(page)) == 2
    assert page.warning[0].value.startswith("Only the first 2 pictures are read.")


def test_a_file_name_is_shown_as_it_is() -> None:
    page = upload(("<b>&amp;*a*_[b](c).png", b""))

    body = next(body for body in html_elements(page) if 'class="results"' in body)
    assert "&lt;b&gt;&amp;amp;*a*_[b](c).png" in body


def test_the_csv_has_a_row_for_every_number_with_its_box() -> None:
    picture = two_lines()
    numbers = DigitRecognizer().read_numbers(picture)
    results = [
        app.Reading("year, old.png", picture, numbers),
        app.Failure("notes.png", "looks broken."),
    ]

    text = app.results_csv(results).decode("utf-8-sig")

    *rows, broken = csv.DictReader(io.StringIO(text))
    assert [(row["image"], row["number"]) for row in rows] == [
        ("year, old.png", "1984"),
        ("year, old.png", "70"),
    ]
    for row, found in zip(rows, numbers, strict=True):
        box = [int(row[edge]) for edge in ("left", "top", "width", "height")]
        assert Box(*box) == found.box
        assert float(row["confidence"]) == pytest.approx(found.confidence, abs=1e-4)
        assert row["error"] == ""
    assert (broken["image"], broken["number"]) == ("notes.png", "")
    assert broken["error"] == "looks broken."


@pytest.mark.parametrize("is_sure", [True, False])
def test_the_csv_tells_whether_a_number_is_sure(is_sure: bool) -> None:
    found = number(mark({3: 0.9}, is_digit=True), is_sure=is_sure)
    reading = app.Reading("three.png", THREE.render(), [found])

    (row,) = csv.DictReader(io.StringIO(app.results_csv([reading]).decode("utf-8-sig")))

    assert row["is_sure"] == str(is_sure).lower()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
        b"\x89PNG\r\n\x1a\n123",
        file_content(Image.new("L", (4_000, 4_000), 255)),
    ],
    ids=["nothing", "PostScript", "a damaged PNG", "a large PNG"],
)
def test_a_canvas_that_sends_something_else_gets_a_friendly_answer(
    content: bytes, canvas: SimpleNamespace
) -> None:
    canvas.strokes, canvas.content = 1, content

    page = open_page()

    assert not page.exception
    assert page.warning[0].value.startswith("The drawing cannot be read as a picture.")


def sent_by_a_browser(value: object, monkeypatch: pytest.MonkeyPatch) -> tuple[int, bytes | None]:
    """What the page takes from a canvas that sent this."""

    def component(*_arguments: object, **_options: object) -> Callable[..., object]:
        return lambda **_options: value

    monkeypatch.setattr(app, "component", component)
    # The component registers itself when it is imported, which needs a server.
    monkeypatch.delitem(sys.modules, "streamlit_drawable_canvas", raising=False)
    monkeypatch.setattr("streamlit.components.v2.component", component)
    return REAL_DRAW_CANVAS(600, 14, None)


@pytest.mark.parametrize(
    "drawing",
    [
        [1],
        "x",
        {"raw": "x", "data": None},
        {"raw": {"objects": 5}, "data": None},
        {"raw": {"objects": [{}]}, "data": "hello"},
        {"raw": {"objects": [{}]}, "data": 5},
        {"raw": {"objects": [{}]}, "data": "data:image/png;base64,!"},
    ],
    ids=str,
)
def test_a_canvas_may_send_what_it_likes(drawing: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent_by_a_browser({"drawing": drawing}, monkeypatch) == (1, b"")


def test_the_page_takes_the_canvas_as_the_browser_encoded_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawing = {"raw": {"objects": [{}, {}]}, "data": "data:image/png;base64,ZWlucw=="}
    assert sent_by_a_browser({"drawing": drawing}, monkeypatch) == (2, b"eins")


def test_a_visitor_cannot_park_any_number_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = MemoryUploadedFileManager("/upload")
    monkeypatch.setattr(app, "get_instance", lambda: SimpleNamespace(uploaded_file_mgr=manager))
    app.limit_uploads()
    half = bytes(app.MAX_HELD_BYTES // 2)

    manager.add_file("one", UploadedFileRec("1", "a.png", "image/png", half))
    manager.add_file(session_id="one", file=UploadedFileRec("2", "b.png", "image/png", half))
    with pytest.raises(HTTPException) as refused:
        manager.add_file("one", UploadedFileRec("3", "c.png", "image/png", b"1"))
    assert refused.value.status_code == 413
    assert len(manager.get_files("one", ["1", "2", "3"])) == 2
    manager.add_file("another visitor", UploadedFileRec("3", "c.png", "image/png", b"1"))
    manager.remove_file("one", "1")
    manager.add_file("one", UploadedFileRec("3", "c.png", "image/png", b"1"))


def test_a_very_wide_picture_is_answered() -> None:
    strip = Image.new("L", (3000, 3), 255)
    strip.paste(0, (100, 1, 2000, 2))

    assert len(table(upload(("strip.png", file_content(strip))))) == 1


def test_a_photograph_with_damaged_exif_data_is_answered() -> None:
    photograph = file_content(THREE.render(), exif=b"not a TIFF header")

    assert table(upload(("three.png", photograph)))[0].startswith("three.png | 3")


def test_the_camera_is_asked_for_only_in_its_tab() -> None:
    page = open_page()
    assert not page.get("camera_input")

    page.session_state["tab"] = "Camera"
    page.run()

    assert page.get("camera_input")


def test_a_photograph_is_answered() -> None:
    page = open_page()
    page.session_state["tab"] = "Camera"
    page.run()

    page.camera_input[0].set_value(
        ("photo.jpg", file_content(render_number(YEAR), "JPEG"), "image/jpeg")
    )
    page.run()

    assert not page.exception
    assert 'data-numbers="1984"' in "".join(html_elements(page))


@pytest.mark.parametrize("name", ["digits.onnx", "numbers.onnx"])
def test_a_missing_model_is_a_message_on_the_page(name: str, model: Path) -> None:
    model.with_name(name).unlink()

    page = open_page()

    assert page.error[0].value.startswith("No digit can be recognized for now: the model")
    assert "/" not in page.error[0].value  # Where it lies is nobody's business.
    assert not page.tabs


def test_a_corrupt_model_is_a_message_on_the_page(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-1])

    page = open_page()

    assert page.error[0].value.startswith("No digit can be recognized for now: the model")
    assert not page.tabs


@pytest.mark.parametrize("name", ["digits.onnx", "numbers.onnx"])
def test_a_restored_model_is_loaded_at_the_next_visit(name: str, model: Path) -> None:
    model = model.with_name(name)
    content = model.read_bytes()
    model.unlink()
    page = open_page()

    model.write_bytes(content)
    page.run()

    assert not page.error
    assert page.tabs


def test_the_model_line_tells_size_and_accuracy(model: Path) -> None:
    metadata_file = model.with_suffix(".json")
    metadata = json.loads(metadata_file.read_text("utf-8"))
    metadata["parameters"] = 174_058
    metadata["metrics"] = {
        "mnist_test": {"data": "MNIST", "images": 10_000, "accuracy": 0.9968},
        "drawings": {"data": "pen drawings", "images": 8_252, "accuracy": 0.9712},
    }
    metadata_file.write_text(json.dumps(metadata), "utf-8")
    finder_file = model.with_name("numbers.json")
    finder = json.loads(finder_file.read_text("utf-8"))
    finder_file.write_text(json.dumps(finder | {"parameters": 1_234_567}), "utf-8")

    assert open_page().caption[0].value == (
        "A convolutional network with 1,234,567 parameters finds the numbers, and one with 174,058"
        " reads their digits, right on 99.7% of 10,000 digits (MNIST) and 97.1% of 8,252 digits"
        " (pen drawings)."
    )


def test_the_model_line_of_an_unmeasured_model_tells_only_its_size(model: Path) -> None:
    metadata_file = model.with_suffix(".json")
    metadata = json.loads(metadata_file.read_text("utf-8"))
    metadata_file.write_text(json.dumps(metadata | {"parameters": 9, "metrics": {}}), "utf-8")

    assert open_page().caption[0].value.endswith("and one with 9 reads their digits.")
